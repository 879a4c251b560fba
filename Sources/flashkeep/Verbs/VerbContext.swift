import BackupBags
import BoardChannels
import FlashAccess
import FlashModel
import Synchronization

/// The environment of a verb: the terminal, the clock, and the user's output preferences.
struct VerbContext: Sendable {
    let screen: Screen
    let progress: ProgressFace
    let environment: OperationEnvironment
    /// Whether the result is printed as one JSON document.
    let isJSON: Bool
    let isVerbose: Bool
    /// The transcript of the connection to a board, if there is one.
    let transcript = Transcript()

    /// Holds a transcript for the check at the end.
    final class Transcript: Sendable {
        private let log = Mutex<TranscriptLog?>(nil)

        func set(_ log: TranscriptLog) { self.log.withLock { $0 = log } }

        /// - Throws: ``FlashkeepError`` if the copy that the user asked for is incomplete.
        func check() throws { try log.withLock { $0 }?.checkCopy() }
    }

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
