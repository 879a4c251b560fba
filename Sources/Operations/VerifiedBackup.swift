import BackupBags
import FlashModel
import SystemPackage

/// A backup that was verified before its bytes are used.
struct VerifiedBackup: Sendable {
    let manifest: Manifest
    private let reader: BagReader
    /// The checksums by path in the bag.
    private let sums: [String: VerifiedImage.Sums]

    /// Verifies every byte of a backup and opens it.
    ///
    /// - Parameter images: the images to verify, by path in the bag; nil for all. Others cannot be used.
    /// - Throws: `bagDamaged` if a byte has changed since the backup was made, and errors of ``Verify``.
    static func open(
        _ path: FilePath, images: (Manifest) -> Set<String>? = { _ in nil }, progress: @escaping ProgressHandler
    ) async throws -> VerifiedBackup {
        let verified = try await Verify.examine(bag: path, keepsSums: true, wanted: images, progress: progress)
        guard verified.report.ok, let manifest = verified.manifest else {
            throw FlashkeepError(
                .bagDamaged, what: "The backup \(PlainText.line(path.string)) is damaged.",
                why: verified.report.problems.first.map(\.message) ?? "It has no manifest.",
                next: "flashkeep verify lists all problems; use another copy.")
        }
        return VerifiedBackup(manifest: manifest, reader: verified.reader, sums: verified.sums)
    }

    /// Returns an image, by its path in the bag.
    ///
    /// - Throws: `bagDamaged` if it is not a verified image, and errors of ``BackupBags/BagReader/file(_:)``.
    func image(_ path: String) throws -> VerifiedImage {
        guard let sums = sums[path] else {
            throw FlashkeepError(
                .bagDamaged, what: "\(PlainText.line(path)) is not an image of the backup.",
                why: "It was not verified.",
                next: "Use another copy of the backup.")
        }
        return VerifiedImage(try reader.file(path), sums)
    }

    /// Returns an image.
    ///
    /// - Parameter number: an index in ``Manifest/images``.
    func image(_ number: Int) throws -> VerifiedImage { try image(manifest.images[number].path) }
}
