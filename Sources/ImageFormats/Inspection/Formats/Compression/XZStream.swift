import FlashModel

/// An .xz stream (The .xz File Format 1.2.1): the header's own CRC-32, blocks, an index, a footer.
///
/// Proven by decoding it whole, with the checks of its blocks. Stream padding that follows is not claimed.
package enum XZStream: ContentFormat {
    package static let name = "xz"
    package static let signatures = [Signature([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        let flags = head.dropFirst(6).prefix(2)
        return head.count >= 32 && CRC32.sum(of: flags) == UInt32(truncatingIfNeeded: head.little(8))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        try CompressedStream.finding(name, .xz, &content, part: "content")
    }
}
