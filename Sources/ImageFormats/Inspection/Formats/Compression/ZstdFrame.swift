/// A Zstandard frame (RFC 8878). Proven by decoding it whole, with its checksum if it has one.
package enum ZstdFrame: ContentFormat {
    package static let name = "zstd"
    package static let signatures = [Signature([0x28, 0xB5, 0x2F, 0xFD])]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        // The reserved bit of the frame header descriptor.
        head.count >= 9 && head.byte(4) & 0x08 == 0
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        try CompressedStream.finding(name, .zstd, &content, part: "content")
    }
}
