import BackupBags
import FlashModel
import Operations

/// Reports an error: three lines on standard error, and a document on standard output if JSON was requested.
enum ErrorReport {
    /// Converts any thrown error.
    static func error(_ error: any Error) -> FlashkeepError {
        if let error = error as? FlashkeepError { return error }
        return FlashkeepError(
            .internalFault, what: "An unexpected error occurred.", why: SafeText.line("\(error)"),
            next: "Please report this, with the output of --verbose and --transcript FILE.")
    }

    /// The three lines.
    ///
    /// - Parameter width: the number of columns to fold them to, for a terminal; nil does not fold them.
    static func text(_ error: FlashkeepError, width: Int? = nil, style: TextStyle = .plain) -> String {
        let parts = [
            ("flashkeep:", style.bad("flashkeep:"), SafeText.sentence(error.what), "  "),
            ("  why: ", "  " + style.faint("why: "), SafeText.sentence(error.why), "        "),
            ("  next:", "  " + style.faint("next:"), SafeText.advice(error.next), "        "),
        ]
        return parts.flatMap { plain, styled, text, indent in
            var lines =
                width.map { Paragraphs.folded("\(text)", width: $0, first: plain + " ", next: indent) }
                ?? ["\(plain) \(text)"]
            // Colours take no columns, so they are added after folding.
            lines[0] = styled + lines[0].dropFirst(plain.count)
            return lines
        }.joined(separator: "\n")
    }

    private struct Document: Encodable {
        struct Content: Encodable {
            var code: String
            var what: String
            var why: String
            var next: String
        }

        var formatVersion = 1
        var error: Content
    }

    /// The JSON document.
    static func json(_ error: FlashkeepError) -> String {
        let document = Document(
            error: Document.Content(
                code: error.code.rawValue, what: error.what, why: error.why, next: error.next))
        return (try? JSONText.bytes(of: document, pretty: true)).map { String(decoding: $0, as: UTF8.self) } ?? "{}\n"
    }

    /// Prints the report.
    ///
    /// - Parameter asEvent: whether standard error carries events, one JSON object per line.
    static func show(_ error: FlashkeepError, json isJSON: Bool, screen: Screen, asEvent: Bool) {
        if isJSON { StandardOutput.write(json(error)) }
        screen.message(
            asEvent
                ? ProgressJSON.line(error) : text(error, width: screen.foldingWidth, style: screen.terminal.errorStyle))
    }
}
