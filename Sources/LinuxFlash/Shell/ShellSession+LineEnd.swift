import BoardChannels
import BoardConsoles

/// Finds out what ends a line.
///
/// A telnetd takes `CR NUL` and `CR LF` for Enter (RFC 854); what it does with a bare line feed is its own affair. Some
/// ignore it. The terminal behind it, and a login or a line editor, take `CR` for Enter as well as `LF`. But the second
/// shell on a raw line takes only `LF`: either it arrives unchanged, or the terminal must go on making it out of `CR`.
extension ShellSession {
    /// Types text whose lines end with a line feed.
    func send(_ text: String, isSecret: Bool = false) async throws {
        let isPlain = lineEnd == Self.lineFeed
        try await console.send(isPlain ? text : text.replacing(Self.lineFeed, with: lineEnd), isSecret: isSecret)
    }

    /// Begins with the Enter key of the channel.
    func chooseEnterKey() { lineEnd = console.channel.enterKey }

    /// Takes the other one of the Enter key and the line feed, after one of them had no effect.
    ///
    /// - Returns: whether there is another one.
    @discardableResult
    func tryOtherLineEnd() -> Bool {
        let key = console.channel.enterKey
        lineEnd = lineEnd == key ? Self.lineFeed : key
        return key != Self.lineFeed
    }

    /// Whether all output since credentials were sent is their echo, not even followed by a new line.
    func isOnlyEcho(_ seen: [UInt8]) -> Bool {
        let text = TerminalText.plain(seen)
        return !text.contains(0x0A) && (text.isEmpty || text.elementsEqual(credentials.user.utf8))
    }

    /// Uses the line feed from now on, if the shell takes it.
    func useLineFeedIfTaken() async throws {
        guard lineEnd != Self.lineFeed else { return }
        let marker = Array("\(dialect.word)L:".utf8)
        try await console.send("echo \(dialect.typedWord)L:\(Self.lineFeed)")
        let isTaken = try await console.bytes(until: marker, silence: timing.probe, limit: 1 << 16) != nil
        if isTaken {
            lineEnd = Self.lineFeed
        } else {
            try await send(Self.lineFeed)
            guard try await console.bytes(until: marker, silence: timing.probe, limit: 1 << 16) != nil else {
                throw lost("asking for a line feed")
            }
        }
        _ = try await console.bytes(until: [0x0A], silence: timing.silence, limit: 16)
    }

    /// Whether the terminal must turn `CR` into a line feed for the second shell, because none arrives as such.
    var needsLineFeedsMade: Bool { lineEnd != Self.lineFeed }

    private static var lineFeed: String { "\n" }
}
