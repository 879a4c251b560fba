/// An lzop file (lzop `src/lzop.c`): magic number, versions, method. It is not decoded, so its end is unknown.
package enum LZOPFile: ContentFormat {
    package static let name = "lzop"
    package static let signatures = [Signature([0x89, 0x4C, 0x5A, 0x4F, 0x00, 0x0D, 0x0A, 0x1A, 0x0A])]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        // Version 0x09xx to 0x1xxx, method 1 to 3.
        let (version, method) = (try content.big(9, 2), try content.big(15, 1))
        guard (0x0900...0x1FFF).contains(version), (1...3).contains(method) else { return nil }
        return Finding(
            name, at: content.start, size: nil, grade: .plausible, facts: [Fact("method", .number(method))])
    }
}
