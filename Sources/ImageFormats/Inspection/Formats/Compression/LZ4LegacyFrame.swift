/// The legacy LZ4 frame, which Linux kernels use (LZ4 Frame Format 1.6.1, "Legacy frame"): blocks after their packed
/// sizes, without checksum or end mark.
///
/// Plausible: it is decoded whole, but where it ends is taken from the first block that puts out less than 8 MiB.
package enum LZ4LegacyFrame: ContentFormat {
    package static let name = "LZ4 (legacy)"
    package static let signatures = [Signature([0x02, 0x21, 0x4C, 0x18])]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        (16...(9 << 20)).contains(head.little(4))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard var finding = try CompressedStream.finding(name, .lz4Legacy, &content, part: "content") else {
            return nil
        }
        finding.grade = min(finding.grade, .plausible)
        return finding
    }
}
