/// A bzip2 stream: `BZh`, the block size, then π as the magic number of the first block. It is not decoded, so its end is
/// unknown.
package enum Bzip2Stream: ContentFormat {
    package static let name = "bzip2"
    package static let signatures = [Signature([0x31, 0x41, 0x59, 0x26, 0x53, 0x59], at: 4)]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.has("BZh") && (0x31...0x39).contains(head.byte(3))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let level = Int(try content.little(3, 1)) - 0x30
        return Finding(
            name, at: content.start, size: nil, grade: .plausible, facts: [Fact("block size", .size(level * 100_000))])
    }
}
