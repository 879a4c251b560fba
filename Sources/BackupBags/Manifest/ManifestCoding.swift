import FlashModel

extension Manifest {
    /// The maximum size of a `flashkeep.json` in bytes.
    package static let sizeLimit = 32 << 20

    /// The content of `flashkeep.json`: pretty-printed with sorted keys, so that the same backup gives the same bytes.
    ///
    /// - Throws: `internalFault` if the manifest is inconsistent.
    package func encoded() throws -> [UInt8] {
        if let problem = problems.first {
            throw FlashkeepError(
                .internalFault, what: "cannot write \(Self.path)", why: problem,
                next: "please report this; what was read is kept")
        }
        return try JSONText.bytes(of: self, pretty: true)
    }

    /// Parses a `flashkeep.json`.
    ///
    /// - Throws: `manifestTooNew` if its version is higher than ``currentFormatVersion``, `manifestInvalid` if it is
    ///   not a manifest, or inconsistent.
    package static func decode(_ bytes: [UInt8]) throws -> Manifest {
        struct Head: Decodable { var formatVersion: Int }
        guard bytes.count <= sizeLimit else {
            throw invalid("it has \(ByteCount.text(bytes.count)), more than the \(ByteCount.text(sizeLimit)) allowed")
        }
        let version: Int
        do {
            version = try JSONText.value(Head.self, from: bytes).formatVersion
        } catch {
            throw invalid("it is not a JSON object with a formatVersion")
        }
        guard version <= currentFormatVersion else {
            throw FlashkeepError(
                .manifestTooNew, what: "this backup has a newer format than this flashkeep supports",
                why: "its \(path) has formatVersion \(version), and this program supports \(currentFormatVersion)",
                next: "use a newer flashkeep, or restore the images by hand as described in its RESTORE.md")
        }
        guard version >= 1 else { throw invalid("there is no formatVersion \(version)") }
        let manifest: Manifest
        do {
            manifest =
                version == 1
                ? try JSONText.value(ManifestVersion1.self, from: bytes).manifest
                : try JSONText.value(Manifest.self, from: bytes)
        } catch {
            throw invalid(JSONText.reason(error))
        }
        if let problem = manifest.problems.first { throw invalid(problem) }
        return manifest
    }

    private static func invalid(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .manifestInvalid, what: "\(path) of this backup cannot be used", why: why,
            next: "use another copy of the backup; its images can still be used by hand as described in its RESTORE.md")
    }
}
