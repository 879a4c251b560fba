internal import BackupBags
internal import FlashAccess
internal import FlashModel

/// Reads an image from the board into the backup, except what is saved already.
struct ImageCapture {
    let image: BackupPlan.Image
    let writer: ImageWriter
    let progress: ProgressCounter
    let stopwatch: @Sendable () -> @Sendable () -> Duration
    let tell: ProgressHandler

    /// The most time between checkpoints. On a slow line, counting bytes alone would risk much more at a power failure.
    private static let checkpointInterval = Duration.seconds(5)

    /// Reads everything that is missing.
    ///
    /// - Returns: warnings for the manifest.
    /// - Throws: errors of the board, except that a partition vanished: then it adds a warning, and reads the rest.
    func read(from reader: any FlashReading) async throws -> [String] {
        var warnings: [String] = []
        for piece in image.pieces {
            for hole in piece.holes {
                let range = piece.imageRange(of: hole.range)
                for part in writer.missing(in: range) {
                    try writer.fill(
                        part, with: 0xFF,
                        findings: [BlockFinding(offset: part.lowerBound, size: part.count, state: hole.state)])
                    progress.add(part.count)
                }
            }
            let missing = writer.missing(in: piece.imageRange).map { piece.deviceRange(of: $0) }
            let ranges = piece.good(in: missing)
            guard !ranges.isEmpty else { continue }
            var sinceCheckpoint = stopwatch()
            do {
                try await read(piece, ranges, from: reader) { chunk in
                    let shifted = shift(chunk, of: piece)
                    // A partly saved page is read whole; the saved part stays.
                    for part in writer.missing(in: shifted.range) {
                        let from = part.lowerBound - shifted.offset
                        try writer.write(
                            offset: part.lowerBound, bytes: Array(shifted.bytes[from..<from + part.count]),
                            findings: shifted.findings.compactMap { $0.clipped(to: part) })
                        progress.add(part.count)
                    }
                    if sinceCheckpoint() >= Self.checkpointInterval {
                        try writer.checkpoint()
                        sinceCheckpoint = stopwatch()
                    }
                    try Task.checkCancellation()
                }
            } catch let error as FlashkeepError where error.code == .partitionVanished {
                warnings.append(error.what)
                tell(.warning(error.what))
                for part in writer.missing(in: piece.imageRange) {
                    let finding = BlockFinding(
                        offset: part.lowerBound, size: part.count, state: .unread, detail: error.what)
                    try writer.fill(part, with: 0xFF, findings: [finding])
                    progress.add(part.count)
                }
            }
        }
        return warnings
    }

    func read(
        _ piece: BackupPlan.Piece, _ ranges: [Range<Int>], from reader: any FlashReading,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        switch image.representation {
        case .data: try await reader.read(piece.partition, ranges: ranges, each: each)
        case .dataWithOOB: try await reader.readWithOOB(piece.partition, ranges: ranges, each: each)
        }
    }

    /// The same chunk with offsets in the image.
    func shift(_ chunk: FlashChunk, of piece: BackupPlan.Piece) -> FlashChunk {
        // The offsets of chunks with OOB count these bytes.
        let unit = image.representation == .data ? 1 : piece.arrivingPage
        let page = image.representation == .data ? 1 : piece.page
        let distance = piece.imageOffset - piece.deviceRange.lowerBound / page * unit
        return FlashChunk(
            offset: chunk.offset + distance, bytes: chunk.bytes,
            findings: chunk.findings.map { $0.shifted(by: distance) })
    }
}
