/// A gzip member (RFC 1952): `1F 8B 08`, flags, time of the file, then deflate, its CRC-32 and its size.
///
/// Proven by decoding it whole, the checksum and the size at its end included. Padding and further members that follow
/// are not claimed.
package enum GzipStream: ContentFormat {
    package static let name = "gzip"
    package static let signatures = [Signature([0x1F, 0x8B, 0x08])]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        guard head.count >= 18, let flags = head.dropFirst(3).first, let system = head.dropFirst(9).first else {
            return false
        }
        return flags & 0xE0 == 0 && (system <= 13 || system == 0xFF)
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let flags = try content.little(3, 1)
        let time = try content.little(4)
        let name = try fileName(flags, &content)
        guard let finding = try CompressedStream.finding(Self.name, .gzip, &content, part: name ?? "content") else {
            return nil
        }
        return finding.adding([
            .text("file name", name), time > 0 ? Fact("created", .date(Int64(time))) : nil,
        ])
    }

    /// The name of the file, after the optional extra field.
    private static func fileName(_ flags: Int, _ content: inout ContentBytes) throws -> String? {
        guard flags & 8 != 0 else { return nil }
        let start = flags & 4 != 0 ? 12 + (try content.little(10, 2)) : 10
        let count = min(256, content.size - start)
        guard count > 0 else { return nil }
        return try content.text(at: start, count: count)
    }
}
