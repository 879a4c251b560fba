package import BoardChannels
import BoardConsoles
package import FlashAccess
package import FlashModel
package import LinuxFlash
private import Synchronization
import UBootFlash

/// Opens a board on a console, whichever registered dialect answers there.
///
/// If the board is switched on, its bootloader is stopped before it starts the system.
package struct ConsoleConnector: BoardConnector {
    package typealias Settings = ConsoleSettings

    private let opener: any ChannelOpening
    private let credentials: Credentials
    private let environment: OperationEnvironment
    private let settings: Settings
    private let dialects: [any ConsoleDialect]
    private let notify: ProgressHandler

    /// - Parameters:
    ///   - notify: receives requests to the user, such as to switch the board on.
    ///   - dialects: in the order in which they are tried; nil means all of ``ConsoleDialects``.
    package init(
        opener: any ChannelOpening, credentials: Credentials, environment: OperationEnvironment,
        settings: Settings = Settings(), dialects: [any ConsoleDialect]? = nil,
        notify: @escaping ProgressHandler = { _ in }
    ) {
        self.opener = opener
        self.credentials = credentials
        self.environment = environment
        self.settings = settings
        self.notify = notify
        self.dialects =
            dialects
            ?? ConsoleDialects.all(settings, credentials: credentials, environment: environment, notify: notify)
    }

    package var address: String { opener.traits.address }

    package func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        try await opener.withChannel { line in
            // What the board prints over the network belongs in the transcript, too.
            let merged = MergedChannel(line)
            let channel = transcript.recording(merged, clock: environment.stopwatch())
            var mayRepeat = true
            while true {
                let identifier = identifier
                let console = Console(channel)
                let responder = try await identifier.find(console)
                guard let dialect = dialects.first(where: { $0.recognizer.name == responder.dialect }) else {
                    throw notSupported(responder.dialect)
                }
                do {
                    let outcome = try await dialect.withBoard(
                        on: AnsweredConsole(
                            console, line: merged, prompt: responder.prompt, identifier: identifier,
                            startLog: responder.startLog)
                    ) { board in
                        mayRepeat = false
                        return try await body(board)
                    }
                    if case .finished(let result) = outcome { return result }
                    mayRepeat = false
                } catch let interruption as BoardInterruption {
                    // Nothing below resumed it: the start of an image cannot be.
                    throw FlashkeepError(
                        .boardLost,
                        what: "\(address) \(interruption.isSystemStart ? "left its bootloader" : "was reset").",
                        why: "It printed: \(PrintableText.escaped(interruption.why, limit: 160))",
                        next: "Check the power supply, then run the same command again.")
                } catch let error as FlashkeepError
                    where error.code == .replyNotUnderstood && mayRepeat && responder.unknownPrompt != nil
                {
                    throw unknown(responder.unknownPrompt ?? [], error)
                } catch let error as FlashkeepError where error.code == .bootloaderAnswers && mayRepeat {
                    // The bootloader was mistaken for a system without a prompt: it was slow, or had just been reset.
                    mayRepeat = false
                } catch let error as FlashkeepError
                    where mayRepeat && [.boardSilent, .noReplyInTime, .replyNotUnderstood].contains(error.code)
                {
                    throw responder.missedCountdown.map { MissedCountdown.adding($0, to: error) } ?? error
                }
            }
        }
    }

    private var identifier: ConsoleIdentifier {
        let notify = notify
        let powerCycle = settings.powerCycle
        return ConsoleIdentifier(
            recognizers: dialects.map(\.recognizer) + ForeignBootloader.all,
            wanted: Set(dialects.filter(\.isWanted).map { $0.recognizer.name }), stopKey: settings.stopKey,
            nonce: environment.nonce, password: credentials.password, timing: settings.timing,
            notify: { notice in
                switch notice {
                case .note(let text): notify(.note(text))
                case .needsPower(let text):
                    guard let powerCycle else { return notify(.request(text)) }
                    notify(.note("\(text) Running the power command."))
                    try await powerCycle()
                }
            })
    }

    private func unknown(_ prompt: [UInt8], _ error: FlashkeepError) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood,
            what: "Something answers at \(address) with the prompt "
                + "\"\(PrintableText.escaped(String(decoding: prompt, as: UTF8.self), limit: 48))\", which Flashkeep does not know.",
            why: error.why,
            next: "If it is a menu or a command line in front of a shell, open the shell first (often: sh). If it is a "
                + "bootloader, let it start its Linux. Please report the prompt.")
    }

    private func notSupported(_ name: String) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "\(name) answers at \(address), but Flashkeep has nothing to work with it.",
            why: "Its dialect is not registered.", next: "Please report this.")
    }
}
