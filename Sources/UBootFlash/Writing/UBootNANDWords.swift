/// Instructions about NAND that apply to every command.
enum UBootNANDWords {
    static func badBlocks(_ command: String) -> String {
        "U-Boot skips bad blocks silently, which moves everything after them by a block. The lines of section 6 name "
            + "only runs of blocks that were good. `\(command) bad` must still show the same bad blocks as section 2; "
            + "if it shows any other, write from Linux instead."
    }
}
