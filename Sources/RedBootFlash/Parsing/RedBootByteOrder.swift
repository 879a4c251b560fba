/// The order of the bytes in RedBoot's structures on flash: that of the processor, unless the build says otherwise
/// (CYGOPT_REDBOOT_FLASH_BYTEORDER).
package enum RedBootByteOrder: Sendable, Hashable, CaseIterable {
    case little
    case big

    /// The 32-bit word at an offset; nil if it is not there.
    func word(_ bytes: some Collection<UInt8>, at offset: Int) -> UInt32? {
        guard offset >= 0 else { return nil }
        let part = bytes.dropFirst(offset).prefix(4)
        guard part.count == 4 else { return nil }
        let octets = self == .big ? Array(part) : part.reversed()
        return octets.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
}
