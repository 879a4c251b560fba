package import FlashModel
private import LocalFiles

/// An image of a backup in progress. Writes may come in any order, and from several tasks.
///
/// All offsets, including those of findings, are bytes from the start of the image.
package struct ImageWriter: Sendable {
    /// The path in the bag: `data/images/mtd0-RedBoot.bin`.
    package let path: String
    /// The size in bytes.
    package let size: Int
    let index: Int
    let store: ImageStore

    // MARK: Writing

    /// Writes bytes that are not there yet.
    ///
    /// - Parameter findings: what is not simply good in them; must be within their range.
    /// - Throws: `diskFull` and others, after which the same bytes may be written again; `internalFault` if bytes are
    ///   already there, or the range is outside of the image.
    package func write(offset: Int, bytes: [UInt8], findings: [BlockFinding] = []) throws {
        try put(bytes, at: offset, findings: findings, replacing: false)
    }

    /// Replaces bytes, and the findings about them.
    package func replace(offset: Int, bytes: [UInt8], findings: [BlockFinding] = []) throws {
        try put(bytes, at: offset, findings: findings, replacing: true)
    }

    private func put(_ bytes: [UInt8], at offset: Int, findings: [BlockFinding], replacing: Bool) throws {
        try store.withLock { state in
            let range = try Self.range(offset, bytes.count, in: state.images[index])
            try Self.check(findings, within: range, of: state.images[index])
            if !replacing, let there = state.images[index].segments.touching(range).first {
                throw ImageStore.fault(
                    "bytes at \(ByteCount.hex(there.range.lowerBound)) of \(state.images[index].path) were written twice"
                )
            }
            if range.isEmpty { return }
            var crc = StreamingChecksum(.crc32)
            crc.update(bytes)
            try state.prepare(range, of: index)
            try state.images[index].file.write(bytes, at: offset)
            state.images[index].takeIntoHash(bytes, at: offset)
            try state.note(range, crc, findings, of: index)
        }
    }

    /// Fills a range with one byte, usually 0xFF in place of a bad block. May replace bytes.
    package func fill(_ range: Range<Int>, with byte: UInt8 = 0xFF, findings: [BlockFinding] = []) throws {
        try store.withLock { state in
            let range = try Self.range(range.lowerBound, range.count, in: state.images[index])
            try Self.check(findings, within: range, of: state.images[index])
            if range.isEmpty { return }
            var crc = StreamingChecksum(.crc32)
            try state.prepare(range, of: index)
            let buffer = [UInt8](repeating: byte, count: min(range.count, Disk.bufferSize))
            var place = range.lowerBound
            while place < range.upperBound {
                let piece = buffer[0..<min(buffer.count, range.upperBound - place)]
                crc.update(piece)
                try state.images[index].file.write(piece, count: piece.count, at: place)
                state.images[index].takeIntoHash(piece, at: place)
                place += piece.count
            }
            try state.note(range, crc, findings, of: index)
        }
    }

    /// Records later findings about bytes that are there, for example that they changed between two reads.
    package func mark(_ findings: [BlockFinding]) throws {
        guard !findings.isEmpty else { return }
        try store.withLock { state in
            try Self.check(findings, within: 0..<state.images[index].size, of: state.images[index])
            state.images[index].findings += findings
            try state.add(
                JournalLine(
                    act: .mark, image: state.images[index].path, offset: 0, length: 0, crc32: 0, findings: findings))
        }
    }

    /// Makes all writes durable; see ``BagBuilder/checkpoint()``.
    package func checkpoint() throws {
        try store.checkpoint()
    }

    /// Drops the image: it will not be in the backup.
    package func discard() throws {
        try store.withLock { state in
            guard !state.images[index].isDiscarded else { return }
            try state.discard(index)
            try store.removeFile(state.images[index].path)
        }
    }

    // MARK: Reading

    private var image: ImageState { store.withLock { $0.images[index] } }

    /// The parts of a range that are still missing, ascending; of the whole image if no range is given.
    package func missing(in range: Range<Int>? = nil) -> [Range<Int>] {
        let image = image
        return image.segments.missing(in: (range ?? 0..<size).clamped(to: 0..<image.size))
    }

    /// Everything that is not simply good, ascending, with equal neighbours merged.
    package var findings: [BlockFinding] { image.findings.coalesced() }

    /// Reads written bytes, fewer than `count` at the end of the image.
    ///
    /// - Throws: `internalFault` if some of them were not written yet.
    package func read(offset: Int, count: Int) throws -> [UInt8] {
        let image = image
        guard offset >= 0, count >= 0, offset <= image.size else {
            throw ImageStore.fault("bytes outside of \(image.path) were requested")
        }
        let range = offset..<(offset + min(count, image.size - offset))
        try Self.refuseMissing(range, image)
        var bytes = [UInt8](repeating: 0, count: range.count)
        let got = try image.file.read(into: &bytes, count: range.count, at: offset)
        bytes.removeSubrange(got...)
        return bytes
    }

    /// The checksum of the concatenated ranges, as a board's tool computes it.
    package func checksum(_ algorithm: ChecksumAlgorithm, of ranges: [Range<Int>]) throws -> Digest {
        let image = image
        var checksum = StreamingChecksum(algorithm)
        var buffer = [UInt8](repeating: 0, count: Disk.bufferSize)
        for range in ranges {
            try Self.refuseMissing(Self.range(range.lowerBound, range.count, in: image), image)
            try image.file.stream(range, buffer: &buffer) { checksum.update($1) }
        }
        return checksum.finalize()
    }

    /// The SHA-256 of the whole image, in hexadecimal, for the manifest.
    ///
    /// Bytes that were written in order are not read again; the rest is read once.
    /// - Throws: `bagIncomplete` if bytes are missing.
    package func sha256() throws -> String {
        // The file is read outside of the lock; the hash is kept only if nothing was written meanwhile.
        var image = image
        if let hole = image.segments.missing(in: 0..<image.size).first {
            throw FlashkeepError(
                .bagIncomplete, what: "\(image.path) is incomplete",
                why: "\(ByteCount.text(hole.count)) at \(ByteCount.hex(hole.lowerBound)) were not read",
                next: "run the same command again: it reads only what is missing")
        }
        if image.hashed < image.size {
            var buffer = [UInt8](repeating: 0, count: Disk.bufferSize)
            try image.file.stream(image.hashed..<image.size, buffer: &buffer) { offset, bytes in
                image.takeIntoHash(bytes, at: offset)
            }
        }
        store.withLock { state in
            if state.images[index].writes == image.writes {
                state.images[index].hash = image.hash
                state.images[index].hashed = image.hashed
            }
        }
        return image.hash.finalize().hex
    }

    // MARK: Checks

    private static func range(_ offset: Int, _ count: Int, in image: ImageState) throws -> Range<Int> {
        guard !image.isDiscarded, offset >= 0, count >= 0, offset <= image.size, count <= image.size - offset else {
            throw ImageStore.fault("bytes at \(ByteCount.hex(offset)) are outside of \(image.path)")
        }
        return offset..<(offset + count)
    }

    private static func check(_ findings: [BlockFinding], within range: Range<Int>, of image: ImageState) throws {
        for finding in findings {
            guard finding.offset >= range.lowerBound, finding.size >= 0, finding.offset <= range.upperBound,
                finding.size <= range.upperBound - finding.offset
            else {
                throw ImageStore.fault(
                    "a finding at \(ByteCount.hex(finding.offset)) is outside of its bytes in \(image.path)")
            }
        }
    }

    private static func refuseMissing(_ range: Range<Int>, _ image: ImageState) throws {
        if let hole = image.segments.missing(in: range).first {
            throw ImageStore.fault("bytes at \(ByteCount.hex(hole.lowerBound)) of \(image.path) were not written yet")
        }
    }
}
