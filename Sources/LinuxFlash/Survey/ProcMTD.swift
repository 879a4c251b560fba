import FlashAccess

/// `/proc/mtd`: the table of MTD devices that every kernel with MTD has.
///
/// The kernel prints `dev:    size   erasesize  name`, then a line `mtd%d: %8.8llx %8.8x "%s"` for each device
/// (`drivers/mtd/mtdcore.c`, mtd_proc_show). Names may hold quotes, commas and blanks, repeat, or be empty; nothing is
/// escaped. Numbers may have gaps. Sizes may have more than eight digits.
package struct ProcMTD: Sendable, Hashable {
    /// A line of the table.
    package struct Entry: Sendable, Hashable {
        /// The N of `mtdN`.
        package var index: Int
        /// Bytes; 0 where the kernel disabled a partition.
        package var size: Int
        /// Bytes; of a partition its parent's.
        package var eraseSize: Int
        /// As printed, at most 256 bytes of it.
        package var name: String
    }

    /// By number, ascending, each number once.
    package var entries: [Entry] = []
    /// Whether the line that starts the table was there: the kernel has MTD, even if there is no device.
    package var hasHeader = false
    /// Whether there were more devices than are taken in.
    package var isCut = false
    /// Lines that are neither: a message of the kernel in between, a line torn on its way, a number that was there
    /// before with other values. Any of them may have been a device.
    package var strayLines: [Stray] = []

    /// Numbers that were there more than once, with other values.
    package var contradicted: Set<Int> = []

    /// A line that was not understood.
    package struct Stray: Sendable, Hashable {
        /// The N of `mtdN:` that it begins with; nil where it begins otherwise.
        package var index: Int?
        /// At most 256 bytes of it.
        package var text: String
    }

    /// Parses what `cat /proc/mtd` printed.
    package init(_ reply: LinuxProbeReply) {
        var known: [Int: Entry] = [:]
        for line in reply.lines {
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
