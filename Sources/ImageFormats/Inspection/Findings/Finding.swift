import FlashModel

/// Something that was found in an image, or in something that was found there.
package struct Finding: Sendable, Hashable {
    /// ``ContentFormat/name``.
    package var format: String
    /// Bytes from the start of the image, or of the unpacked content, that it was found in.
    package var offset: Int
    /// The size in bytes; nil if the format does not define its end.
    package var size: Int?
    package var grade: Grade
    /// In the order in which they are displayed.
    package var facts: [Fact]
    /// Remarks for people, one line each: `the body was changed since`.
    package var notes: [String]
    /// Whether its bytes are encoded, so that what seems to be found in them is chance, or a fragment.
    package var isOpaque: Bool
    /// Content that is not simply at its place in the image: compressed, or in pieces.
    package var parts: [ContentPart]
    /// The partitions that it defines; nil if it is no partition table.
    package var table: FoundTable?
    /// Findings within its bytes, sorted by offset. Set by ``ImageInspector``.
    package var children: [Finding] = []
    /// What was found in its ``parts``. Set by ``ImageInspector``.
    package var contents: [PartContent] = []

    package init(
        _ format: String, at offset: Int, size: Int?, grade: Grade, facts: [Fact?] = [], notes: [String] = [],
        isOpaque: Bool = false, parts: [ContentPart] = [], table: FoundTable? = nil
    ) {
        self.format = format
        self.offset = offset
        self.size = size
        self.grade = grade
        self.facts = facts.compactMap(\.self)
        self.notes = notes
        self.isOpaque = isOpaque
        self.parts = parts
        self.table = table
    }

    /// The byte range; empty if its end is unknown.
    package var range: Range<Int> {
        guard let size, let end = offset.plus(size), end >= offset else { return offset..<offset }
        return offset..<end
    }

    /// This with further facts.
    package func adding(_ facts: [Fact?], notes: [String] = []) -> Finding {
        var result = self
        result.facts += facts.compactMap(\.self)
        result.notes += notes
        return result
    }

    /// The value of a fact.
    package func fact(_ name: String) -> Fact.Value? { facts.first { $0.name == name }?.value }
}

/// Content of a finding that must be unpacked or put together before it can be inspected.
package struct ContentPart: Sendable, Hashable {
    package enum Place: Sendable, Hashable {
        /// Compressed, at a range of the image.
        case packed(UnpackMethod, Range<Int>)
        /// Put together from ranges of the image.
        case pieces([ContentPiece])
    }

    /// For display: `volume "rootfs"`.
    package var name: String
    package var place: Place

    package init(_ name: String, _ place: Place) {
        self.name = name
        self.place = place
    }
}

/// A piece of a part.
package enum ContentPiece: Sendable, Hashable {
    /// A range of the image.
    case bytes(Range<Int>)
    /// So many bytes of 0xFF that are nowhere, such as a logical erase block without a physical one.
    case erased(Int)

    package var count: Int {
        switch self {
        case .bytes(let range): range.count
        case .erased(let count): max(0, count)
        }
    }
}

/// What was found in a part of a finding.
package struct PartContent: Sendable, Hashable {
    /// ``ContentPart/name``.
    package var name: String
    /// The size of what was inspected in bytes.
    package var size: Int
    /// Offsets are relative to the start of the part.
    package var findings: [Finding]
    /// Why not all of it was inspected, one line each.
    package var notes: [String]
}
