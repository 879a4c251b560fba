package import FlashModel

/// A file of a backup: the bytes of one region of a chip.
package struct ImageRecord: Sendable, Codable, Hashable {
    /// What the bytes of a file are.
    package enum Representation: String, Sendable, Codable, CaseIterable {
        /// The data of the flash; positions in the file are positions in the region.
        case data
        /// Each page of data followed by its OOB bytes.
        case dataWithOOB = "data+oob"
    }

    /// In the bag, with `/`: `data/images/mtd0-RedBoot.bin`.
    package var path: String
    /// ``Chip/id``.
    package var chip: String
    /// Bytes of data from the start of the chip to the first in the file; nil where that is not known.
    package var offset: Int?
    /// Bytes in the file.
    package var size: Int
    package var representation: Representation
    /// Of the file: 64 lower-case hexadecimal digits.
    package var sha256: String
    /// How it is known that these are the bytes of the flash.
    package var proof: Proof
    /// Where the erase blocks marked bad begin, those with the bad-block table among them: bytes from the start of the
    /// file, ascending. The file holds 0xFF there, unless ``blocks`` says otherwise.
    package var badBlocks: [Int]
    /// What is not plainly good; bytes from the start of the file, ascending.
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

    // Written as null where it is nil, so that a reader sees that nothing was forgotten.
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
        /// A checksum that the board computed itself, over the flash.
        case boardChecksum = "board-checksum"
        /// A second read of all of it.
        case secondRead = "second-read"
        case none
    }

    package enum Result: String, Sendable, Codable, CaseIterable {
        /// All bytes were the same both times.
        case proven
        /// Some were not, because the running system was writing there: what is kept is from one moment or another.
        case changed
        /// Some were not, and nothing was seen to write there: bad contact, power or a dying chip.
        case unstable
        /// Not checked, or not to the end.
        case unproven
    }

    /// A part of an image that has a checksum of its own, because it was read from a device of its own.
    package struct Part: Sendable, Codable, Hashable {
        /// Bytes from the start of the file.
        package var offset: Int
        /// Bytes.
        package var size: Int
        /// The board's, over the part's bytes outside of bad and damaged blocks.
        package var checksum: Digest

        package init(offset: Int, size: Int, checksum: Digest) {
            self.offset = offset
            self.size = size
            self.checksum = checksum
        }

        /// The bytes of the file.
        package var range: Range<Int> { offset..<(offset + size) }
    }

    package var against: Against
    /// The board's checksum over the bytes outside of bad and damaged blocks; nil where there was none, and where
    /// ``parts`` have theirs.
    package var checksum: Digest?
    /// Of an image that was read from several devices: each part with its checksum. nil for all others.
    package var parts: [Part]?
    package var result: Result
    /// In words, one line each: what differed, why it was not checked.
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

    /// Whether it names what would prove it: a board's checksum of an image that is called proven by one.
    ///
    /// - Parameter formatVersion: of the manifest; the first kept no checksums of images that were read from several
    ///   devices.
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
