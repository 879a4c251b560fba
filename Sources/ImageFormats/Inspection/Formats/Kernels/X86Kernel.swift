import FlashModel

/// A Linux kernel for x86 (Linux `Documentation/arch/x86/boot.rst`): `HdrS` at 0x202, `55 AA` at 0x1FE.
///
/// The setup has (sectors + 1) · 512 bytes, then come 16 · syssize bytes. There is no checksum before protocol 2.08, and
/// what is there later is a CRC-32 at the end, which signing and EFI stubs leave as it was: it is not checked.
package enum X86Kernel: ContentFormat {
    package static let name = "Linux kernel for x86"
    package static let signatures = [Signature("HdrS", at: 0x202)]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.little(0x1FE, 2) == 0xAA55 && (0x200...0x2FF).contains(head.little(0x206, 2))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let setup = try content.little(0x1F1, 1)
        guard let size = ((setup == 0 ? 4 : setup) + 1).times(512)?.plus(try content.little(0x1F4) * 16),
            size > 0x8000
        else { return nil }
        let text = try content.little(0x20E, 2) + 0x200
        let version = text > 0x200 && text + 200 < content.size ? try content.text(at: text, count: 200) : nil
        return Finding(
            name, at: content.start, size: size <= content.size ? size : nil,
            grade: size <= content.size ? .plausible : .hint, facts: [.text("version", version)])
    }
}
