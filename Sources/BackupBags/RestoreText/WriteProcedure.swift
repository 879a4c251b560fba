import FlashModel

/// How the system that ran during the backup would write a partition.
package enum WriteProcedure: Sendable, Hashable {
    /// Command lines for one erase block, with placeholders in capitals for what changes from block to block. If only
    /// whole partitions can be erased, the first command does that.
    case commands(name: String, [String], erasesPartition: Bool = false)
    /// There is no correct method. One line each.
    case none(why: String, next: String)

    /// The procedure as lines of Markdown.
    func lines(isUBoot: Bool) -> [String] {
        switch self {
        case .none(let why, let next):
            return [
                "The system that ran when this was made has no right way to write it: \(PlainText.line(why)). What would help: \(PlainText.line(next)).",
                "",
            ]
        case .commands(let name, let commands, let erasesPartition):
            let words =
                isUBoot
                ? "RAM is a free place in memory with the block's bytes, START and END the addresses of its first and last byte, OFFSET its place on the chip and SIZE its bytes, all in hexadecimal."
                : "OFFSET is the block's place in the partition in bytes, NUMBER counts erase blocks, FILE holds the block's bytes on the board."
            let blocks =
                erasesPartition
                ? "the first line once, which erases all of the partition, and the second for each good erase block"
                : "for each erase block that differs"
            return [
                "What Flashkeep would say to the system that ran when this was made, \(blocks) (\(PlainText.line(name))):",
                "",
            ] + commands.map { "    \(PlainText.line($0))" } + ["", words, ""]
        }
    }
}
