import FlashModel

/// AVM's kernel for EVA (OpenWrt firmware-utils `lzma2eva.c`, `mtdsplit_eva.c`): little-endian magic 0xFEED1281, size, load
/// address; then LZMA in an own form, and 24 bytes at the end. Plausible: its checksum is over what is unpacked.
package enum EVAKernel: ContentFormat {
    package static let name = "AVM kernel"
    package static let signatures = [Signature([0x81, 0x12, 0xED, 0xFE])]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let (size, load) = (try content.little(4), try content.little(8))
        // Kernels are linked into the first part of kseg0.
        guard size > 1 << 16, let end = size.plus(0x18), end <= content.size, (0x8000_0000...0x9FFF_FFFF).contains(load)
        else { return nil }
        return Finding(
            name, at: content.start, size: end, grade: .plausible,
            facts: [Fact("load address", .address(UInt64(load)))],
            isOpaque: true)
    }
}
