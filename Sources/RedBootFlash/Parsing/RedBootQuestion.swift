package import FlashAccess

/// A question that a command is expected to ask, word for word. It is answered with `y` only if it says what was meant;
/// anything else is answered with ^C, which is no.
package struct RedBootQuestion: Sendable, Hashable {
    /// All lines that the command prints up to the question, without empty ones.
    package let lines: [String]

    /// The question of `fis write` (`redboot/current/src/flash.c`, fis_write). Its end is the last byte.
    static func write(at flash: UInt64, from memory: UInt64, count: UInt64) -> RedBootQuestion? {
        let (last, overflow) = flash.addingReportingOverflow(count &- 1)
        guard count > 0, !overflow else { return nil }
        let digits = RedBootCommands.digits
        return RedBootQuestion(lines: [
            "* CAUTION * about to program FLASH",
            "            at 0x\(digits(flash))..0x\(digits(last)) from 0x\(digits(memory)) - continue (y/n)? ",
        ])
    }

    /// Whether a reply is this question and nothing else.
    package func isAsked(in reply: ConsoleReply) -> Bool {
        reply.lines.filter { !$0.trimmed.isEmpty }.map { $0.string() } == lines
    }
}
