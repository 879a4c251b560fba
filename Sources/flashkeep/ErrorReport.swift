import BackupBags
import FlashModel

/// An error as it is told: three lines on standard error, a document on standard output where JSON is wanted.
enum ErrorReport {
    /// What went wrong, whatever was thrown.
    static func error(_ error: any Error) -> FlashkeepError {
        if let error = error as? FlashkeepError { return error }
        return FlashkeepError(
            .internalFault, what: "Something went wrong that should not.", why: SafeText.line("\(error)"),
            next: "Please report this, with what --verbose and --transcript FILE give.")
    }

    /// The three lines.
    static func text(_ error: FlashkeepError, style: TextStyle = .plain) -> String {
        """
        \(style.bad("flashkeep:")) \(SafeText.sentence(error.what))
          \(style.faint("why: ")) \(SafeText.sentence(error.why))
          \(style.faint("next:")) \(SafeText.capitalized(SafeText.line(error.next, limit: 600)))
        """
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

    /// The document.
    static func json(_ error: FlashkeepError) -> String {
        let document = Document(
            error: Document.Content(
                code: error.code.rawValue, what: error.what, why: error.why, next: error.next))
        return (try? JSONText.bytes(of: document, pretty: true)).map { String(decoding: $0, as: UTF8.self) } ?? "{}\n"
    }

    /// Tells it.
    ///
    /// - Parameter asEvent: whether standard error carries events, one JSON object a line.
    static func show(_ error: FlashkeepError, json isJSON: Bool, screen: Screen, asEvent: Bool) {
        if isJSON { StandardOutput.write(json(error)) }
        screen.message(asEvent ? ProgressJSON.line(error) : text(error, style: screen.terminal.errorStyle))
    }
}
