import FlashModel

/// The variants of CRC-32 and the sums that vendors use.
enum VendorChecksums {
    /// zlib's CRC-32 without the inversion at the end ("JAMCRC"): TRX, UBI, UBIFS, bcm63xx tags.
    static func jam(_ bytes: some Collection<UInt8>) -> UInt32 { ~CRC32.sum(of: bytes) }

    /// zlib's polynomial from 0, without any inversion: JFFS2, RedBoot's configuration, Belkin.
    static func zero(_ bytes: some Collection<UInt8>) -> UInt32 {
        var sum = CRC32(resuming: .max)
        sum.update(bytes)
        return ~sum.value
    }

    /// Polynomial 0x04C11DB7, most significant bit first, from 0, without any inversion: Qualcomm's MIBIB.
    static func mostSignificantFirst(_ bytes: some Sequence<UInt8>, from start: UInt32 = 0) -> UInt32 {
        bytes.reduce(start) { sum, byte in POSIXChecksum.step(sum, byte) }
    }

    /// Polynomial x^8+x^7+x^6+x^4+x^2+1, reflected, from 0xFF: Broadcom's NVRAM (Linux
    /// `drivers/firmware/broadcom/bcm47xx_nvram.c`; U-Boot tools, hndcrc8).
    static func crc8(_ bytes: some Sequence<UInt8>) -> UInt8 {
        bytes.reduce(0xFF) { sum, byte in
            (0..<8).reduce(sum ^ byte) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xAB : value >> 1 }
        }
    }
}
