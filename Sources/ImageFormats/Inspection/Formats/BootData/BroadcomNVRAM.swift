/// The NVRAM of bcm47xx and bcm53xx (Linux `drivers/firmware/broadcom/bcm47xx_nvram.c`): `FLSH`, little-endian length with
/// the header of 20 bytes, a CRC-8 over bytes 9 to 19 and the texts. Proven by the CRC, which has 8 bits only, with a table
/// of variables. A copy of defaults inside CFE often has no CRC: plausible.
package enum BroadcomNVRAM: ContentFormat {
    package static let name = "bcm47xx NVRAM"
    package static let signatures = [Signature("FLSH")]
    package static let alignment = 4

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let length = try content.little(4)
        guard (21...0x20000).contains(length), length <= content.size else { return nil }
        var bytes: [UInt8] = []
        guard try content.stream(0..<length, { bytes += $0 }) else { return nil }
        let variables = EnvironmentText.variables(bytes[20...])
        guard !variables.isEmpty else { return nil }
        return .checked(
            name, at: content.start, size: length, holds: VendorChecksums.crc8(bytes[9...]) == bytes[8],
            facts: [Fact("variables", .number(variables.count))] + EnvironmentText.facts(variables),
            changed: "its checksum does not hold: defaults in a bootloader have none", isOpaque: true)
    }
}
