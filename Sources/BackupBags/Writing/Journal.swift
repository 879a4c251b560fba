import FlashModel
import LocalFiles

/// A line of the journal: a fact about the files of a backup in progress.
///
/// These rules ensure that a power failure at any point leaves no false claims:
/// 1. a line is written only after the bytes that it covers are durable;
/// 2. a later line about bytes replaces every earlier one that it overlaps, entirely; therefore, before a line that
///    overlaps only a part of an earlier one, the rest of that is written again as separate lines;
/// 3. when the journal is resumed, a line counts only if the bytes still have its checksum.
struct JournalLine: Sendable, Codable, Hashable {
    enum Act: String, Sendable, Codable {
        /// The bytes are there.
        case bytes
        /// New findings about bytes that are already there.
        case mark
        /// The image was dropped from the backup.
        case discard
    }

    var act: Act
    /// The path in the bag.
    var image: String
    /// Bytes from the start of the image.
    var offset: Int
    /// The length in bytes.
    var length: Int
    /// CRC-32 (RFC 1952) of the bytes.
    var crc32: UInt32
    /// Offsets are relative to the start of the image.
    var findings: [BlockFinding]?

    /// Whether its numbers are valid for an image of this size.
    func fits(_ size: Int) -> Bool {
        func lies(_ offset: Int, _ length: Int) -> Bool {
            (0...size).contains(offset) && (0...size).contains(length) && offset + length <= size
        }
        return lies(offset, length) && (findings ?? []).allSatisfy { lies($0.offset, $0.size) }
    }
}

/// The journal's file: one JSON object per line.
struct JournalFile: Sendable {
    private let file: OpenFile
    /// The length in bytes of the complete lines. Anything after them is the remainder of a failed write.
    private(set) var length: Int

    /// Lines longer than this are not ours.
    private static let longestLine = 4 << 20

    /// Reads a journal from its start, and calls `each` for every line.
    ///
    /// Reading stops at the first broken line: it marks a power failure, or later damage.
    init<Line: Decodable>(
        reading file: OpenFile, _ type: Line.Type, each: (Line) throws -> Void
    ) throws {
        self.file = file
        length = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var line: [UInt8] = []
        var place = 0
        while true {
            let got = try file.read(into: &buffer, count: buffer.count, at: place)
            if got == 0 { return }
            place += got
            var rest = buffer[0..<got]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[rest.startIndex..<end]
                guard let entry = try? JSONText.value(type, from: line) else { return }
                try each(entry)
                length += line.count + 1
                line.removeAll(keepingCapacity: true)
                rest = rest[(end + 1)...]
            }
            line += rest
            if line.count > Self.longestLine { return }
        }
    }

    /// Writes lines after the last complete one, and makes them durable.
    mutating func append(_ lines: [UInt8]) throws {
        // Not with O_APPEND: the remainder of an earlier failed write is overwritten.
        try file.write(lines, at: length)
        try file.sync()
        length += lines.count
    }

    /// Removes everything after the last complete line.
    func cutTail() throws {
        if try file.size() != length {
            try file.truncate(to: length)
            try file.sync()
        }
    }
}
