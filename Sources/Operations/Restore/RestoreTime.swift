import FlashModel

/// Estimates how long it takes to write erase blocks. Pure. The main difference between boards is the line.
enum RestoreTime {
    /// Bytes per second if the line is fast.
    private static let quickRate = 500_000
    /// Milliseconds to erase a NOR block: between the typical and the maximum times in datasheets (S29GL-P: 0.5 s and
    /// 3.5 s; W25Q128: 0.15 s and 2 s).
    private static let erasingNOR = 1_000
    /// Milliseconds to erase a NAND block (2 to 10 ms), including the start of the tool.
    private static let erasingNAND = 60
    /// Milliseconds for the commands for a block.
    private static let talking = 200

    /// - Parameter rate: the usual rate of the line in bytes per second; nil if it is fast.
    /// - Returns: seconds, at least 1 if there is anything to do.
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
