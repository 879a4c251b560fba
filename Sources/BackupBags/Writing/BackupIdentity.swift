package import FlashModel

/// Identifies a backup: an interrupted backup may be resumed only if its identity equals the new one's.
package struct BackupIdentity: Sendable, Codable, Hashable {
    /// The properties of a partition that must not have changed.
    package struct Entry: Sendable, Codable, Hashable, PartitionLabelled {
        package var index: Int
        package var numbering: Partition.Numbering?
        package var name: String
        package var chip: String
        package var offset: Int?
        package var size: Int

        package init(
            index: Int, numbering: Partition.Numbering? = nil, name: String, chip: String, offset: Int?, size: Int
        ) {
            self.index = index
            self.numbering = numbering
            self.name = name
            self.chip = chip
            self.offset = offset
            self.size = size
        }
    }

    /// A planned image.
    package struct Image: Sendable, Codable, Hashable {
        package var path: String
        package var chip: String
        package var offset: Int?
        package var size: Int
        package var representation: ImageRecord.Representation

        package init(
            path: String, chip: String, offset: Int?, size: Int, representation: ImageRecord.Representation = .data
        ) {
            self.path = path
            self.chip = chip
            self.offset = offset
            self.size = size
            self.representation = representation
        }
    }

    /// The board's identifying properties, by name: `model`, `mac`, `serial`. Excludes whatever depends on how it was
    /// started, such as kernel or hostname.
    package var board: [String: String]
    package var partitions: [Entry]
    package var images: [Image]

    package init(board: [String: String], partitions: [Entry], images: [Image]) {
        self.board = board
        self.partitions = partitions
        self.images = images
    }

    /// The identity of a surveyed board and the planned images.
    package init(survey: Survey, images: [Image]) {
        board = [:]
        board["model"] = survey.board.model
        board["compatible"] = survey.board.compatible.first
        board["mac"] = survey.board.macAddresses.isEmpty ? nil : survey.board.macAddresses.joined(separator: " ")
        board["serial"] = survey.board.serialNumber
        partitions = survey.partitions.map {
            Entry(
                index: $0.index, numbering: $0.numbering, name: $0.name, chip: $0.chip, offset: $0.offset, size: $0.size
            )
        }
        self.images = images
    }

    /// Describes the differences, one line each; empty if both are equal.
    package func differences(from earlier: BackupIdentity) -> [String] {
        var lines: [String] = []
        for key in Set(board.keys).union(earlier.board.keys).sorted() where board[key] != earlier.board[key] {
            lines.append(
                "the board's \(PlainText.line(key)) was \(Self.shown(earlier.board[key])) and is now \(Self.shown(board[key]))"
            )
        }
        if partitions != earlier.partitions {
            let changed = partitions.first { !earlier.partitions.contains($0) }
            let gone = earlier.partitions.first { !partitions.contains($0) }
            let entry = changed ?? gone
            lines.append("the partition table differs" + (entry.map { ", first at \($0.label)" } ?? ""))
        }
        if images != earlier.images {
            let changed = images.first { !earlier.images.contains($0) }
            let gone = earlier.images.first { !images.contains($0) }
            let entry = changed ?? gone
            lines.append("the planned images differ" + (entry.map { ", first \(PlainText.line($0.path))" } ?? ""))
        }
        return lines
    }

    private static func shown(_ value: String?) -> String { value.map { "\"\(PlainText.line($0))\"" } ?? "not known" }
}
