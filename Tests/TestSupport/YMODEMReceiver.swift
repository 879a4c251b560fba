import Transfers

/// The receiving side of a YMODEM transfer, like U-Boot's `loady` (`common/xyzModem.c`).
package struct YMODEMReceiver: Sendable {
    package enum Outcome: Sendable, Equatable {
        case done([UInt8])
        case aborted
    }

    package private(set) var outcome: Outcome?
    private var block: [UInt8] = []
    private var bytes: [UInt8] = []
    private var size: Int?
    private var expected = 0
    private var hasEnded = false
    private var cancels = 0

    package init() {}

    /// Processes a byte.
    ///
    /// - Returns: the answer.
    package mutating func take(_ byte: UInt8) -> [UInt8] {
        guard outcome == nil else { return [] }
        if block.isEmpty {
            cancels = byte == 0x18 || byte == 0x03 ? cancels + 1 : 0
            if cancels > 2 || byte == 0x03 {
                outcome = .aborted
                return []
            }
            if byte == 0x04 {
                hasEnded = true
                expected = 0
                return [0x06, 0x43]
            }
            guard byte == 0x01 || byte == 0x02 else { return [] }
        }
        block.append(byte)
        guard block.count == (block[0] == 0x01 ? 128 : 1024) + 5 else { return [] }
        defer { block = [] }
        let data = Array(block[3..<(block.count - 2)])
        let sum = YMODEMSending.checksum(data)
        guard block[1] == ~block[2], block[block.count - 2] == UInt8(sum >> 8),
            block[block.count - 1] == UInt8(sum & 0xFF)
        else { return [0x15] }
        let number = block[1]
        if number != UInt8(truncatingIfNeeded: expected) {
            // A repetition of the last block.
            return number == UInt8(truncatingIfNeeded: expected - 1) ? [0x06] : [0x15]
        }
        expected += 1
        if size == nil {
            let words = data.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            size =
                words.count == 2 ? Int(String(decoding: words[1].prefix { $0 != 0 && $0 != 0x20 }, as: UTF8.self)) : nil
            return [0x06, 0x43]
        }
        if hasEnded {
            outcome = .done(Array(bytes.prefix(size ?? bytes.count)))
            return [0x06]
        }
        bytes += data
        return [0x06]
    }
}
