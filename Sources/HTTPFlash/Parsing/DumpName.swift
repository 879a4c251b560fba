internal import FlashAccess
internal import FlashModel

/// What the name of a file says about a dump. Pure.
///
/// Scripts and pages name dumps after MTD devices: `mtd3.bin`, `mtd3-rootfs.bin`, `mtdblock3.img`, LuCI's
/// `OpenWrt.mtd3.rootfs.bin`.
struct DumpName: Sendable, Hashable {
    /// The N of `mtdN`, at most 65535.
    var index: Int
    /// What follows the number; nil if nothing does. Often the partition's name, with other characters replaced.
    var rest: String?
    /// Whether the file is compressed by its name: its bytes are not those of the flash.
    var isPacked: Bool

    private static let plain = ["bin", "img", "dd", "dump", "raw", "rom", "fw", "mtd"]
    private static let packed = ["gz", "bz2", "xz", "lzma", "zst", "zip", "7z", "tar", "tgz", "lz4"]
    private static let besides = ["md5", "sha1", "sha256", "sha256sum", "sha512", "crc", "txt", "log", "html", "asc"]

    /// - Returns: nil if it is no name of a dump.
    init?(_ name: [UInt8]) {
        var stem = ByteText(name[...])
        isPacked = false
        // Extensions from the end: `mtd3.bin.gz`.
        while let dot = stem.bytes.lastIndex(of: UInt8(ascii: ".")) {
            let end = ByteText(stem.bytes[(dot + 1)...]).lowercased.string(limit: 16)
            if Self.besides.contains(end) { return nil }
            if Self.packed.contains(end) { isPacked = true } else if !Self.plain.contains(end) { break }
            stem = ByteText(stem.bytes[..<dot])
        }
        guard let (index, rest) = Self.device(stem) else { return nil }
        self.index = index
        self.rest = rest.isEmpty ? nil : rest.name()
    }

    /// The first `mtdN` or `mtdblockN` that stands by itself, and what follows it.
    private static func device(_ stem: ByteText) -> (Int, ByteText)? {
        let lower = stem.lowercased
        var start = 0
        while start < lower.bytes.count {
            let isFirst = start == 0 || isSeparator(lower.bytes[start - 1])
            var rest = ByteText(lower.bytes[start...])
            if isFirst, rest.take("mtd") {
                _ = rest.take("block")
                if let index = rest.takeDecimal(), index <= 65_535 {
                    _ = rest.take("ro")
                    if rest.isEmpty { return (index, rest) }
                    if let first = rest.bytes.first, isSeparator(first) {
                        // In the case that it had.
                        return (index, ByteText(stem.bytes[(rest.bytes.startIndex + 1)...]))
                    }
                }
            }
            start += 1
        }
        return nil
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), 0x20].contains(byte)
    }

    /// Whether a file is a copy of `/proc/mtd` by its name.
    static func isTable(_ address: WebAddress, _ name: [UInt8]) -> Bool {
        let lower = ByteText(name[...]).lowercased.string(limit: 64)
        let known = ["proc-mtd", "proc_mtd", "proc.mtd", "procmtd", "mtd"]
        return known.contains { lower == $0 || lower == $0 + ".txt" } || address.path.hasSuffix("/proc/mtd")
    }

    /// The names under which a copy of `/proc/mtd` may lie beside the dumps without a link to it.
    static let tables = ["proc-mtd.txt", "proc_mtd.txt", "proc-mtd", "mtd.txt"]
}
