import BackupBags
import FlashModel
import SystemPackage

/// A backup that was seen to be as it was made, before anything is done with its bytes.
struct IntactBag: Sendable {
    let reader: BagReader
    let manifest: Manifest

    /// Reads every byte of a backup and opens it.
    ///
    /// - Throws: `bagDamaged` where a byte is another than when it was made, and what ``Verify`` throws.
    static func open(_ path: FilePath, progress: @escaping ProgressHandler) async throws -> IntactBag {
        let report = try await Verify.run(bag: path, progress: progress)
        guard report.ok else {
            throw FlashkeepError(
                .bagDamaged, what: "The backup \(PlainText.line(path.string)) is damaged.",
                why: report.problems.first?.message ?? "",
                next: "flashkeep verify tells all that is wrong; take another copy of it.")
        }
        let reader = try BagReader.open(path)
        return IntactBag(reader: reader, manifest: try reader.manifest())
    }

    /// The file of an image.
    ///
    /// - Parameter number: a position in ``Manifest/images``.
    func file(of number: Int) throws -> OpenFile { try reader.file(manifest.images[number].path) }

    /// One checksum over ranges of a file, one after another.
    static func checksum(
        _ algorithm: ChecksumAlgorithm, of ranges: [Range<Int>], in file: OpenFile, buffer: inout [UInt8]
    ) throws -> Digest {
        var sum = StreamingChecksum(algorithm)
        for range in ranges {
            try file.stream(range, buffer: &buffer) { _, bytes in sum.update(bytes) }
        }
        return sum.finalize()
    }

    /// The bytes of a range of a file.
    static func bytes(_ range: Range<Int>, in file: OpenFile) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: range.count)
        let got = try file.read(into: &buffer, count: range.count, at: range.lowerBound)
        guard got == range.count else {
            throw FlashkeepError(
                .fileUnavailable, what: "An image of the backup ends too early.",
                why: "It was changed while it was read.", next: "Take another copy of the backup.")
        }
        return buffer
    }
}
