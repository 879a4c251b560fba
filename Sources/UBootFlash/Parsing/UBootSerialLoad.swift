import FlashAccess

/// The result of `loadx`, `loady` or `loadb` (`cmd/load.c`).
package enum UBootSerialLoad: Sendable, Hashable {
    /// `## Total Size      = 0x00001388 = 5000 Bytes`. XMODEM rounds up to its block of 128 or 1024 bytes.
    case done(bytes: Int)
    /// `## Binary (ymodem) download aborted`, or a protocol error.
    case failed

    /// Parses the output; nil if the command has not ended, or is a different one.
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
