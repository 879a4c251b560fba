package import FlashModel

/// A file of a backup with the bytes of one region of a chip.
package struct ImageRecord: Sendable, Codable, Hashable {
    /// The content of an image file.
    package enum Representation: String, Sendable, Codable, CaseIterable {
        /// The data of the flash; offsets in the file are offsets in the region.
        case data
        /// Each page of data followed by its OOB bytes.
        case dataWithOOB = "data+oob"
    }

    /// The path in the bag, with `/`: `data/images/mtd0-RedBoot.bin`.
    package var path: String
    /// ``Chip/id``.
    package var chip: String
    /// Data bytes from the start of the chip to the first in the file; nil if unknown.
    package var offset: Int?
    /// The size of the file in bytes.
    package var size: Int
    package var representation: Representation
    /// The SHA-256 of the file: 64 lower-case hexadecimal digits.
    package var sha256: String
    /// The proof that these are the bytes of the flash.
    package var proof: Proof
    /// The start of each erase block marked bad, including those of the bad-block table: bytes from the start of the
    /// file, ascending. The file holds 0xFF there, unless ``blocks`` says otherwise.
    package var badBlocks: [Int]
    /// Everything that is not simply good, in bytes from the start of the file, ascending.
    package var blocks: [BlockFinding]

    package init(
        path: String, chip: String, offset: Int?, size: Int, representation: Representation = .data, sha256: String,
        proof: Proof, badBlocks: [Int] = [], blocks: [BlockFinding] = []
    ) {
        self.path = path
        self.chip = chip
        self.offset = offset
        self.size = size
        self.representation = representation
        self.sha256 = sha256
        self.proof = proof
        self.badBlocks = badBlocks
        self.blocks = blocks
    }

    // Written as null if nil, to show readers that it was not forgotten.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(chip, forKey: .chip)
        try container.encode(offset, forKey: .offset)
        try container.encode(size, forKey: .size)
        try container.encode(representation, forKey: .representation)
        try container.encode(sha256, forKey: .sha256)
        try container.encode(proof, forKey: .proof)
        try container.encode(badBlocks, forKey: .badBlocks)
        try container.encode(blocks, forKey: .blocks)
    }
}

/// What an image was checked against, and the result.
package struct Proof: Sendable, Codable, Hashable {
    package enum Against: String, Sendable, Codable, CaseIterable {
        /// A checksum of the flash computed by the board itself.
        case boardChecksum = "board-checksum"
        /// A second read of the whole image.
        case secondRead = "second-read"
        case none
    }

    package enum Result: String, Sendable, Codable, CaseIterable {
        /// All bytes agreed.
        case proven
        /// Some bytes differed because the running system was writing there: the image holds those of one moment or
        /// another.
        case changed
        /// Some bytes differed although no write was observed: bad contact, power or a dying chip.
        case unstable
        /// Not checked, or not completely.
        case unproven
    }

    /// A part of an image with its own checksum, because it was read from a separate device.
    package struct Part: Sendable, Codable, Hashable {
        /// Bytes from the start of the file.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
        /// The board's checksum of the part's bytes outside of bad and damaged blocks.
        package var checksum: Digest

        package init(offset: Int, size: Int, checksum: Digest) {
            self.offset = offset
            self.size = size
            self.checksum = checksum
        }

        /// The byte range in the file.
        package var range: Range<Int> { offset..<(offset + size) }
    }

    package var against: Against
    /// The board's checksum of the bytes outside of bad and damaged blocks; nil if there was none, and if ``parts``
    /// have theirs.
    package var checksum: Digest?
    /// For an image that was read from several devices: each part with its checksum. nil for all others.
    package var parts: [Part]?
    package var result: Result
    /// Explanations for people, one line each: what differed, why it was not checked.
    package var notes: [String]

    package init(
        against: Against, checksum: Digest? = nil, parts: [Part]? = nil, result: Result, notes: [String] = []
    ) {
        self.against = against
        self.checksum = checksum
        self.parts = parts
        self.result = result
        self.notes = notes
    }

    /// Whether the evidence for the proof is recorded: a board's checksum, for an image that claims to be proven by
    /// one.
    ///
    /// - Parameter formatVersion: the manifest's version; version 1 kept no checksums of images that were read from
    ///   several devices.
    package func isSubstantiated(formatVersion: Int) -> Bool {
        switch against {
        case .boardChecksum: checksum != nil || parts?.isEmpty == false || formatVersion == 1
        case .secondRead: true
        case .none: false
        }
    }

    /// Nothing was checked.
    package static let none = Proof(against: .none, result: .unproven)
}
