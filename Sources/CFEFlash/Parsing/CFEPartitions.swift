package import FlashAccess

/// The partitions of NAND that `fi` lists (notes of owners of NB6VAC).
///
/// `1 : rootfs1 offset=0x00020000, size=33947648 (32 Mo), blocks=259`, and in the end `flash_end   offset=0x07f00400,
/// blocks=1024`, whose number of blocks is that of the chip.
package struct CFEPartitions: Sendable, Hashable {
    package struct Part: Sendable, Hashable {
        package var name: String
        /// Bytes from the start of the chip.
        package var offset: Int
        /// In bytes.
        package var size: Int
    }

    package private(set) var parts: [Part] = []
    /// The number of the chip's erase blocks; nil if not printed.
    package private(set) var blocks: Int?
    /// The bytes of an erase block, as all partitions have it; nil if they do not agree.
    package private(set) var blockSize: Int?
    package private(set) var strayLines: [String] = []

    /// nil if the reply lists nothing.
    package init?(_ reply: ConsoleReply) {
        var sizes: Set<Int> = []
        for line in reply.lines.map(\.trimmed) where line.contains("offset=") {
            if let rest = line.dropping("flash_end") {
                blocks = rest.after("blocks=")?.decimal
                continue
            }
            guard let part = Self.part(line) else {
                if strayLines.count < 8 { strayLines.append(line.string(limit: 120)) }
                continue
            }
            guard parts.count < BoardLimits.devices else { break }
            parts.append(part.part)
            sizes.insert(part.part.size / part.blocks)
        }
        if sizes.count == 1 { blockSize = sizes.first }
        if parts.isEmpty, blocks == nil { return nil }
    }

    private static func part(_ line: ByteText) -> (part: Part, blocks: Int)? {
        var line = line
        guard line.takeDecimal() != nil, let rest = line.after(": "), let name = rest.before("offset=")?.trimmed,
            !name.isEmpty, var place = rest.after("offset="), let offset = place.takeHexadecimal(),
            var count = place.dropping(", size="), let size = count.takeDecimal(),
            let blocks = (count.after("blocks=") ?? count.after("block="))?.decimal, blocks > 0, size > 0,
            size % blocks == 0
        else { return nil }
        return (Part(name: name.name(), offset: offset, size: size), blocks)
    }
}
