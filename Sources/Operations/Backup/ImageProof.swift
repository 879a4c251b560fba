internal import BackupBags
internal import FlashAccess
internal import FlashModel

/// Proves an image: by the board's own checksum, or by reading everything a second time.
///
/// If they differ, the differing erase blocks are found and read again to decide: a running system wrote there, or the
/// flash is unreliable, or the first read was damaged in transfer.
final class ImageProof {
    let capture: ImageCapture
    let reader: any FlashReading & FlashChecksumming
    /// Checksums that the board has computed already, by MTD number. Those that the image does not match are ignored.
    let computed: [Int: [BoardChecksum]]
    /// Erase blocks that differed from the first read, and then read the same twice.
    private var repaired: [(piece: BackupPlan.Piece, range: Range<Int>)] = []

    init(
        capture: ImageCapture, reader: any FlashReading & FlashChecksumming, computed: [Int: [BoardChecksum]] = [:]
    ) {
        self.capture = capture
        self.reader = reader
        self.computed = computed
    }

    /// The size in bytes of the runs that are compared first when searching for a difference.
    private static let searchSize = 8 << 20

    private var image: BackupPlan.Image { capture.image }
    private var writer: ImageWriter { capture.writer }

    /// Proves the image.
    ///
    /// - Throws: errors of the board, except that a partition vanished: what was read of it is kept, unproven.
    func prove() async throws -> Proof {
        guard image.pieces.contains(where: { !meaningful($0).isEmpty }) else {
            // Comparing no bytes proves nothing.
            return Proof(against: .none, result: .unproven, notes: ["nothing of it could be read"])
        }
        do {
            return try await compare()
        } catch let error as FlashkeepError where error.code == .partitionVanished {
            return Proof(against: .none, result: .unproven, notes: [error.what])
        }
    }

    private func compare() async throws -> Proof {
        if image.representation == .data, let algorithm = reader.checksumAlgorithms.first, canChecksum {
            return try await proveByChecksum(algorithm)
        }
        return try await proveBySecondRead()
    }

    /// Whether the board's checksums can be of the bytes that were read.
    private var canChecksum: Bool {
        image.pieces.allSatisfy { piece in
            let ranges = meaningful(piece)
            return ranges.isEmpty || reader.canChecksum(piece.partition, ranges)
        }
    }

    /// The ranges whose bytes are meaningful: not bad, not unread, not damaged beyond repair.
    private func meaningful(_ piece: BackupPlan.Piece) -> [Range<Int>] {
        let damage = writer.findings.filter(\.state.isDamage).map { $0.range.clamped(to: piece.imageRange) }
        return piece.good(in: [piece.deviceRange])
            .removing(damage.filter { !$0.isEmpty }.map { piece.deviceRange(of: $0) })
    }

    // MARK: By checksum

    private func proveByChecksum(_ algorithm: ChecksumAlgorithm) async throws -> Proof {
        var notes: [String] = []
        var result = Proof.Result.proven
        var parts: [Proof.Part] = []
        var isByRuns = false
        for piece in image.pieces {
            var ranges = meaningful(piece)
            guard !ranges.isEmpty else { continue }
            if let runs = try await checksums(algorithm, piece, ranges) {
                parts += runs
                isByRuns = true
                continue
            }
            var onBoard = try await reader.checksum(algorithm, of: piece.partition, ranges: ranges)
            if try own(algorithm, piece, ranges) != onBoard {
                let differing = try await differing(algorithm, piece, ranges)
                let outcome = try await settle(differing, piece, ranges)
                notes += outcome.notes
                result = Self.worse(result, outcome.result)
                if outcome.result == .proven {
                    // The blocks that were read again may be damaged, and are then meaningless.
                    ranges = meaningful(piece)
                    guard !ranges.isEmpty, reader.canChecksum(piece.partition, ranges) else {
                        result = Self.worse(result, .unproven)
                        notes.append(
                            ranges.isEmpty
                                ? "nothing of \(piece.partition.label) could be read"
                                : "the board's checksum of \(piece.partition.label) differs, and is of all of it")
                        continue
                    }
                    onBoard = try await reader.checksum(algorithm, of: piece.partition, ranges: ranges)
                    if try own(algorithm, piece, ranges) != onBoard {
                        result = Self.worse(result, piece.partition.isLive ? .changed : .unstable)
                        notes.append("\(piece.partition.label) still differs after a second read")
                    }
                }
            }
            let range = piece.imageRange
            parts.append(Proof.Part(offset: range.lowerBound, size: range.count, checksum: onBoard))
        }
        if algorithm == .cksum { notes.append("the board's best checksum has only 32 bits") }
        if isByRuns {
            notes.append(
                "proven by the checksums that the board had computed for the comparison with the backup to be restored")
        }
        guard result == .proven else { return Proof(against: .boardChecksum, result: result, notes: notes) }
        return image.pieces.count == 1 && !isByRuns
            ? Proof(against: .boardChecksum, checksum: parts.first?.checksum, result: result, notes: notes)
            : Proof(against: .boardChecksum, parts: parts, result: result, notes: notes)
    }

    /// The board's checksums of a whole piece: those that it has computed already, and new ones of the rest.
    ///
    /// - Returns: nil if it has computed too few, or if the rest differs: then the whole piece must be proven anew.
    private func checksums(
        _ algorithm: ChecksumAlgorithm, _ piece: BackupPlan.Piece, _ ranges: [Range<Int>]
    ) async throws -> [Proof.Part]? {
        var found = try (computed[piece.partition.index] ?? []).filter { sum in
            guard sum.digest.algorithm == algorithm, ranges.contains(where: { $0.clamped(to: sum.range) == sum.range })
            else { return false }
            return try writer.checksum(algorithm, of: [piece.imageRange(of: sum.range)]) == sum.digest
        }
        let rest = ranges.removing(found.map(\.range))
        guard found.map(\.range).total + rest.total == ranges.total,
            rest.total + rest.count * BoardChecksum.costOfStart < ranges.total
        else { return nil }
        let onBoard = try await reader.checksums(algorithm, of: piece.partition, each: rest)
        guard onBoard.count == rest.count else { return nil }
        found += zip(rest, onBoard).map { BoardChecksum(range: $0, digest: $1) }
        for sum in found.suffix(rest.count) {
            guard try writer.checksum(algorithm, of: [piece.imageRange(of: sum.range)]) == sum.digest else {
                return nil
            }
        }
        return found.map { sum in
            let range = piece.imageRange(of: sum.range)
            return Proof.Part(offset: range.lowerBound, size: range.count, checksum: sum.digest)
        }.sorted { $0.offset < $1.offset }
    }

    private func own(
        _ algorithm: ChecksumAlgorithm, _ piece: BackupPlan.Piece, _ ranges: [Range<Int>]
    ) throws -> Digest {
        let inImage = ranges.map { piece.imageRange(of: $0) }
        // The hash for the manifest was computed as the bytes arrived, so they need not be read from disk.
        if algorithm == .sha256, inImage == [0..<writer.size] {
            return Digest(algorithm: .sha256, hex: try writer.sha256())
        }
        return try writer.checksum(algorithm, of: inImage)
    }

    /// The erase blocks whose checksums differ, found by comparing large runs first; those that read differently if the
    /// board has only one checksum for all of them.
    private func differing(
        _ algorithm: ChecksumAlgorithm, _ piece: BackupPlan.Piece, _ ranges: [Range<Int>]
    ) async throws -> [Range<Int>] {
        guard !reader.checksumsWholePartitions else { return try await readAgain(piece, ranges) }
        return try await reader.differing(
            algorithm, piece.partition, ranges, block: piece.partition.eraseUnit, run: Self.searchSize
        ) { try writer.checksum(algorithm, of: [piece.imageRange(of: $0)]) }.differing
    }

    // MARK: By a second read

    private func proveBySecondRead() async throws -> Proof {
        var notes: [String] = []
        var result = Proof.Result.proven
        for piece in image.pieces {
            let ranges = meaningful(piece)
            let outcome = try await settle(try await readAgain(piece, ranges), piece, ranges)
            notes += outcome.notes
            result = Self.worse(result, outcome.result)
        }
        if image.representation == .data {
            notes.append(
                reader.checksumAlgorithms.isEmpty
                    ? "the board has no checksum tool; everything was read twice"
                    : "the board's checksums are of whole partitions; what was read of this one was read twice")
        }
        return Proof(against: .secondRead, result: result, notes: notes)
    }

    /// Reads ranges a second time.
    ///
    /// - Returns: the erase blocks, or parts of them, whose bytes differ from those saved.
    private func readAgain(_ piece: BackupPlan.Piece, _ ranges: [Range<Int>]) async throws -> [Range<Int>] {
        var differing: [Range<Int>] = []
        try await capture.read(piece, ranges, from: reader) { chunk in
            let shifted = capture.shift(chunk, of: piece)
            let kept = try writer.read(offset: shifted.offset, count: shifted.bytes.count)
            if kept != shifted.bytes { differing += blocks(of: piece, where: kept, differsFrom: shifted) }
            try Task.checkCancellation()
        }
        return differing
    }

    /// The erase blocks of a chunk, or parts of them, whose bytes differ from those saved.
    private func blocks(
        of piece: BackupPlan.Piece, where kept: [UInt8], differsFrom chunk: FlashChunk
    ) -> [Range<Int>] {
        piece.deviceRange(of: chunk.range).cut(atMultiplesOf: piece.partition.eraseUnit).filter { part in
            let inImage = piece.imageRange(of: part).clamped(to: chunk.range)
            let inChunk = inImage.lowerBound - chunk.offset..<inImage.upperBound - chunk.offset
            return kept.count < inChunk.upperBound || kept[inChunk] != chunk.bytes[inChunk]
        }
    }

    // MARK: Differences

    /// Reads differing ranges twice more and decides.
    private func settle(
        _ differing: [Range<Int>], _ piece: BackupPlan.Piece, _ ranges: [Range<Int>]
    ) async throws -> (result: Proof.Result, notes: [String]) {
        guard !differing.isEmpty else { return (.proven, []) }
        let block = piece.partition.eraseUnit
        var result = Proof.Result.proven
        var counts: [BlockState: Int] = [:]
        var repairs = 0
        for part in differing.flatMap({ $0.cut(atMultiplesOf: block) }) {
            var seen: [FlashChunk] = []
            for _ in 0..<2 {
                let again = try await gather(part, piece)
                seen.append(again)
            }
            let kept = try writer.read(offset: seen[0].offset, count: seen[0].bytes.count)
            if kept == seen[0].bytes, kept == seen[1].bytes {
                // The board's checksum was of other content at that moment, or was damaged in transfer.
                if piece.partition.isLive { try mark(seen[1], .changed, &counts, &result) }
            } else if seen[0].bytes == seen[1].bytes {
                try writer.replace(offset: seen[1].offset, bytes: seen[1].bytes, findings: seen[1].findings)
                if piece.partition.isLive {
                    try mark(seen[1], .changed, &counts, &result)
                } else {
                    repaired.append((piece, part))
                    repairs += 1
                }
            } else {
                try writer.replace(offset: seen[1].offset, bytes: seen[1].bytes, findings: seen[1].findings)
                try mark(seen[1], piece.partition.isLive ? .changed : .unstable, &counts, &result)
            }
        }
        var notes: [String] = []
        if let changed = counts[.changed] {
            notes.append("\(changed) erase blocks of \(piece.partition.label) were written to by the running system")
        }
        if let unstable = counts[.unstable] {
            notes.append("\(unstable) erase blocks of \(piece.partition.label) read differently each time")
        }
        if repairs > 0 {
            notes.append(
                "\(repairs) erase blocks of \(piece.partition.label) read differently the first time; the bytes "
                    + "kept were read twice since")
        }
        return (result, notes)
    }

    /// Reads the blocks that differed from the first read once more, after everything else. Something that writes
    /// occasionally may have been idle during the earlier reads.
    func lookAgain(_ proof: Proof) async throws -> Proof {
        var proof = proof
        var counts: [BlockState: Int] = [:]
        for (piece, range) in repaired {
            let seen: FlashChunk
            do {
                seen = try await gather(range, piece)
            } catch let error as FlashkeepError where error.code == .partitionVanished {
                // What was read of it stays as it was proven.
                proof.notes.append(error.what)
                return proof
            }
            guard try writer.read(offset: seen.offset, count: seen.bytes.count) != seen.bytes else { continue }
            try mark(seen, .unstable, &counts, &proof.result)
        }
        if let unstable = counts[.unstable] {
            proof.notes.append("\(unstable) of these blocks read differently again at the end")
            proof.checksum = nil
            proof.parts = nil
        }
        return proof
    }

    private func mark(
        _ chunk: FlashChunk, _ state: BlockState, _ counts: inout [BlockState: Int], _ result: inout Proof.Result
    ) throws {
        try writer.mark([BlockFinding(offset: chunk.offset, size: chunk.bytes.count, state: state)])
        counts[state, default: 0] += 1
        result = Self.worse(result, state == .changed ? .changed : .unstable)
    }

    /// Reads a range as one chunk, with offsets in the image.
    private func gather(_ range: Range<Int>, _ piece: BackupPlan.Piece) async throws -> FlashChunk {
        let target = piece.imageRange(of: range)
        var bytes = [UInt8](repeating: 0xFF, count: target.count)
        var findings: [BlockFinding] = []
        try await capture.read(piece, [range], from: reader) { chunk in
            let shifted = capture.shift(chunk, of: piece)
            let part = shifted.range.clamped(to: target)
            guard !part.isEmpty else { return }
            bytes.replaceSubrange(
                (part.lowerBound - target.lowerBound)..<(part.upperBound - target.lowerBound),
                with: shifted.bytes[(part.lowerBound - shifted.offset)..<(part.upperBound - shifted.offset)])
            findings += shifted.findings.compactMap { $0.clipped(to: target) }
        }
        return FlashChunk(offset: target.lowerBound, bytes: bytes, findings: findings)
    }

    private static func worse(_ first: Proof.Result, _ second: Proof.Result) -> Proof.Result {
        let order: [Proof.Result] = [.proven, .changed, .unproven, .unstable]
        let rank = { order.firstIndex(of: $0) ?? order.count }
        return rank(first) >= rank(second) ? first : second
    }
}
