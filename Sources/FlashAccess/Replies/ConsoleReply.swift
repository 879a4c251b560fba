import BoardConsoles

/// A bootloader's output for a command, without the echo and the next prompt.
///
/// Either may still be present; no parser misinterprets them.
package struct ConsoleReply: Sendable, Hashable {
    /// The exact bytes, with the line ends of the board.
    package var output: [UInt8]

    package init(output: [UInt8]) {
        self.output = output
    }

    package init(text: String) {
        self.init(output: Array(text.utf8))
    }

    /// The output without a prompt at its end.
    package func without(_ prompt: [UInt8]) -> [UInt8] {
        output.suffix(prompt.count).elementsEqual(prompt) ? Array(output.dropLast(prompt.count)) : output
    }

    /// The lines, without line ends, escape sequences and control characters, within ``BoardLimits``.
    package var lines: [ByteText] {
        TerminalText.plain(output.prefix(BoardLimits.replyBytes))
            .split(separator: 0x0A, maxSplits: BoardLimits.lines, omittingEmptySubsequences: false)
            .prefix(BoardLimits.lines)
            .map { ByteText($0.prefix(BoardLimits.lineBytes)) }
    }

    /// Whether its last complete line begins with a text and continues after it.
    package func hasLine(beginningWith text: String) -> Bool {
        let tail = output.suffix(200)
        guard let end = tail.lastIndex(of: 0x0A) else { return false }
        let line = tail[..<end].split { $0 == 0x0A || $0 == 0x0D }.last ?? []
        return line.starts(with: text.utf8) && line.count > text.utf8.count
    }
}
