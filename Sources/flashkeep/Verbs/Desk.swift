import BackupBags
import FlashAccess
import FlashModel

/// What a verb works with: the terminal, the clock, and how the user wants to be told.
struct Desk: Sendable {
    let screen: Screen
    let progress: ProgressFace
    let environment: OperationEnvironment
    /// Whether the result is to be one JSON document.
    let isJSON: Bool
    let isVerbose: Bool

    /// How text for standard output is drawn.
    var style: TextStyle { screen.terminal.outputStyle }

    /// Whether somebody is there to be asked.
    var mayAsk: Bool { !isJSON }

    /// For operations.
    var handler: ProgressHandler {
        let progress = progress
        return { progress.take($0) }
    }

    /// Says something on standard error that is worth worrying about.
    func warn(_ text: String) { progress.take(.warning(text)) }

    /// Prints the result: the document where JSON is wanted, else the text.
    func give(_ document: some Encodable, text: () -> String) throws {
        progress.end()
        guard isJSON else {
            StandardOutput.write(text())
            return
        }
        StandardOutput.write(try JSONText.bytes(of: document, pretty: true))
    }
}
