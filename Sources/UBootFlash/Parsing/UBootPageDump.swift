import FlashAccess
import FlashModel

/// A page with its OOB bytes, as printed by `nand dump` and `mtd dump`.
///
/// `nand dump` (`cmd/nand.c`, nand_dump) prints `Page 00000000 dump:` and lines of 16 bytes after a tab, with a wide
/// gap in the middle, then `OOB:` and lines of 8. Since 2025.10 it prints `Page at offset 00000000 dump:` and lines
/// like those of `md`, with characters. `mtd dump` (`cmd/mtd.c`) prints `0x00000000:\t…` lines after `Dump 64 data
/// bytes from 0x0:` and `Dump 16 OOB bytes from page at 0x0:`, and always whole lines of 16, even if fewer bytes were
/// requested. Before 2025.10 nothing on a line checks its digits, so read twice.
package struct UBootPageDump: Sendable, Hashable {
    /// The offset in bytes from the start of the device; nil if not printed.
    package var offset: Int?
    package var data: [UInt8]
    package var oob: [UInt8]
    /// Lines that look like bytes but are damaged, or whose address does not follow the previous line, so that one was
    /// lost.
    package var rejected: [String]
    /// Whether no line was rejected, and no announced bytes are missing (`mtd dump` announces their number).
    package var isWhole: Bool

    /// Parses a reply; nil if it is not a dump.
    package init?(_ reply: UBootReply) {
        data = []
        oob = []
        rejected = []
        isWhole = false
        // The expected address of the next line, if lines have addresses.
        var expected: Int?
        var isStarted = false
        var isOOB = false
        var dataLimit: Int?
        var oobLimit: Int?
        for line in reply.lines {
            let text = line.trimmed
            if text.isEmpty { continue }
            if let rest = text.dropping("Page at offset ") ?? text.dropping("Page "), let word = rest.before(" dump:") {
                // A second page begins, but only one was requested.
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

    /// The bytes of a line in any of these forms.
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
