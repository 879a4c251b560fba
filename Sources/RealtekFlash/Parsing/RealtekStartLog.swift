package import FlashAccess
import FlashModel

/// What Realtek's loader prints when it starts (logs of owners; `main.c`, showBoardInfo; `spi_flash.c`).
package struct RealtekStartLog: Sendable, Hashable {
    /// `RTL8196E`.
    package private(set) var processor: String?
    /// `v1.3`, `version v1.1c`, with its date before it.
    package private(set) var version: String?
    /// In bytes: of `4.Winbond SPI (4 MByte)!`, `Found 1 x 2M flash memory`, or the table of newer builds. nil if there is
    /// none, or they differ.
    package private(set) var size: Int?
    /// The bytes of a sector of serial NOR.
    package private(set) var sectorSize: Int?
    /// Whether it is parallel NOR.
    package private(set) var isParallel = false
    /// The type of the chip, if it is named.
    package private(set) var chip: String?

    private var sizes: Set<Int> = []

    package init(_ log: ConsoleReply) {
        var lines = log.lines.prefix(400).map(\.trimmed)[...]
        while let line = lines.popFirst() {
            takeIdentity(line)
            takeSize(line, next: lines.first)
        }
        size = sizes.count == 1 ? sizes.first : nil
    }

    /// `---RealTek(RTL8196E)at 2014.04.22-16:22+0800 v1.3 [16bit](400MHz)`.
    private mutating func takeIdentity(_ line: ByteText) {
        guard let rest = line.dropping("---RealTek("), let chip = rest.before(")") else { return }
        processor = chip.string(limit: 32)
        version = (rest.after(")at ") ?? rest.after(") at "))?.before(" [")?.trimmed.string(limit: 60)
    }

    private mutating func takeSize(_ line: ByteText, next: ByteText?) {
        if var rest = line.after(" SPI ("), let megabytes = rest.takeDecimal(), rest.hasPrefix(" MByte)") {
            add(megabytes, shift: 20)
            chip = line.before(" SPI (")?.words.first?.after(".")?.string(limit: 32)
        } else if var rest = line.dropping("Found "), let count = rest.takeDecimal(), rest.take(" x "),
            let megabytes = rest.takeDecimal(), rest.hasPrefix("M flash memory"), let whole = megabytes.times(count)
        {
            isParallel = true
            add(whole, shift: 20)
        } else if line.contains("sector=4KB") {
            sectorSize = 4 << 10
        } else if line.words.last == ByteText("chipSize"), let next {
            takeRow(line, next) { log, name, value in
                if name == "chipSize" { log.add(value, shift: 0) }
            }
        } else if line.words.last == ByteText("chipName"), let next {
            takeRow(line, next) { log, name, value in
                if name == "sec_size", value > 0 { log.sectorSize = value }
            }
            chip = next.words.last?.string(limit: 32)
        }
    }

    private mutating func add(_ value: Int, shift: Int) {
        guard value > 0, value <= (1 << 30) >> shift else { return }
        sizes.insert(value << shift)
    }

    /// A row of the table of newer builds: names, and below them as many numbers, `1000000h`.
    private mutating func takeRow(
        _ names: ByteText, _ numbers: ByteText, _ take: (inout Self, String, Int) -> Void
    ) {
        let (names, numbers) = (names.words, numbers.words)
        guard names.count == numbers.count else { return }
        for (name, number) in zip(names, numbers) where number.hasSuffix("h") {
            guard let value = ByteText(number.bytes.dropLast()).hexadecimal else { continue }
            take(&self, name.string(), value)
        }
    }
}
