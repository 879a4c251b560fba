import BoardConsoles
import FlashModel

/// Tells a shell from a vendor's command line that has a shell run single commands, such as those of some ISPs' routers:
/// there an echo is answered, but nothing is kept from one line to the next.
extension ShellSession {
    /// Requires that the lines of this terminal share a shell, and starts one where the command line lists `sh`.
    ///
    /// - Throws: ``FlashkeepError`` with `replyNotUnderstood`.
    func expectOneShell() async throws {
        if try await keepsVariables() != false { return }
        if try await listsShell() {
            try await send("sh\n")
            _ = try await console.collect(quiet: timing.quiet)
            undo?.hasOwnShell = true
            if try await keepsVariables() == true { return }
        }
        throw separateShells()
    }

    /// Whether a variable survives its line; nil if the answers, on a bad line, do not tell.
    private func keepsVariables() async throws -> Bool? {
        let value = String(dialect.word.suffix(6))
        var answers = 0
        for attempt in 1...Self.attempts {
            try await send("FKV=\(value)\necho \(dialect.typedWord)V\(attempt):$FKV:\n")
            let marker = Array("\(dialect.word)V\(attempt):".utf8)
            let end = [UInt8(ascii: ":")]
            guard
                try await console.bytes(until: marker, silence: timing.probe, limit: 1 << 16) != nil,
                let kept = try await console.bytes(until: end, silence: timing.probe, limit: 64)
            else { continue }
            _ = try await console.bytes(until: [0x0A], silence: timing.probe, limit: 64)
            if kept.elementsEqual(value.utf8) { return true }
            // A bad line damages the value; only a line that is lost as a whole removes it.
            guard kept.isEmpty || kept.elementsEqual("$FKV".utf8) else { return nil }
            answers += 1
        }
        return answers == Self.attempts ? false : nil
    }

    private static var attempts: Int { 3 }

    /// Whether the command line's own list of commands has `sh`.
    private func listsShell() async throws -> Bool {
        try await send("help\n")
        let list = TerminalText.plain(try await console.collect(quiet: timing.quiet, longest: timing.probe))
        return String(decoding: list, as: UTF8.self).split(whereSeparator: \.isNewline).contains { line in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "," })
            // One command a line, with or without a description; or commands only.
            return words.first == "sh" || (words.contains("sh") && words.allSatisfy { $0.count <= 16 })
        }
    }
}
