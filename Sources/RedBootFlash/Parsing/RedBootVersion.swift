package import FlashAccess
import FlashModel

/// RedBoot's banner, which `version` repeats: what it is, its RAM, and its flash (`redboot/current/src/main.c`,
/// do_version; `flash.c`, _flash_info).
package struct RedBootVersion: Sendable, Hashable {
    /// A flash chip as it is mapped into the address space.
    package struct Chip: Sendable, Hashable {
        package let start: UInt64
        /// The printed end: the first address behind the chip, its last address, or one block less than either.
        package let printedEnd: UInt64
        /// The runs of equal erase blocks, in order: their number and size in bytes.
        package let regions: [Region]

        package struct Region: Sendable, Hashable {
            package let count: Int
            package let size: Int
        }

        /// The size in bytes: the blocks are believed, because the printed end differs between drivers.
        package var size: Int { regions.map { $0.count * $0.size }.saturatingSum() }
        package var range: Range<UInt64> { start..<start + UInt64(size) }
        /// The size of all erase blocks; nil if they differ.
        package var blockSize: Int? {
            let sizes = Set(regions.map(\.size))
            return sizes.count == 1 ? sizes.first : nil
        }

        /// Whether the printed end fits the blocks.
        package var isConsistent: Bool {
            let end = range.upperBound
            return regions.contains { region in
                let last = end &- UInt64(region.size)
                // In 32 bits, the end of the address space is 0.
                return [end % RedBootCommands.addressLimit, end &- 1, last, last &- 1].contains(printedEnd)
            }
        }
    }

    /// The line with the version: `Non-certified release, version UNKNOWN - built 00:37:53, Nov 30 2026`.
    package private(set) var release: String?
    /// How it was started, as printed in brackets: `ROM`, `ROMRAM`, `RAM`.
    package private(set) var startup: String?
    package private(set) var platform: String?
    /// Vendors' own line: `Board: ap51`.
    package private(set) var board: String?
    /// All of the first segment of RAM.
    package private(set) var memory: Range<UInt64>?
    /// The parts of RAM that RedBoot does not use.
    package private(set) var freeMemory: [Range<UInt64>] = []
    package private(set) var chips: [Chip] = []
    /// The lines about flash that were not understood.
    package private(set) var strayLines: [String] = []

    /// The most chips; real boards have one or two.
    private static let mostChips = 8

    /// nil if the reply has no banner.
    package init?(_ reply: ConsoleReply) {
        let lines = reply.lines.map(\.trimmed)
        guard let title = lines.first(where: { $0.hasPrefix("RedBoot(tm) ") }) else { return nil }
        startup = title.after("[")?.before("]")?.string(limit: 20)
        for line in lines {
            if release == nil, line.contains("version "), line.contains(" - built ") {
                release = line.string(limit: 120)
            } else if let text = line.dropping("Platform:")?.trimmed, !text.isEmpty {
                platform = text.string(limit: 80)
            } else if let text = line.dropping("Board:")?.trimmed, !text.isEmpty {
                board = text.string(limit: 80)
            } else if let text = line.dropping("RAM:") {
                takeMemory(text)
            } else if let text = line.dropping("FLASH:") {
                if let chip = Self.chip(text.trimmed), chips.count < Self.mostChips {
                    chips.append(chip)
                } else {
                    strayLines.append(line.string(limit: 120))
                }
            }
        }
    }

    /// `0x80000400-0x82000000, [0x8000cc60-0x81ee1000] available`; without brackets in 2003, without the comma in 2012.
    private mutating func takeMemory(_ text: ByteText) {
        let ranges = text.bytes.split { ", []".utf8.contains($0) }.compactMap { Self.range(ByteText($0)) }
        guard let whole = ranges.first else { return }
        if memory == nil { memory = whole }
        freeMemory += ranges.dropFirst().prefix(8).filter { $0.clamped(to: whole) == $0 }
    }

    private static func range(_ text: ByteText) -> Range<UInt64>? {
        guard text.hasPrefix("0x"), let start = text.before("-")?.address, let end = text.after("-")?.address,
            start < end, end <= RedBootCommands.addressLimit
        else { return nil }
        return start..<end
    }

    /// `0xbe000000 - 0xbe400000, 64 blocks of 0x00010000 bytes each.`, or since 2009
    /// `0xbe000000-0xbe3fffff, 64 x 0x10000 blocks`, with further runs of blocks.
    private static func chip(_ text: ByteText) -> Chip? {
        guard let head = text.before(","), let tail = text.after(","), let start = head.before("-")?.trimmed.address,
            let end = head.after("-")?.trimmed.address, head.hasPrefix("0x")
        else { return nil }
        var regions: [Chip.Region] = []
        for part in tail.split(0x2C, most: 16) {
            let words = part.words
            let region: Chip.Region?
            if words.count >= 5, words[1] == ByteText("blocks"), words[2] == ByteText("of") {
                region = self.region(words[0], words[3])
            } else if words.count >= 4, words[1] == ByteText("x"), words[3] == ByteText("blocks") {
                region = self.region(words[0], words[2])
            } else {
                region = nil
            }
            guard let region else { return nil }
            regions.append(region)
        }
        var size = 0
        for region in regions {
            guard let part = region.count.times(region.size), let sum = size.plus(part) else { return nil }
            size = sum
        }
        guard size > 0, let last = start.plus(size), last <= RedBootCommands.addressLimit,
            end <= RedBootCommands.addressLimit
        else { return nil }
        return Chip(start: start, printedEnd: end, regions: regions)
    }

    /// A number of blocks of a size, which is a power of two from 256 bytes to 64 MiB.
    private static func region(_ count: ByteText, _ size: ByteText) -> Chip.Region? {
        guard let count = count.decimal, let size = size.hexadecimal, count > 0, (256...64 << 20).contains(size),
            size.nonzeroBitCount == 1
        else { return nil }
        return Chip.Region(count: count, size: size)
    }
}
