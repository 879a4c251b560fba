/// `/proc/mtd`: the table of MTD devices in every kernel with MTD.
///
/// The kernel prints `dev: size erasesize name`, then a line `mtd%d: %8.8llx %8.8x "%s"` for each device
/// (`drivers/mtd/mtdcore.c`, mtd_proc_show). Names may contain quotes, commas and spaces, repeat, or be empty; nothing
/// is escaped. Numbers may have gaps. Sizes may have more than eight digits.
package struct ProcMTD: Sendable, Hashable {
    /// A line of the table.
    package struct Entry: Sendable, Hashable {
        /// The N of `mtdN`.
        package var index: Int
        /// The size in bytes; 0 if the kernel disabled the partition.
        package var size: Int
        /// The erase block size in bytes; for a partition, its parent's.
        package var eraseSize: Int
        /// The name as printed, at most 256 bytes.
        package var name: String
    }

    /// The devices by number, ascending and unique.
    package var entries: [Entry] = []
    /// Whether the table's header was found: the kernel has MTD, even if there is no device.
    package var hasHeader = false
    /// Whether there were more devices than the limit.
    package var isCut = false
    /// Lines that could not be parsed: an interleaved kernel message, a line damaged in transfer, a repeated number
    /// with other values. Each may have been a device.
    package var strayLines: [Stray] = []

    /// Numbers that occurred more than once, with different values.
    package var contradicted: Set<Int> = []

    /// A line that could not be parsed.
    package struct Stray: Sendable, Hashable {
        /// The N of `mtdN:` at its start; nil if it starts with something else.
        package var index: Int?
        /// At most 256 bytes of the line.
        package var text: String
    }

    /// Parses the output of `cat /proc/mtd`.
    package init(_ output: [UInt8]) {
        var known: [Int: Entry] = [:]
        for line in ByteText.lines(of: output) {
            let text = line.trimmed
            if text.isEmpty { continue }
            if text.hasPrefix("dev:"), text.contains("erasesize") {
                hasHeader = true
            } else if let entry = Self.entry(text) {
                if known[entry.index] == nil, known.count >= BoardLimits.devices {
                    isCut = true
                } else if let other = known[entry.index], other != entry {
                    contradicted.insert(entry.index)
                    strayLines.append(Self.stray(text))
                } else {
                    known[entry.index] = entry
                }
            } else {
                strayLines.append(Self.stray(text))
            }
        }
        entries = known.values.sorted { $0.index < $1.index }
        strayLines = Array(strayLines.prefix(BoardLimits.lines))
    }

    private static func stray(_ line: ByteText) -> Stray {
        var rest = line
        guard rest.take("mtd"), let index = rest.takeDecimal(), rest.take(":") else {
            return Stray(index: nil, text: line.name())
        }
        return Stray(index: index, text: line.name())
    }

    private static func entry(_ line: ByteText) -> Entry? {
        var rest = line
        guard rest.take("mtd"), let index = rest.takeDecimal(), index <= 65_535, rest.take(":") else { return nil }
        rest.takeBlanks()
        guard let size = rest.takeHexadecimal(), rest.take(" ") else { return nil }
        rest.takeBlanks()
        guard let eraseSize = rest.takeHexadecimal(), rest.take(" ") else { return nil }
        rest.takeBlanks()
        guard rest.hasPrefix("\""), rest.hasSuffix("\""), let name = rest.quoted else { return nil }
        return Entry(index: index, size: size, eraseSize: eraseSize, name: name.name())
    }
}
