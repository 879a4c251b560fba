/// An LZ4 frame (LZ4 Frame Format 1.6.1): a descriptor with its own checksum, blocks, an end mark. Proven by decoding it
/// whole.
package enum LZ4Frame: ContentFormat {
    package static let name = "LZ4"
    package static let signatures = [Signature([0x04, 0x22, 0x4D, 0x18])]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        // Version 01, reserved bits 0, a block size of 64 KiB to 4 MiB.
        head.count >= 11 && head.byte(4) & 0xC2 == 0x40 && head.byte(5) & 0x8F == 0 && head.byte(5) >= 0x40
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        try CompressedStream.finding(name, .lz4, &content, part: "content")
    }
}
