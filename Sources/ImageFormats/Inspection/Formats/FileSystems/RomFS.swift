import FlashModel

/// romfs (Linux `Documentation/filesystems/romfs.rst`): `-rom1fs-`, big-endian size, and a checksum that makes the words of
/// the first 512 bytes add up to 0.
///
/// The checksum does not cover more than that, so it is plausible at most. genromfs pads to 1 KiB.
package enum RomFS: ContentFormat {
    package static let name = "romfs"
    package static let signatures = [Signature("-rom1fs-")]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let size = try content.big(8)
        guard size >= 32, size <= content.size else { return nil }
        let head = try content.bytes(at: 0, count: min(512, size) & ~3)
        let sum = stride(from: 0, to: head.count, by: 4).reduce(UInt32(0)) {
            $0 &+ UInt32(truncatingIfNeeded: head.big($1))
        }
        guard sum == 0 else { return nil }
        let padded = size.roundedUp(to: 1024) ?? size
        return Finding(
            name, at: content.start, size: padded <= content.size ? padded : size, grade: .plausible,
            facts: [.text("name", try content.text(at: 16, count: min(64, size - 16)))])
    }
}
