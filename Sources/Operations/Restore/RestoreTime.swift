import FlashModel

/// How long it takes to write erase blocks. Pure, and only an estimate: what differs between boards is the line.
enum RestoreTime {
    /// Bytes a second where nothing slow is in the way.
    private static let quickRate = 500_000
    /// Milliseconds for an erase of NOR: half of what datasheets of 64 KiB sectors allow at most (S29GL-P: 0.5 s, 3.5 s;
    /// W25Q128: 0.15 s, 2 s).
    private static let erasingNOR = 1_000
    /// Milliseconds for an erase of NAND (2 to 10 ms), and the program that asks for it.
    private static let erasingNAND = 60
    /// Milliseconds for what is said about a block.
    private static let talking = 200

    /// - Parameter rate: bytes a second that are usual on the line; nil where it is quick.
    /// - Returns: seconds, at least 1 where there is anything to do.
    static func estimate(_ parts: [RestorePlan.Part], rate: Int?) -> Int {
        let blocks = parts.flatMap { part in part.blocks.map { (part, $0) } }
        let bytes = blocks.map { $1.isBlank ? 0 : $1.size }.saturatingSum()
        let erases = blocks.map { part, block in
            block.isErased ? (part.partition.kind.isNAND ? erasingNAND : erasingNOR) : 0
        }.saturatingSum()
        let milliseconds = [erases, blocks.count * talking].saturatingSum()
        return [bytes / max(1, rate ?? quickRate), milliseconds / 1_000, blocks.isEmpty ? 0 : 1].saturatingSum()
    }
}
