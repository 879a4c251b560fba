import FlashModel

/// The checksum by which a board's bootloader names content.
package enum ContentChecksum: Sendable, Hashable {
    /// U-Boot's `crc32`.
    case crc32
    /// RedBoot's `cksum`, of POSIX.
    case cksum

    /// The number by which content is found: a CRC-32 that ``FlashModel/CRC32Shift`` can join and split. For `cksum` it
    /// is that of the mirrored bytes (``FlashModel/POSIXChecksum``).
    package func key(of bytes: some Collection<UInt8>) -> UInt32 { CRC32.sum(of: indexed(bytes)) }

    /// The bytes whose CRC-32 is the key.
    func indexed(_ bytes: some Collection<UInt8>) -> [UInt8] {
        switch self {
        case .crc32: Array(bytes)
        case .cksum: POSIXChecksum.mirrored(bytes)
        }
    }
}
