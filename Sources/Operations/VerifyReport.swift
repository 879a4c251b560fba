package import BackupBags
import FlashModel

/// Something that is wrong with a backup on disk.
package struct VerifyProblem: Sendable, Codable, Hashable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// A file is listed and not there.
        case missing
        /// A file is there and not listed.
        case extra
        /// A file has another checksum than listed.
        case changed
        /// A file has another size than the manifest says.
        case size
        /// A file could not be read, or is no plain file.
        case unreadable
        /// A list of files is broken or missing.
        case list
        /// The files together have another size or number than `bag-info.txt` says.
        case total
        /// `flashkeep.json` cannot be used, or contradicts the files.
        case manifest
        /// An image is not what the board's checksum says, or is called proven without having been checked.
        case proof
    }

    package var kind: Kind
    /// Of the file, in the bag.
    package var path: String?
    /// What it should be, where that is one value.
    package var expected: String?
    /// What it is.
    package var actual: String?
    /// In words, one line.
    package var message: String

    package init(kind: Kind, path: String? = nil, expected: String? = nil, actual: String? = nil, message: String) {
        self.kind = kind
        self.path = path
        self.expected = expected
        self.actual = actual
        self.message = message
    }
}

/// What a verification found.
package struct VerifyReport: Sendable, Codable, Hashable {
    /// An image, and what it was checked against when it was made.
    package struct Image: Sendable, Codable, Hashable {
        package var path: String
        /// Bytes.
        package var size: Int
        /// As the manifest has it.
        package var sha256: String
        /// Whether the file still has that size and SHA-256.
        package var isIntact: Bool
        package var proof: Proof
    }

    /// Of this document.
    package var formatVersion = 1
    /// Where the backup lies, as given.
    package var bag: String
    /// Whether every file is as it was when the backup was made.
    package var ok: Bool
    /// What is wrong; empty if ``ok``.
    package var problems: [VerifyProblem]
    /// What is odd and does no harm, one line each.
    package var notes: [String]
    package var images: [Image]
    /// Files whose bytes were checked.
    package var filesChecked: Int
    /// Their bytes.
    package var bytesChecked: Int
    /// Whether the backup is whole and proven; nil where its manifest cannot be used.
    package var summary: Summary?
}
