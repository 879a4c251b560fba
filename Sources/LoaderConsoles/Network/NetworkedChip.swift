package import FlashAccess
import FlashModel

/// A chip whose bytes come over the network while that works, and are printed otherwise. The bytes are the same.
///
/// Each transfer is compared with the board's own checksum of the flash or, without one, with another transfer.
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
    package var cost: Int { printed.cost }

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
            for piece in part.cut(atMultiplesOf: step) {
                guard let bytes = try await received(piece) else {
                    try await printed.read(piece, each: each)
                    transfers.noteUse(.line)
                    continue
                }
                transfers.noteUse(.tftp)
                try await each(FlashChunk(offset: piece.lowerBound, bytes: bytes))
            }
            if readOnce.remove(part.lowerBound) == nil { readOnce.insert(part.lowerBound) }
        }
    }

    /// The bytes of a range from the network; nil if they must be printed.
    private func received(_ range: Range<Int>) async throws -> [UInt8]? {
        guard range.clamped(to: 0..<size) == range else { return nil }
        return try await session.surviving {
            try await transfers.uploading {
                var checked = CheckedUpload(fetch: fetch, checksum: checksum.map(sum))
                defer { session.countRetries(checked.repeats) }
                do {
                    return try await checked.bytes(at: UInt64(range.lowerBound), count: range.count)
                } catch is Unreadable {
                    return nil
                }
            }
        }
    }

    private func fetch(_ offset: UInt64, _ count: Int) async throws -> [UInt8] {
        let range = try self.range(offset, count)
        let result = try await TransferAttempt.repeated(countRetry: { session.countRetries(1) }) {
            try await upload.bytes(of: range)
        }
        switch result {
        case .success(let bytes?) where bytes.count == count: return bytes
        case .success: throw Unreadable()
        case .failure(let error): throw MethodChain<LoaderReadMethod>.Failure(method: .tftp, error: error)
        }
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
