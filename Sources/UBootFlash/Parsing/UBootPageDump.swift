import FlashAccess
import FlashModel

/// A page with its OOB bytes, by what `nand dump` and `mtd dump` print.
///
/// `nand dump` (`cmd/nand.c`, nand_dump): `Page 00000000 dump:` and lines of 16 bytes behind a tab, a wide gap in the
/// middle, then `OOB:` and lines of 8. Since 2025.10 `Page at offset 00000000 dump:` and lines as of `md`, with
/// characters. `mtd dump` (`cmd/mtd.c`): `0x00000000:\t…` lines behind `Dump 64 data bytes from 0x0:`, and
/// `Dump 16 OOB bytes from page at 0x0:`; it prints whole lines of 16 even when fewer were asked for.
/// Before 2025.10 nothing on a line checks its digits: read twice.
package struct UBootPageDump: Sendable, Hashable {
    /// Bytes from the start of the device; nil where no line told.
    package var offset: Int?
    package var data: [UInt8]
    package var oob: [UInt8]
    /// Lines that look like bytes and are damaged, or whose address does not follow the line before: one was lost.
    package var rejected: [String]
    /// Whether nothing was rejected, and there are as many bytes as were announced, where that was said (`mtd dump`).
    package var isWhole: Bool

    /// Parses a reply; nil where it is no dump.
    package init?(_ reply: UBootReply) {
        data = []
        oob = []
        rejected = []
        isWhole = false
        // The address that the next line must have, where lines have addresses.
        var expected: Int?
        var isStarted = false
        var isOOB = false
        var dataLimit: Int?
        var oobLimit: Int?
        for line in reply.lines {
            let text = line.trimmed
            if text.isEmpty { continue }
            if let rest = text.dropping("Page at offset ") ?? text.dropping("Page "), let word = rest.before(" dump:") {
                // A second page begins: what is asked for is one.
                if isStarted { break }
                isStarted = true
                offset = word.hexadecimal
                expected = offset
            } else if var rest = text.dropping("Dump "), let count = rest.takeDecimal() {
                isStarted = true
                isOOB = rest.hasPrefix(" OOB bytes")
                expected = isOOB ? 0 : rest.after(" from ")?.before(":")?.hexadecimal
                if isOOB {
                    oobLimit = (oobLimit ?? oob.count).plus(count)
                } else {
                    dataLimit = (dataLimit ?? data.count).plus(count)
                    if offset == nil, let at = rest.after(" from ")?.before(":") { offset = at.hexadecimal }
                }
            } else if text == ByteText("OOB:") {
                isOOB = true
                expected = 0
            } else if isStarted, let bytes = Self.bytes(line), Self.address(text).map({ $0 == expected }) ?? true {
                expected = expected?.plus(bytes.count)
                if data.count + oob.count > BoardLimits.replyBytes { break }
                if isOOB { oob += bytes } else { data += bytes }
            } else if isStarted, text.words.first?.isHexadecimal(digits: 2) == true || Self.hasAddress(text),
                rejected.count < BoardLimits.warnings
            {
                rejected.append(text.string(limit: 120))
            }
        }
        isWhole = rejected.isEmpty && data.count >= dataLimit ?? 0 && oob.count >= oobLimit ?? 0
        if let dataLimit { data = Array(data.prefix(dataLimit)) }
        if let oobLimit { oob = Array(oob.prefix(oobLimit)) }
        if !isStarted { return nil }
    }

    private static func address(_ text: ByteText) -> Int? {
        text.before(":").flatMap { $0.bytes.count >= 8 ? $0.hexadecimal : nil }
    }

    private static func hasAddress(_ text: ByteText) -> Bool { address(text) != nil }

    /// The bytes of a line in any of the forms.
    private static func bytes(_ line: ByteText) -> [UInt8]? {
        if hasAddress(line), !line.hasPrefix("0x") {
            let dump = UBootMemoryDump(UBootReply(output: Array(line.bytes)), width: .byte)
            return dump.lines.first?.value
        }
        let text = hasAddress(line) ? line.after(":") : line
        guard let words = text?.words, words.count == 16 || words.count == 8 else { return nil }
        var result: [UInt8] = []
        for word in words {
            guard word.isHexadecimal(digits: 2), let value = word.hexadecimal else { return nil }
            result.append(UInt8(truncatingIfNeeded: value))
        }
        return result
    }
}
