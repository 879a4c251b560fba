package import FlashAccess
import FlashModel

/// A chip whose bytes come over the network while that works, and are printed otherwise. The bytes are the same.
///
/// Each transfer is compared with the board's own checksum of the flash or, without one, with another transfer. What never
/// agrees is no reading: the network is given up then.
package final class NetworkedChip: LoaderChipReading {
    private let session: LoaderSession
    private let upload: any LoaderUploading
    private let printed: PrintedChip
    private let transfers: LoaderTransfers
    /// In bytes.
    private let size: Int
    /// The parts that were read an odd number of times, by their offsets.
    private var readOnce: Set<Int> = []

    /// The board could not read a range.
    private struct Unreadable: Error {}

    /// What became of a range.
    private enum Outcome {
        case bytes([UInt8])
        /// The board cannot read all of it.
        case unreadable
    }

    /// - Parameters:
    ///   - printed: the same chip over the console.
    ///   - size: of the chip in bytes, as far as it is sent.
    package init(
        _ session: LoaderSession, _ upload: any LoaderUploading, printed: PrintedChip, size: Int,
        _ transfers: LoaderTransfers
    ) {
        self.session = session
        self.upload = upload
        self.printed = printed
        self.size = size
        self.transfers = transfers
    }

    package var checksum: (any LoaderChecksum)? { printed.checksum }
    /// Unknown while the network may be used.
    package var cost: Int? { transfers.mayUseNetwork ? nil : printed.cost }

    package var name: String {
        guard transfers.used.contains(.tftp) else { return printed.name }
        guard !transfers.used.contains(.line) else { return "\(upload.name) and \(printed.name)" }
        return upload.name + (checksum == nil ? "" : ", checked by crc32")
    }

    package func read(_ range: Range<Int>, each: (FlashChunk) async throws -> Void) async throws {
        for part in range.cut(atMultiplesOf: upload.size) {
            // What is read again, as the proof, is cut elsewhere.
            let isAgain = readOnce.contains(part.lowerBound)
            let step = isAgain ? max(16, upload.size * 3 / 4 / 16 * 16) : upload.size
            for piece in part.cut(atMultiplesOf: step) { try await read(piece, isAgain: isAgain, each: each) }
            if readOnce.remove(part.lowerBound) == nil { readOnce.insert(part.lowerBound) }
        }
    }

    /// Reads a range that one transfer can have. What the board cannot read of it is narrowed down first, so that little is
    /// printed.
    private func read(
        _ range: Range<Int>, isAgain: Bool, each: (FlashChunk) async throws -> Void
    ) async throws {
        if isAgain, let why = upload.againObstacle, transfers.mayUseNetwork {
            transfers.note("reading flash a second time over the console: \(why)")
            return try await print(range, isAgain: isAgain, each: each)
        }
        var left = [range]
        while let part = left.popLast() {
            switch try await received(part, isAgain: isAgain) {
            case .bytes(let bytes)?:
                transfers.noteUse(.tftp)
                try await each(FlashChunk(offset: part.lowerBound, bytes: bytes))
            case .unreadable?:
                if let middle = middle(of: part) {
                    left += [middle..<part.upperBound, part.lowerBound..<middle]
                } else if upload.readsAll {
                    try await each(.unread(part, "\(session.dialect.name) cannot read it (\(upload.name))"))
                } else {
                    try await print(part, isAgain: isAgain, each: each)
                }
            case nil: try await print(part, isAgain: isAgain, each: each)
            }
        }
    }

    /// Where a range is halved, at a multiple of the smallest size; nil if it is not.
    private func middle(of range: Range<Int>) -> Int? {
        let unit = max(1, upload.smallest)
        guard range.count > unit else { return nil }
        let middle = (range.lowerBound + range.count / 2) / unit * unit
        return range.lowerBound < middle ? middle : nil
    }

    private func print(
        _ range: Range<Int>, isAgain: Bool, each: (FlashChunk) async throws -> Void
    ) async throws {
        guard transfers.mayPrint else {
            return try await each(
                .unread(range, "\(session.dialect.name) cannot send it (\(upload.name)), and --via allows only that"))
        }
        try await printed.read(range, isAgain: isAgain, each: each)
        transfers.noteUse(.line)
    }

    /// The bytes of a range from the network; nil if the network is not used.
    private func received(_ range: Range<Int>, isAgain: Bool) async throws -> Outcome? {
        guard range.clamped(to: 0..<size) == range else { return .unreadable }
        return try await session.surviving {
            try await transfers.uploading {
                var checked = CheckedUpload(
                    fetch: { try await self.fetch($0, $1, isAgain: isAgain) }, checksum: checksum.map(sum),
                    endsUnsettled: true)
                defer { session.countRetries(checked.repeats) }
                do {
                    switch try await checked.bytes(at: UInt64(range.lowerBound), count: range.count) {
                    case .settled(let bytes): return .bytes(bytes)
                    case .unsettled: throw Self.failure(upload.failure("What arrives differs each time."))
                    }
                } catch is Unreadable {
                    return .unreadable
                }
            }
        }
    }

    private func fetch(_ offset: UInt64, _ count: Int, isAgain: Bool) async throws -> [UInt8] {
        let range = try self.range(offset, count)
        let result = try await TransferAttempt.repeated(countRetry: { session.countRetries(1) }) {
            try await upload.bytes(of: range, isAgain: isAgain)
        }
        switch result {
        case .success(let bytes?) where bytes.count == count: return bytes
        case .success: throw Unreadable()
        case .failure(let error): throw Self.failure(error)
        }
    }

    private static func failure(_ error: FlashkeepError) -> MethodChain<LoaderReadMethod>.Failure {
        MethodChain<LoaderReadMethod>.Failure(method: .tftp, error: error)
    }

    private func sum(_ checksum: any LoaderChecksum) -> CheckedUpload.Checksum {
        { offset, count in
            guard let sum = try await checksum.crc32(try self.range(offset, count)) else { throw Unreadable() }
            return sum
        }
    }

    private func range(_ offset: UInt64, _ count: Int) throws -> Range<Int> {
        guard let start = Int(exactly: offset), count >= 0, let end = start.plus(count) else { throw Unreadable() }
        return start..<end
    }
}
