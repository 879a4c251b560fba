import BackupBags
import FlashAccess
import FlashModel

/// The environment of a verb: the terminal, the clock, and the user's output preferences.
struct VerbContext: Sendable {
    let screen: Screen
    let progress: ProgressFace
    let environment: OperationEnvironment
    /// Whether the result is printed as one JSON document.
    let isJSON: Bool
    let isVerbose: Bool

    /// The style of text on standard output.
    var style: TextStyle { screen.terminal.outputStyle }

    /// Whether the user can be asked.
    var mayAsk: Bool { !isJSON }

    /// The progress handler for operations.
    var handler: ProgressHandler {
        let progress = progress
        return { progress.take($0) }
    }

    /// Prints a warning on standard error.
    func warn(_ text: String) { progress.take(.warning(text)) }

    /// Prints the result: the document if JSON was requested, otherwise the text.
    func give(_ document: some Encodable, text: () -> String) throws {
        progress.end()
        guard isJSON else {
            StandardOutput.write(text())
            return
        }
        StandardOutput.write(try JSONText.bytes(of: document, pretty: true))
    }
}
