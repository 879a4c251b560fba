/// What the formats of single compressed streams have in common.
enum CompressedStream {
    /// Decodes a stream at the start of the content.
    ///
    /// - Parameters:
    ///   - part: the name of what is inside.
    ///   - least: bytes that must come out of a stream that is not complete, for it to be plausible.
    /// - Returns: nil if it is damaged before that.
    static func finding(
        _ format: String, _ method: UnpackMethod, _ content: inout ContentBytes, part: String, least: Int = 1 << 15
    ) throws -> Finding? {
        var tally = OutputTally()
        let result = try content.unpack(method, at: 0) { tally.add($0) }
        let packed = content.place(0..<result.consumed)
        let contents = [ContentPart(part, .packed(method, packed))]
        switch result.ending {
        case .complete:
            return Finding(
                format, at: content.start, size: result.consumed, grade: .proven,
                facts: [Fact("unpacked size", .size(result.produced))], isOpaque: true,
                parts: result.produced > 0 ? contents : [])
        case .bomb:
            return Finding(
                format, at: content.start, size: result.consumed, grade: .plausible,
                notes: ["it unpacks to more than any honest content: a decompression bomb, not followed"],
                isOpaque: true)
        case .limited:
            return Finding(
                format, at: content.start, size: result.consumed, grade: .plausible,
                notes: ["not decoded to its end, which would take too long"], isOpaque: true, parts: contents)
        case .truncated, .damaged:
            guard result.produced >= least, !tally.isUniform else { return nil }
            let why = result.ending == .truncated ? "the image ends before it does" : "it is damaged behind this"
            return Finding(
                format, at: content.start, size: result.consumed, grade: .plausible,
                facts: [Fact("unpacked size", .size(result.produced))], notes: [why], isOpaque: true, parts: contents)
        case .unsupported:
            return Finding(
                format, at: content.start, size: nil, grade: .hint,
                notes: ["it needs more memory, or a method, that is not provided"])
        }
    }
}

/// Notices whether all output has one value.
struct OutputTally {
    private var first: UInt8?
    private(set) var isUniform = true

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        guard isUniform, let byte = first ?? bytes.first else { return }
        first = byte
        isUniform = bytes.allSatisfy { $0 == byte }
    }
}
