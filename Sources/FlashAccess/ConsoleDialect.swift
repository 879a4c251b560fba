package import BoardChannels
package import BoardConsoles
private import FlashModel

/// A dialect that may answer on a console, and the board behind it.
///
/// Dialects are registered in a list; ``BoardConsoles/ConsoleIdentifier`` finds out which one answers.
package protocol ConsoleDialect: Sendable {
    /// A new recognizer of this dialect.
    var recognizer: any DialectRecognizer { get }

    /// Whether only this dialect, and others that say the same, will do: if a system is running, wait until the board
    /// restarts.
    var isWanted: Bool { get }

    /// Runs the body with the board on a console where this dialect answers.
    ///
    /// Always leaves the console in order.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `bootloaderAnswers` if another dialect answers after all (the body
    ///   has not run then); errors of the line; what the body throws.
    func withBoard<Result: Sendable>(
        on answered: AnsweredConsole, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> DialectOutcome<Result>
}

extension ConsoleDialect {
    package var isWanted: Bool { false }
}

/// The result of handing a console to a dialect.
package enum DialectOutcome<Result: Sendable>: Sendable {
    /// The body ran.
    case finished(Result)
    /// Another dialect answers from now on: a bootloader started a system.
    case handedOver
}

/// A console whose dialect is known.
package struct AnsweredConsole {
    package let console: Console
    /// The console's channel, which can merge further input.
    package let line: MergedChannel
    /// The prompt, byte for byte; nil if the dialect needs none.
    package let prompt: [UInt8]?
    /// Finds the prompt again after a reset.
    package let identifier: ConsoleIdentifier
    /// What the board printed before it answered; empty if it was waiting at its prompt.
    package let startLog: [UInt8]

    package init(
        _ console: Console, line: MergedChannel, prompt: [UInt8]?, identifier: ConsoleIdentifier,
        startLog: [UInt8] = []
    ) {
        self.startLog = startLog
        self.console = console
        self.line = line
        self.prompt = prompt
        self.identifier = identifier
    }

    /// The prompt of a dialect that cannot be found without one.
    ///
    /// - Parameter name: the dialect's, as `U-Boot`.
    /// - Throws: ``FlashModel/FlashkeepError`` with `internalFault` if there is none.
    package func prompt(of name: String) throws -> [UInt8] {
        guard let prompt else {
            throw FlashkeepError(
                .internalFault, what: "\(name) answers without a prompt.", why: "Only its prompt identifies it.",
                next: "Please report this.")
        }
        return prompt
    }
}
