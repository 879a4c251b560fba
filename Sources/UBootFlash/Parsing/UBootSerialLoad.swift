import FlashAccess

/// How `loadx`, `loady` or `loadb` ended (`cmd/load.c`).
package enum UBootSerialLoad: Sendable, Hashable {
    /// `## Total Size      = 0x00001388 = 5000 Bytes`. XMODEM rounds up to its block of 128 or 1024 bytes.
    case done(bytes: Int)
    /// `## Binary (ymodem) download aborted`, or an error of the protocol.
    case failed

    /// Parses what was printed; nil where it has not ended, or is none of these commands.
    package init?(_ reply: UBootReply) {
        for line in reply.lines.prefix(1000) {
            if let rest = line.after("## Total Size"), let words = rest.after("=")?.words, words.count >= 3,
                let size = words[0].hexadecimal, words[2].decimal == size
            {
                self = .done(bytes: size)
                return
            }
            if line.contains("download aborted") || line.contains("xyzModem - ") && line.contains("error") {
                self = .failed
                return
            }
        }
        return nil
    }
}
