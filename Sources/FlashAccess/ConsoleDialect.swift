package import BoardChannels
package import BoardConsoles

/// A dialect that may answer on a console, and the board behind it. It is registered in a list, and
/// ``BoardConsoles/ConsoleIdentifier`` finds out which of them answers.
package protocol ConsoleDialect: Sendable {
    /// A fresh recognizer of this dialect.
    var recognizer: any DialectRecognizer { get }

    /// Whether only this dialect will do at the moment, so that a running system is waited for until it is restarted.
    var isWanted: Bool { get }

    /// Runs the body with the board, on a console where this dialect answers.
    ///
    /// The console is left in order whatever happens.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `bootloaderAnswers` if another dialect answers after all, and the
    ///   body was not run; what the line's trouble and the body throw.
    func withBoard<Result: Sendable>(
        on answered: AnsweredConsole, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> DialectOutcome<Result>
}

extension ConsoleDialect {
    package var isWanted: Bool { false }
}

/// What a dialect made of a console.
package enum DialectOutcome<Result: Sendable>: Sendable {
    /// The body was run.
    case finished(Result)
    /// Another dialect answers from now on: a bootloader has started a system.
    case handedOver
}

/// A console of which it is known who answers.
package struct AnsweredConsole {
    package let console: Console
    /// The channel of the console, into which further input can be merged.
    package let line: MergedChannel
    /// The prompt, byte for byte; nil if the dialect has none that matters.
    package let prompt: [UInt8]?
    /// Finds the prompt again after a reset.
    package let identifier: ConsoleIdentifier

    package init(_ console: Console, line: MergedChannel, prompt: [UInt8]?, identifier: ConsoleIdentifier) {
        self.console = console
        self.line = line
        self.prompt = prompt
        self.identifier = identifier
    }
}
