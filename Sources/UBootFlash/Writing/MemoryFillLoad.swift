import FlashAccess
import FlashModel

/// `mw`: word by word, if there is nothing else. It is slow, but blank bytes cost nothing, and a run of equal words
/// costs one command.
struct MemoryFillLoad: UBootLoad {
    let session: UBootSession
    let facts: UBootFacts
    let command = "mw"

    /// A word whose bytes show the processor's byte order.
    private static let probe: UInt32 = 0x0102_0304

    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> TransferAttempt<Void> {
        let flash = facts.mappedFlash
        func say(_ command: String) async throws { _ = try await session.ask(command) }
        func fill(_ part: Range<Int>, with value: UInt32) async throws {
            guard let target = memory.plus(part.lowerBound) else { throw UBootCommandFault.badRange }
            try await say(
                try session.commands.memoryFill(at: target, word: value, count: UInt64(part.count / 4), flash: flash))
        }
        try await say(
            try session.commands.memoryFill(at: memory, value: 0xFF, count: UInt64(bytes.count), flash: flash))
        guard let isBigEndian = try await isBigEndian(at: memory, flash) else {
            return .failed(failure("its byte order is unknown"))
        }
        try await fill(0..<4, with: .max)
        for run in Self.runs(bytes) {
            let word = bytes[run.lowerBound..<run.lowerBound + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            try await fill(run, with: isBigEndian ? word : word.byteSwapped)
        }
        for index in bytes.count / 4 * 4..<bytes.count where bytes[index] != 0xFF {
            guard let target = memory.plus(index) else { throw UBootCommandFault.badRange }
            try await say(try session.commands.memoryFill(at: target, value: bytes[index], count: 1, flash: flash))
        }
        return .done(())
    }

    /// Whether the processor is big-endian; nil if its byte order is neither.
    private func isBigEndian(at memory: UInt64, _ flash: [Range<UInt64>]) async throws -> Bool? {
        _ = try await session.ask(try session.commands.memoryFill(at: memory, word: Self.probe, count: 1, flash: flash))
        switch try await session.checksum(at: memory, count: 4) {
        case CRC32.sum(of: [1, 2, 3, 4]): return true
        case CRC32.sum(of: [4, 3, 2, 1]): return false
        default: return nil
        }
    }

    /// Runs of equal four-byte words that are not blank, from the start of the bytes.
    static func runs(_ bytes: [UInt8]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for start in stride(from: 0, to: bytes.count / 4 * 4, by: 4) {
            let word = bytes[start..<start + 4]
            guard word.contains(where: { $0 != 0xFF }) else { continue }
            if let last = runs.last, last.upperBound == start, bytes[last.lowerBound..<last.lowerBound + 4] == word {
                runs[runs.count - 1] = last.lowerBound..<start + 4
            } else {
                runs.append(start..<start + 4)
            }
        }
        return runs
    }
}
