import BackupBags
import FlashModel
import SystemPackage

/// A backup that was seen to be as it was made, before anything is done with its bytes.
struct VerifiedBackup: Sendable {
    let manifest: Manifest
    private let reader: BagReader
    /// By path in the bag.
    private let sums: [String: VerifiedImage.Sums]

    /// Reads every byte of a backup and opens it.
    ///
    /// - Throws: `bagDamaged` where a byte is another than when it was made, and what ``Verify`` throws.
    static func open(_ path: FilePath, progress: @escaping ProgressHandler) async throws -> VerifiedBackup {
        let verified = try await Verify.examine(bag: path, keepsSums: true, progress: progress)
        guard verified.report.ok, let manifest = verified.manifest else {
            throw FlashkeepError(
                .bagDamaged, what: "The backup \(PlainText.line(path.string)) is damaged.",
                why: verified.report.problems.first.map(\.message) ?? "It has no manifest.",
                next: "flashkeep verify lists all problems; use another copy.")
        }
        return VerifiedBackup(manifest: manifest, reader: verified.reader, sums: verified.sums)
    }

    /// An image, by its path in the bag.
    ///
    /// - Throws: `bagDamaged` where it is none that was verified, and what ``BackupBags/BagReader/file(_:)`` throws.
    func image(_ path: String) throws -> VerifiedImage {
        guard let sums = sums[path] else {
            throw FlashkeepError(
                .bagDamaged, what: "\(PlainText.line(path)) is not an image of the backup.",
                why: "It was not verified.",
                next: "Use another copy of the backup.")
        }
        return VerifiedImage(try reader.file(path), sums)
    }

    /// - Parameter number: a position in ``Manifest/images``.
    func image(_ number: Int) throws -> VerifiedImage { try image(manifest.images[number].path) }
}
