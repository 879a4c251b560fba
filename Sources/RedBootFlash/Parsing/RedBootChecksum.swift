package import FlashAccess

/// The reply to `cksum`: `POSIX cksum = 548231717 65536 (0x20ad5a25 0x00010000)`
/// (`redboot/current/src/mcmp.c`, do_cksum).
package struct RedBootChecksum: Sendable, Hashable {
    package let value: UInt32
    /// The number of bytes.
    package let count: Int

    /// nil if the reply is not one line whose decimal and hexadecimal numbers agree.
    package init?(_ reply: ConsoleReply) {
        let lines = reply.lines.map(\.trimmed).filter { !$0.isEmpty }
        guard lines.count == 1, let rest = lines[0].dropping("POSIX cksum = ") else { return nil }
        let words = rest.words
        guard words.count == 4, let sum = words[0].decimal, let value = UInt32(exactly: sum),
            let count = words[1].decimal, words[2].dropping("(")?.address == UInt64(value),
            words[3].beforeLast(0x29)?.address == UInt64(exactly: count), words[3].hasSuffix(")")
        else { return nil }
        self.value = value
        self.count = count
    }
}
