package import BackupBags
import FlashModel

/// A problem with a backup on disk.
package struct VerifyProblem: Sendable, Codable, Hashable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// A listed file does not exist.
        case missing
        /// An existing file is not listed.
        case extra
        /// A file's checksum differs from its list.
        case changed
        /// A file's size differs from the manifest.
        case size
        /// A file could not be read, or is not a regular file.
        case unreadable
        /// A list of files is damaged or missing.
        case list
        /// The total size or number of files differs from `bag-info.txt`.
        case total
        /// `flashkeep.json` is unusable, or contradicts the files.
        case manifest
        /// An image contradicts the board's checksum, or is called proven without evidence.
        case proof
    }

    package var kind: Kind
    /// The path of the file in the bag.
    package var path: String?
    /// The expected value, if there is exactly one.
    package var expected: String?
    /// The actual value.
    package var actual: String?
    /// A description, in one line.
    package var message: String

    package init(kind: Kind, path: String? = nil, expected: String? = nil, actual: String? = nil, message: String) {
        self.kind = kind
        self.path = path
        self.expected = expected
        self.actual = actual
        self.message = message
    }
}

/// The result of a verification.
package struct VerifyReport: Sendable, Codable, Hashable {
    /// An image, and the proof from when it was made.
    package struct Image: Sendable, Codable, Hashable {
        package var path: String
        /// The size in bytes.
        package var size: Int
        /// The SHA-256 in the manifest.
        package var sha256: String
        /// Whether the file still has that size and SHA-256.
        package var isIntact: Bool
        package var proof: Proof
    }

    /// The version of this document's format.
    package var formatVersion = 1
    /// The path of the backup, as given.
    package var bag: String
    /// Whether every file is unchanged since the backup was made.
    package var ok: Bool
    /// The problems; empty if ``ok``.
    package var problems: [VerifyProblem]
    /// Harmless oddities, one line each.
    package var notes: [String]
    package var images: [Image]
    /// The number of files whose bytes were checked.
    package var filesChecked: Int
    /// Their total size in bytes.
    package var bytesChecked: Int
    /// Whether the backup is whole and proven; nil if its manifest is unusable.
    package var summary: Summary?
}
