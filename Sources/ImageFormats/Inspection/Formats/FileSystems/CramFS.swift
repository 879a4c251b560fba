/// cramfs (Linux `include/uapi/linux/cramfs_fs.h`): a superblock of 64 bytes in either byte order. Proven by the CRC-32 of
/// the whole, made with its own field as 0; images without the flag "version 2" have none and are plausible.
package enum CramFS: ContentFormat {
    package static let name = "cramfs"
    package static let signatures = [Signature("Compressed ROMFS", at: 16)]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let isBigEndian = try content.has([0x28, 0xCD, 0x3D, 0x45], at: 0)
        guard try isBigEndian || content.has([0x45, 0x3D, 0xCD, 0x28], at: 0) else { return nil }
        func number(_ offset: Int) throws -> Int { try content.number(offset, isBigEndian: isBigEndian) }
        let (size, flags, sum) = (try number(4), try number(8), try number(32))
        guard size >= 76, size <= content.size else { return nil }
        let facts: [Fact?] = [
            Fact("byte order", .text(isBigEndian ? "big-endian" : "little-endian")),
            .text("name", try content.text(at: 48, count: 16)), Fact("edition", .number(try number(36))),
            Fact("files", .number(try number(44))),
        ]
        func finding(_ grade: Grade, _ notes: [String] = []) -> Finding {
            Finding(name, at: content.start, size: size, grade: grade, facts: facts, notes: notes, isOpaque: true)
        }
        guard flags & 1 == 1 else { return finding(.plausible) }
        guard let computed = try content.crc32(0..<32, zeros: 4, 36..<size) else { return finding(.plausible) }
        return Int(computed) == sum ? finding(.proven) : finding(.plausible, ["its checksum does not hold"])
    }
}
