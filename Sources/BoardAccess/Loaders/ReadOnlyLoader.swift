import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import LoaderConsoles
private import Synchronization
import UBootFlash

/// A bootloader on a console through which Flashkeep only reads.
struct ReadOnlyLoader: ConsoleDialect {
    private let loader: any LoaderDialect
    private let settings: ConsoleSettings
    private let notify: ProgressHandler
    private let open: @Sendable (LoaderSession) -> any FlashBoard
    /// What the board printed at the first start that was seen, for all connections: later ones may find it at its
    /// prompt, and its flash is as large as before.
    private let startLog = FirstStartLog()

    /// - Parameter open: makes the board of a session.
    init(
        _ loader: any LoaderDialect, _ settings: ConsoleSettings, notify: @escaping ProgressHandler,
        open: @escaping @Sendable (LoaderSession) -> any FlashBoard
    ) {
        self.loader = loader
        self.settings = settings
        self.notify = notify
        self.open = open
    }

    var recognizer: any DialectRecognizer { LoaderRecognizer(loader) }

    func withBoard<Result: Sendable>(
        on answered: AnsweredConsole, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> DialectOutcome<Result> {
        let prompt = try answered.prompt(of: loader.name)
        if settings.rate != nil { notify(.note("\(loader.name) answers: its console keeps its rate")) }
        if let via = settings.via, via.uboot != .line {
            throw via.refusal(by: loader.name, with: [UBootReadMethod.line.rawValue])
        }
        let session = LoaderSession(
            answered.console, loader, prompt: prompt, identifier: answered.identifier,
            startLog: startLog.first(answered.startLog))
        return .finished(try await body(open(session)))
    }
}

/// The first start log that was not empty.
private final class FirstStartLog: Sendable {
    private let kept = Mutex<[UInt8]>([])

    func first(_ log: [UInt8]) -> [UInt8] {
        kept.withLock { kept in
            if kept.isEmpty { kept = log }
            return kept
        }
    }
}
