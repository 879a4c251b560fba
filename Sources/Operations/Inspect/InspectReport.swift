package import FlashModel
import ImageFormats

/// What is inside the images of a backup, or inside a file. `Documentation/inspect.schema.json` describes the document.
package struct InspectReport: Sendable, Codable, Hashable {
    /// The version of this document's format.
    package var formatVersion = 1
    /// The path as the user gave it.
    package var source: String
    package var images: [Image]
    /// Images that were not inspected.
    package var skipped: [Skipped]

    package init(source: String, images: [Image], skipped: [Skipped]) {
        (self.source, self.images, self.skipped) = (source, images, skipped)
    }

    /// Whether everything was inspected.
    package var isWhole: Bool { skipped.isEmpty }

    package struct Skipped: Sendable, Codable, Hashable {
        package var name: String
        /// One line.
        package var reason: String
    }

    /// An image, whose bytes all belong to one segment each.
    package struct Image: Sendable, Codable, Hashable {
        /// The path in the backup, or the file's name.
        package var name: String
        /// The size in bytes.
        package var size: Int
        /// The chip's id in the backup.
        package var chip: String?
        /// Bytes from the start of the chip; nil if unknown.
        package var offset: Int?
        /// The partitions of a backup whose bytes are in this image, by offset, an outer one before those inside.
        package var partitions: [Partition] = []
        /// By offset; those inside others are their children.
        package var findings: [Item] = []
        package var segments: [Segment] = []
        /// Partition tables found on flash, compared with the partitions of the backup.
        package var tables: [Table] = []
        /// Findings that overlap without one containing the other.
        package var overlaps: [Overlap] = []
        /// What was not examined and why, one line each.
        package var notes: [String] = []

        package init(name: String, size: Int) { (self.name, self.size) = (name, size) }
    }

    package struct Partition: Sendable, Codable, Hashable {
        package var label: String
        package var name: String
        /// Bytes from the start of the image.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
        package var role: FlashModel.Partition.Role
    }

    /// A finding.
    package struct Item: Sendable, Codable, Hashable {
        package var format: String
        /// Bytes from the start of the image, or of the content that it is in.
        package var offset: Int
        /// The size in bytes; nil if the format does not define its end.
        package var size: Int?
        /// `hint`, `plausible` or `proven`.
        package var grade: String
        package var facts: [FactItem]
        package var notes: [String]
        package var children: [Item]
        package var contents: [Content]
    }

    /// What was found in something that was unpacked or put together.
    package struct Content: Sendable, Codable, Hashable {
        package var name: String
        /// The size in bytes of what was inspected.
        package var size: Int
        package var findings: [Item]
        package var notes: [String]
    }

    /// Bytes of one kind.
    package struct Segment: Sendable, Codable, Hashable {
        package enum Kind: String, Sendable, Codable, CaseIterable {
            case finding, blank, repeated, dense, unknown
        }

        package var offset: Int
        package var size: Int
        package var kind: Kind
        /// The index in ``Image/findings``, of `finding`.
        package var finding: Int?
        /// The value of all bytes, of `blank`.
        package var byte: Int?
        /// The size of the pattern in bytes, of `repeated`.
        package var period: Int?
        /// The mean entropy in bits per byte, of `dense` and `unknown`.
        package var entropy: Double?
    }

    /// A partition table that was found on flash.
    package struct Table: Sendable, Codable, Hashable {
        /// How an entry agrees with what the system reported.
        package enum Agreement: String, Sendable, Codable, CaseIterable {
            case same
            /// At the same place, by another name.
            case renamed
            /// At the same offset, with another size.
            case resized
            /// By the same name, at another place.
            case moved
            /// The system reported nothing like it.
            case missing
        }

        package struct Entry: Sendable, Codable, Hashable {
            package var name: String
            /// Bytes from the start of the chip.
            package var offset: Int
            /// The size in bytes; nil if it reaches to the end.
            package var size: Int?
            /// nil if there is nothing to compare with.
            package var agreement: Agreement?
        }

        /// The format of the finding that has it.
        package var source: String
        /// The offset of that finding in the image, or in the content that it is in.
        package var offset: Int
        package var entries: [Entry]
        /// Whether all entries agree; nil if there is nothing to compare with.
        package var isSame: Bool?
    }

    package struct Overlap: Sendable, Codable, Hashable {
        package var formats: [String]
        package var offset: Int
        package var size: Int
    }
}

extension InspectReport.Image {
    /// Takes over what was found.
    mutating func fill(_ map: ContentMap) {
        findings = map.findings.map { InspectReport.Item($0) }
        segments = map.segments.map { InspectReport.Segment($0) }
        overlaps = map.overlaps.map {
            InspectReport.Overlap(formats: $0.formats, offset: $0.range.lowerBound, size: $0.range.count)
        }
        notes = map.notes
    }
}

extension InspectReport.Item {
    init(_ finding: Finding) {
        self.init(
            format: finding.format, offset: finding.offset, size: finding.size, grade: finding.grade.rawValue,
            facts: finding.facts.map { InspectReport.FactItem($0) }, notes: finding.notes,
            children: finding.children.map { Self($0) },
            contents: finding.contents.map { content in
                InspectReport.Content(
                    name: content.name, size: content.size, findings: content.findings.map { Self($0) },
                    notes: content.notes)
            })
    }
}

extension InspectReport.Segment {
    init(_ segment: ContentMap.Segment) {
        self.init(offset: segment.range.lowerBound, size: segment.range.count, kind: .unknown)
        switch segment.kind {
        case .finding(let index): (kind, finding) = (.finding, index)
        case .blank(let value): (kind, byte) = (.blank, Int(value))
        case .repeated(let count): (kind, period) = (.repeated, count)
        case .dense: kind = .dense
        case .unknown: kind = .unknown
        }
        // Two digits are all that the measurement is worth.
        entropy = segment.entropy.map { ($0 * 100).rounded() / 100 }
    }
}
