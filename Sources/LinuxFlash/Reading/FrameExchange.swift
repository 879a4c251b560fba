internal import FlashModel
internal import Transfers

/// A run of blocks still to be read.
struct FrameRequest {
    var first: Int
    var count: Int
    /// The block size in bytes.
    var blockSize: Int
    /// The number of blocks in a frame.
    var group: Int
    /// How often the line damaged it.
    var attempts = 0
    /// Whether this is a second try because the board seemed unable to read it.
    var isDoubtful = false

    var range: Range<Int> { first * blockSize..<(first + count) * blockSize }
}

/// A request in progress, with its results so far.
struct FrameExchange {
    let request: FrameRequest
    let partition: Partition
    let source: LinuxReadScript.Source
    let carrier: any FrameCarrier
    /// The bytes of the partition to pass on.
    let wanted: Range<Int>
    let command: String
    /// The origin that each frame must report.
    let origin: String
    let hasCounters: Bool
    /// The number of bytes that arrive for a block.
    let unit: Int

    var missing: RangeSet<Int>
    var again: [FrameRequest] = []
    var unreadable: [Range<Int>] = []
    var gaveNothing = false
    /// The bytes of a frame's first copy, by its first block, if each frame must arrive twice.
    var earlier: [Int: [UInt8]] = [:]
}

extension InlineFrame {
    /// The ECC result, from the counters before and after the frame; nil for no event.
    var eccState: BlockState? {
        guard let before, let after else { return nil }
        if after.failures != before.failures { return .eccFailed }
        return after.corrected != before.corrected ? .eccCorrected : nil
    }

    /// What the ECC counted, in words.
    func eccDetail(_ state: BlockState) -> String? {
        guard let before, let after else { return nil }
        switch state {
        case .eccFailed: return "\(after.failures - before.failures) ECC steps could not be corrected"
        default: return "\(after.corrected - before.corrected) bit flips were corrected"
        }
    }
}
