/// What is said of NAND to people, whatever the command.
enum UBootNANDWords {
    static func rules(_ command: String) -> [String] {
        [
            "U-Boot skips bad blocks without a word, and what follows would lie one block further on. The lines below name "
                + "only runs of blocks that were good. `\(command) bad` must still show the same bad blocks as section 2; if "
                + "it shows another one, write from Linux instead.",
            "U-Boot also writes pages that are blank, and on some boards UBI cannot use these afterwards. If `help \(command)` "
                + "shows `write.trimffs`, use that in place of `write`.",
        ]
    }
}
