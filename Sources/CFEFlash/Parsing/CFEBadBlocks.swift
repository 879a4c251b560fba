package import FlashAccess

/// The bad blocks that `fb` lists (`bcm63xx_ram/src/bcm63xx_cmd.c`, ui_cmd_find_bad_blocks).
///
/// `>>>>>>>> FIND BAD BLOCKS from block 0 to block 0x3ff <<<<<<<<`, then `Block 0x12 is marked bad` for each.
package struct CFEBadBlocks: Sendable, Hashable {
    /// Numbers of erase blocks, ascending.
    package private(set) var bad: [Int] = []
    /// The number of the chip's erase blocks.
    package let blocks: Int
    package private(set) var strayLines: [String] = []

    /// nil if the first line is missing.
    package init?(_ reply: ConsoleReply) {
        var blocks: Int?
        var found: Set<Int> = []
        for line in reply.lines.map(\.trimmed) {
            if line.contains("FIND BAD BLOCKS from block 0 to block ") {
                guard var last = line.after(" to block "), let number = last.takeHexadecimal(), number < 1 << 24 else {
                    return nil
                }
                blocks = number + 1
            } else if let rest = line.dropping("Block "), rest.hasSuffix(" is marked bad") {
                var rest = rest
                if let number = rest.takeHexadecimal() { found.insert(number) } else { strayLines.append("Block ?") }
            } else if blocks != nil, !line.isEmpty, !line.hasPrefix("*** command status"), strayLines.count < 8 {
                strayLines.append(line.string(limit: 120))
            }
        }
        guard let blocks else { return nil }
        self.blocks = blocks
        bad = found.filter { $0 < blocks }.sorted()
    }
}
