import FlashModel
import LocalFiles

/// A line of the journal: something that is true of the files of a backup in progress.
///
/// The rules, by which a power failure at any point leaves nothing claimed that is not there:
/// 1. a line is written only after the bytes that it speaks of are durable;
/// 2. a later line for bytes takes the place of every earlier one that it touches, whole; before a line that touches
///    only a part of an earlier one, the rest of that is therefore written again as lines of its own;
/// 3. when the journal is taken up again, a line counts only if the bytes still have its checksum.
struct JournalLine: Sendable, Codable, Hashable {
    enum Act: String, Sendable, Codable {
        /// These bytes are there.
        case bytes
        /// Something was found out about bytes that are there already.
        case mark
        /// The image is not going to be made after all.
        case discard
    }

    var act: Act
    /// Its path in the bag.
    var image: String
    /// Bytes from the start of the image.
    var offset: Int
    /// Bytes.
    var length: Int
    /// CRC-32 (RFC 1952) of the bytes.
    var crc32: UInt32
    /// Offsets are counted from the start of the image.
    var findings: [BlockFinding]?

    /// Whether its numbers can be worked with, for an image of this size.
    func fits(_ size: Int) -> Bool {
        func lies(_ offset: Int, _ length: Int) -> Bool {
            (0...size).contains(offset) && (0...size).contains(length) && offset + length <= size
        }
        return lies(offset, length) && (findings ?? []).allSatisfy { lies($0.offset, $0.size) }
    }
}

/// The journal's file: one JSON object a line.
struct JournalFile: Sendable {
    private let file: OpenFile
    /// Bytes of it that are whole lines. What lies behind is the rest of a write that failed.
    private(set) var length: Int

    /// A line longer than this is none of ours.
    private static let longestLine = 4 << 20

    /// Reads a journal from its start, and calls `each` for every line.
    ///
    /// At the first line that is broken trust ends: it is where the power failed, or what follows was damaged later.
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

    /// Writes lines behind the last whole one, and makes them durable.
    mutating func append(_ lines: [UInt8]) throws {
        // Not with O_APPEND: what an earlier failed write left behind is overwritten.
        try file.write(lines, at: length)
        try file.sync()
        length += lines.count
    }

    /// Cuts off what lies behind the last whole line.
    func cutTail() throws {
        if try file.size() != length {
            try file.truncate(to: length)
            try file.sync()
        }
    }
}
