import FlashAccess

/// The result of reading flash into memory: `sf read`, `nand read`, `nand read.raw`, `mtd read`.
///
/// Forms: `SF: 4096 bytes @ 0x0 Read: OK` (`cmd/sf.c`), ` 65536 bytes read: OK` (`cmd/nand.c`), `Reading 131072 byte(s)
/// at offset 0x00100000` and then nothing unless it failed (`cmd/mtd.c`).
package struct UBootReadResult: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        /// U-Boot reports that this many bytes were read.
        case ok(bytes: Int)
        /// Neither success nor failure is printed: `mtd read`, and `sf read` before 2012. The announced number, if any.
        case silent(announced: Int?)
        /// The line that reports the failure.
        case failed(String)
    }

    /// The ECC error behind a failure. `nand read` reports only the second, `mtd read` both (`drivers/mtd/mtdcore.c`,
    /// mtd_read_oob).
    package enum ECCError: Sendable, Hashable {
        /// EUCLEAN, 117: bit flips were corrected.
        case corrected
        /// EBADMSG, 74: there were more bit flips than can be corrected.
        case failed
    }

    package var outcome: Outcome
    /// The ECC error; nil if the failure had another cause. `mtd read` stops at the first such page: that page is in
    /// memory, but no later one.
    package var eccError: ECCError?
    /// The offsets of skipped bad blocks: the data has shifted, and is not what was requested.
    package var skipped: [Int]

    /// Parses the command's output.
    package init(_ reply: UBootReply) {
        skipped = []
        var done: Int?
        var announced: Int?
        var failure: String?
        for line in reply.lines.prefix(5000) {
            let text = line.trimmed
            if let rest = text.after("Skipping bad block ") {
                if let offset = rest.words.last?.hexadecimal, skipped.count < 10_000 { skipped.append(offset) }
            } else if let bytes = Self.done(text) {
                done = bytes
            } else if var rest = text.dropping("Reading "), let bytes = rest.takeDecimal() {
                announced = bytes
            } else if Self.isFailure(text) {
                eccError = eccError ?? Self.eccError(text)
                failure = failure ?? text.string(limit: 160)
            }
        }
        outcome = failure.map(Outcome.failed) ?? done.map { .ok(bytes: $0) } ?? .silent(announced: announced)
    }

    private static func done(_ line: ByteText) -> Int? {
        if var rest = line.dropping("SF: "), line.hasSuffix("Read: OK") { return rest.takeDecimal() }
        // `NAND read:  528 bytes read: OK`, or on a separate line.
        guard let head = line.before(" bytes read: OK") else { return nil }
        return head.words.last?.decimal
    }

    private static func eccError(_ line: ByteText) -> ECCError? {
        guard var number = line.after("failed with error -") ?? line.after(" failed -") else { return nil }
        switch number.takeDecimal() {
        case 117: return .corrected
        case 74: return .failed
        default: return nil
        }
    }

    private static func isFailure(_ line: ByteText) -> Bool {
        for words in [
            "ERROR", "Failure while", "failed with error", " failed -", "exceeds", "is not a number",
            "attempting read past", "Unknown command", "No SPI flash selected", "Attempt to read non",
            "no devices available", "No such device",
            "Unknown nand command", "<INTERRUPT>", "not found", "Usage:", "mtdparts support missing", "outside",
        ]
        where line.contains(words) {
            return true
        }
        return false
    }
}
