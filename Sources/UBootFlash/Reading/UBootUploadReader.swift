import FlashAccess
import FlashModel

/// Reads ranges of flash by uploads over the network, each compared with the board's own checksum.
final class UBootUploadReader {
    /// Makes the bytes of a range readable as memory.
    typealias Locating = () async throws -> UBootStaging.Location

    private let session: UBootSession
    private let facts: UBootFacts
    private let transfers: UBootTransfers
    private let recovery: UBootRecovery

    init(
        _ session: UBootSession, _ facts: UBootFacts, _ transfers: UBootTransfers, _ recovery: UBootRecovery
    ) {
        self.session = session
        self.facts = facts
        self.transfers = transfers
        self.recovery = recovery
    }

    /// Reads a range with one upload or, if parts of it are unreadable, with one upload per part.
    ///
    /// - Parameters:
    ///   - size: of the parts, which begin at its multiples.
    ///   - locate: makes the bytes of the range or of a part readable as memory.
    /// - Returns: nil if no method uploads (any more).
    /// - Throws: the method's error if the user allows only that one, and errors of reading.
    func chunks(
        of range: Range<Int>, size: Int, _ locate: (Range<Int>) async throws -> UBootStaging.Location
    ) async throws -> [FlashChunk]? {
        guard let chunk = try await chunk(of: range, { try await locate(range) }) else { return nil }
        guard !chunk.findings.isEmpty, range.count > size else { return [chunk] }
        var chunks: [FlashChunk] = []
        for part in range.cut(atMultiplesOf: size) {
            guard let chunk = try await self.chunk(of: part, { try await locate(part) }) else { return nil }
            chunks.append(chunk)
        }
        return chunks
    }

    /// The chunk that one upload returns; nil if no method uploads (any more).
    ///
    /// - Parameter range: of the chunk.
    /// - Throws: as ``chunks(of:size:_:)``.
    func chunk(of range: Range<Int>, _ locate: Locating) async throws -> FlashChunk? {
        try await recovery.surviving {
            try await self.transfers.uploading { upload in
                switch try await locate() {
                case .at(let address): return try await self.chunk(of: range, at: address, upload)
                case .unread(let why): return .unread(range, why)
                }
            }
        }
    }

    private func chunk(of range: Range<Int>, at address: UInt64, _ upload: UBootUpload) async throws -> FlashChunk {
        var checksum: CheckedUpload.Checksum?
        if facts.hasChecksum {
            checksum = { try await self.session.checksum(at: $0, count: $1) }
        }
        var checked = CheckedUpload(fetch: { try await upload.bytes(at: $0, count: $1) }, checksum: checksum)
        // Data that did not match the board's checksum was fetched again.
        defer { session.countRetries(checked.repeats) }
        let bytes =
            switch try await checked.bytes(at: address, count: range.count) {
            // Memory that differs each time differs on the console, too; the image's proof shows it.
            case .settled(let bytes), .unsettled(let bytes): bytes
            }
        session.examples.note(
            try upload.command.line(session.commands, from: address, count: UInt64(range.count), file: "FILE"))
        transfers.noteUse(upload.command.method)
        return FlashChunk(offset: range.lowerBound, bytes: bytes)
    }
}
