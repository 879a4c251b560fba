/// The configuration inside a kernel (Linux `kernel/configs.c`): `IKCFG_ST`, a gzip member, `IKCFG_ED`. Proven by decoding it;
/// what decides about flash is shown.
package enum KernelConfig: ContentFormat {
    package static let name = "kernel configuration"
    package static let signatures = [Signature("IKCFG_ST")]
    private static let longest = 1 << 20
    private static let wanted = [
        "CONFIG_CMDLINE", "CONFIG_DEFAULT_HOSTNAME", "CONFIG_LOCALVERSION", "CONFIG_MTD_SPLIT_FIRMWARE_NAME",
        "CONFIG_MTD_NAND_ECC_SW_BCH", "CONFIG_MTD_CMDLINE_PARTS", "CONFIG_MTD_UBI",
    ]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard try content.has([0x1F, 0x8B, 8], at: 8) else { return nil }
        var text: [UInt8] = []
        let result = try content.unpack(.gzip, at: 8, limit: longest) { text += $0 }
        guard result.ending == .complete, try content.has("IKCFG_ED", at: 8 + result.consumed) else { return nil }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let facts = wanted.map { name in
            Fact.text(name, lines.first { $0.hasPrefix(name + "=") }?.dropFirst(name.count + 1).trimmingQuotes)
        }
        return Finding(
            name, at: content.start, size: 16 + result.consumed, grade: .proven,
            facts: [Fact("unpacked size", .size(text.count))] + facts, isOpaque: true)
    }
}
