import BoardChannels
import FlashModel

/// Something that a person should know or do while a console is being identified.
package enum ConsoleNotice: Sendable, Hashable {
    /// Nothing speaks: the board must be switched on, or off and on.
    case needsPower(String)
    /// Worth knowing.
    case note(String)
}

/// Finds out who answers on a console, and stops the countdown of a bootloader.
///
/// It listens once and asks each of its recognizers. It sends nothing that could do harm: ^C first; keys only if the
/// board itself names them; never a digit of a menu except the one that the menu calls the command line.
package struct ConsoleIdentifier: Sendable {
    /// A fresh recognizer for each dialect, in the order in which they are asked.
    package var recognizers: [any DialectRecognizer]
    /// The only dialects that will do, bootloaders: a running system is waited for until it is restarted. If empty,
    /// whoever answers is taken.
    package var wanted: Set<String>
    /// What stops a countdown; nil follows what the board prints.
    package var stopKey: [UInt8]?
    /// At least 8 letters and digits that nobody can predict.
    package var nonce: @Sendable () -> String
    /// The password of a bootloader that asks for one.
    package var password: @Sendable () async throws -> String?
    package var timing: ConsoleTiming
    /// Receives what a person must do.
    package var notify: @Sendable (ConsoleNotice) async throws -> Void

    package init(
        recognizers: [any DialectRecognizer], wanted: Set<String> = [], stopKey: [UInt8]? = nil,
        nonce: @escaping @Sendable () -> String,
        password: @escaping @Sendable () async throws -> String? = { nil }, timing: ConsoleTiming = ConsoleTiming(),
        notify: @escaping @Sendable (ConsoleNotice) async throws -> Void = { _ in }
    ) {
        self.recognizers = recognizers
        self.wanted = wanted
        self.stopKey = stopKey
        self.nonce = nonce
        self.password = password
        self.timing = timing
        self.notify = notify
    }

    /// Listens and asks until it is known who answers.
    ///
    /// - Throws: ``FlashkeepError`` with `boardSilent` if nobody does, even after the power was asked for;
    ///   `replyNotUnderstood` if it is a dialect that is not supported, or the line is bad; `passwordNeeded`,
    ///   `authenticationFailed`.
    package func find(_ console: Console) async throws -> Responder {
        var search = ConsoleSearch(identifier: self)
        return try await search.run(console)
    }

    /// Finds a bootloader again after the board was reset. If it has started a system, a power cycle is requested, as at
    /// first.
    ///
    /// - Parameter dialect: the only one that will do.
    /// - Returns: its prompt, and what the board printed before that.
    /// - Throws: as ``find(_:)``.
    package func findAgain(_ dialect: String, on console: Console) async throws -> (prompt: [UInt8], startLog: [UInt8])
    {
        var identifier = self
        identifier.wanted = [dialect]
        let found = try await identifier.find(console)
        guard let prompt = found.prompt else {
            // Impossible, because only this bootloader's prompt was requested.
            throw FlashkeepError(
                .boardLost, what: "\(console.channel.traits.address) was reset and has started its system.",
                why: "Its bootloader could not be stopped again in time.",
                next: "Run the same command again and switch the board off and on: it resumes.")
        }
        return (prompt, found.startLog)
    }

    /// The dialect of what a bootloader starts, for output that shows a system and no more.
    var system: (any DialectRecognizer)? { recognizers.first { !$0.isBootloader } }
}
