import BoardChannels
package import BoardConsoles
package import FlashAccess
import FlashModel

/// A session at the command line of a RedBoot.
///
/// It is reliable on lines that lose and change characters: a command is typed a few characters ahead of its echo, and
/// its CR is sent only if the whole echo equals the command; otherwise ^C discards the line, and it is typed again. Over
/// telnet there is no echo; there the connection does not lose characters.
package final class RedBootSession: BootCounting {
    package typealias Interruption = BoardInterruption

    /// A command's output, as far as it was received.
    struct Answer: Sendable {
        var reply: ConsoleReply
        /// Whether the prompt followed. Otherwise the end may be missing.
        var isWhole: Bool
        /// Whether the output continued until the time limit.
        var isLate = false
        /// Whether it ends with a question that was not the expected one, and that was answered with no.
        var isQuestion = false
        /// Whether the expected question was asked before it, and answered with yes.
        var isConfirmed = false
    }

    package let console: Console
    /// Builds the command lines.
    package let commands = RedBootCommands()
    /// Examples of the commands used, for the backup's record.
    package let examples = CommandExamples()
    let timing: ConsoleTiming
    /// The prompt's exact bytes, such as `RedBoot> `.
    var prompt: [UInt8]
    /// How often a command had to be retyped or repeated.
    package internal(set) var retries = 0
    package internal(set) var boot = 0
    /// Whether the board echoes what is typed; nil until the first command.
    package internal(set) var hasEcho: Bool?

    var text: RedBootConsoleText
    var typing: EchoedTyping
    /// Whether a half-typed line, or a running command, may be on the board.
    var isUntidy = false
    /// The command that was sent last.
    private(set) var lastCommand = ""
    let identifier: ConsoleIdentifier
    /// What the board printed when it started; empty if it was waiting at its prompt.
    let startLog: [UInt8]

    /// - Parameters:
    ///   - prompt: its exact bytes, as found by ``BoardConsoles/ConsoleIdentifier``.
    ///   - identifier: finds the prompt again after a reset.
    ///   - startLog: what was printed before the prompt.
    package init(_ console: Console, prompt: [UInt8], identifier: ConsoleIdentifier, startLog: [UInt8] = []) {
        self.startLog = startLog
        self.console = console
        self.prompt = prompt
        self.identifier = identifier
        timing = identifier.timing
        typing = EchoedTyping(identifier.timing)
        text = RedBootConsoleText(prompt: prompt)
    }

    var address: String { console.channel.traits.address }

    /// Counts retries made elsewhere.
    func countRetries(_ count: Int) { retries += count }

    // MARK: Commands

    /// Runs a command whose reply must be complete, and repeats it if it is not.
    ///
    /// - Parameters:
    ///   - silence: the longest time without output.
    ///   - pause: the longest silence after the output has begun; nil is the same as `silence`.
    ///   - accepts: whether the parser accepts the reply. A reply that was damaged in transit is requested again.
    /// - Throws: ``Interruption`` if the board was reset; `boardSilent`, `replyNotUnderstood`, `boardLost`.
    func ask(
        _ command: String, silence: Duration? = nil, pause: Duration? = nil,
        accepts: (ConsoleReply) -> Bool = { _ in true }
    ) async throws -> ConsoleReply {
        var last: Answer?
        let longest = timing.limits.reply * 2 + (silence ?? timing.silence) * timing.attempts
        let reply = try await console.within(longest, "the reply to \"\(command)\"") { () -> ConsoleReply? in
            for attempt in 0..<timing.attempts {
                if attempt > 0 { retries += 1 }
                let answer = try await say(command, silence: silence, pause: pause, accepts: accepts)
                if answer.isWhole, accepts(answer.reply) { return answer.reply }
                last = answer
            }
            return nil
        }
        if let reply { return reply }
        guard let last, !last.reply.output.isEmpty else { throw lost(command) }
        throw console.notUnderstood(last.reply.output, of: command)
    }

    /// A reply that arrived twice without a difference, for replies without a checksum; nil if none did.
    func agreed(on question: String) async throws -> ConsoleReply? {
        try await console.within(timing.limits.reply * 4, "the reply to \"\(question)\"") {
            try await ReplyVote.agreed(isWhole: { RedBootFacts.isWhole($0, to: question) }) {
                let answer = try await say(
                    question, silence: .seconds(20), pause: .seconds(2), namesItself: question == commands.version())
                return answer.isWhole ? answer.reply : nil
            }
        }
    }

    /// Runs a command once, and returns its output even if the end is missing.
    ///
    /// - Parameters:
    ///   - pause: the longest silence after the output has begun; nil is the same as `silence`.
    ///   - longest: how long the output may continue, beyond `silence`; nil is the usual limit of a reply.
    ///   - namesItself: whether the reply may contain RedBoot's own banner without a restart: that of `version`.
    ///   - isBulk: whether it prints flash data, of which a transcript keeps only the size.
    ///   - question: what it must ask before it continues; the answer is `y`. Any other question is answered with no.
    ///   - accepts: whether the reply is known to be complete, so that the prompt after it is believed without silence.
    /// - Throws: ``Interruption``; `noReplyInTime` if the output does not end; `boardSilent`, `boardLost`.
    func say(
        _ command: String, silence: Duration? = nil, pause: Duration? = nil, longest: Duration? = nil,
        namesItself: Bool = false, isBulk: Bool = false, question: RedBootQuestion? = nil,
        accepts: (ConsoleReply) -> Bool = { _ in false }
    ) async throws -> Answer {
        try await enter(command)
        if isBulk { console.channel.markBulk(true) }
        defer { if isBulk { console.channel.markBulk(false) } }
        let silence = silence ?? timing.silence
        let limits = Limits(
            silence: silence, pause: pause ?? silence, longest: silence + (longest ?? timing.limits.reply),
            namesItself: namesItself)
        var answer = try await receive(limits, accepts: accepts)
        if answer.isQuestion {
            guard let question, question.isAsked(in: answer.reply), try await confirm() else {
                try await decline()
                return answer
            }
            answer = try await receive(limits, accepts: accepts)
            answer.isConfirmed = true
            if answer.isQuestion { try await decline() }
        }
        if answer.isLate { throw console.talksOn(during: "the reply to \"\(command)\"") }
        // The reply begins with the echo of Enter. Any other character before it was appended to the command, and
        // changed it.
        if hasEcho == true, let first = answer.reply.output.first(where: { $0 != 0x20 }), first != 0x0D, first != 0x0A {
            answer.isWhole = false
        }
        return answer
    }

    /// Runs a command that takes over the line until it ends, such as a load.
    ///
    /// - Parameter talk: the conversation with it; it leaves unread what follows.
    /// - Returns: the output that follows.
    func converse(_ command: String, _ talk: (Console) async throws -> Void) async throws -> Answer {
        try await enter(command)
        isUntidy = true
        try await console.within(timing.limits.conversation, "\"\(command)\"") { try await talk(console) }
        return try await receive(
            Limits(
                silence: timing.silence, pause: timing.silence, longest: timing.limits.reply, namesItself: false),
            accepts: { _ in false })
    }

    /// Types a command, and Enter.
    private func enter(_ command: String) async throws {
        if isUntidy { try await clear() }
        if hasEcho == nil { hasEcho = try await findEcho() }
        try await type(command)
        lastCommand = command
        try await console.send("\r")
    }

    // MARK: Questions

    /// Answers `y` to the question that the board has asked.
    ///
    /// - Returns: false if the board did not hear it right; nothing was answered then.
    private func confirm() async throws -> Bool {
        if hasEcho == true {
            guard case .echoed = try await typing.type([UInt8(ascii: "y")], on: console) else { return false }
        } else {
            try await console.send("y")
        }
        try await console.send("\r")
        isUntidy = true
        return true
    }

    /// Answers no. ^C is no answer that could be misheard as another, and at the prompt it does no harm.
    private func decline() async throws {
        isUntidy = true
        try await clear()
    }

    // MARK: Typing

    /// Finds out whether the board echoes what is typed, with a command that prints its own text.
    ///
    /// - Throws: `boardSilent` if it does neither.
    private func findEcho() async throws -> Bool {
        for attempt in 0..<timing.attempts {
            if attempt > 0 { try await clear(isThorough: true) }
            let word = "fk" + identifier.nonce().prefix(8)
            let line = Array("= \(word)".utf8)
            var typing = EchoedTyping(timing)
            isUntidy = true
            switch try await typing.type(line, on: console) {
            case .echoed:
                // The next command tells the rest.
                try await clear(isThorough: true)
                return true
            case .differs: continue
            case .silent: break
            }
            // The first characters are on the board already.
            try await console.channel.write(Array(line.dropFirst(timing.window)))
            try await console.send("\r")
            let answer = try await receive(
                Limits(silence: timing.silence, pause: timing.settled, longest: timing.limits.prompt),
                accepts: { _ in false })
            if answer.isWhole, answer.reply.lines.map(\.trimmed).first == ByteText(word) { return false }
        }
        throw silent("= fk…")
    }

    /// Types a command except for Enter, and compares its echo.
    ///
    /// A blank ends it: the line may double the last character after its echo was compared, and another digit would
    /// make `dump` read beyond the end of the flash.
    private func type(_ command: String) async throws {
        let bytes = Array("\(command) ".utf8)
        guard hasEcho == true else {
            // What is lost is noticed by what comes of it: reads are proven, and writes ask.
            try await console.channel.write(bytes)
            return
        }
        try await console.within(timing.limits.typing, "the echo of \"\(command)\"") {
            for attempt in 0..<(timing.attempts * 4) {
                if attempt > 0 {
                    retries += 1
                    try await clear(isThorough: attempt > 1)
                    typing.narrow()
                }
                isUntidy = true
                switch try await typing.type(bytes, on: console) {
                case .echoed:
                    // Keep what works.
                    if attempt == 0 { typing.widen() }
                    return
                case .silent: break
                case .differs(let rest): try watch(rest)
                }
            }
            throw lost(command)
        }
    }

    /// Discards what was typed, ends a question with no, and finds the prompt again. ^C is harmless in every state; what
    /// prints is not stopped by it, and the prompt then comes twice.
    ///
    /// - Parameter isThorough: whether silence must follow the prompt. Otherwise a second reply, to a ^C that the line
    ///   doubled, may still arrive and be taken for the echo of the next command.
    ///
    /// - Throws: ``Interruption`` if the board was reset; what the line throws.
    func clear(isThorough: Bool = false) async throws {
        for _ in 0..<timing.attempts {
            try await console.send("\u{3}")
            let answer = try await receive(
                Limits(silence: timing.echo, pause: timing.settled, longest: timing.limits.prompt),
                // `^C`, as the board prints it.
                accepts: { reply in
                    !isThorough && ByteSearch.firstRange(of: Array("^C".utf8), in: reply.output) != nil
                })
            if answer.isWhole {
                isUntidy = false
                return
            }
        }
        throw lost("^C")
    }

    // MARK: Receiving

    /// How long a reply may take.
    struct Limits {
        var silence: Duration
        var pause: Duration
        var longest: Duration
        /// Whether the reply may contain RedBoot's own banner.
        var namesItself = false
    }

    /// Collects output until the prompt, a question, silence, or the time limit.
    func receive(_ limits: Limits, accepts: (ConsoleReply) -> Bool) async throws -> Answer {
        isUntidy = true
        text = RedBootConsoleText(prompt: prompt)
        var output: [UInt8] = []
        var isAtPrompt = false
        var banner: String?
        let end = console.time + limits.longest
        while true {
            // Nothing follows the prompt; if anything does, it was part of the reply. The line end after the echo does
            // not mean that the reply has begun.
            let hasBegun = output.count > 4
            let isNearly = hasBegun && PromptMatch.isNearly(text.openLine, prompt)
            let wait =
                if isAtPrompt {
                    timing.quiet
                } else if isNearly {
                    // If the prompt was damaged, at most one character of it is still to come.
                    accepts(ConsoleReply(output: output)) ? timing.quiet / 4 : min(limits.pause, timing.quiet * 2)
                } else {
                    hasBegun ? limits.pause : limits.silence
                }
            let rest = end - console.time
            guard rest > .zero else {
                return Answer(reply: ConsoleReply(output: output), isWhole: false, isLate: true)
            }
            guard let bytes = try await console.bytes(within: min(wait, rest)) else {
                if isAtPrompt || text.endsWithPrompt { return try finished(output, banner) }
                if banner == nil, isNearly, accepts(ConsoleReply(output: output)) {
                    // The reply is complete, and the board is at its prompt, which was damaged in transit.
                    isUntidy = false
                    output.removeLast(min(output.count, text.openLine.count))
                    return Answer(reply: ConsoleReply(output: output), isWhole: true)
                }
                return Answer(reply: ConsoleReply(output: output), isWhole: false, isLate: rest < wait)
            }
            output += bytes.prefix(BoardLimits.replyBytes - min(output.count, BoardLimits.replyBytes))
            isAtPrompt = false
            for event in text.feed(bytes) {
                switch event {
                case .prompt: isAtPrompt = true
                case .question where text.asks:
                    return Answer(reply: ConsoleReply(output: output), isWhole: false, isQuestion: true)
                case .banner where !limits.namesItself: banner = "RedBoot started"
                case .reset(let line), .countdown(let line):
                    throw Interruption(why: line, heard: ConsoleReply(output: output))
                case .systemStart(let line) where !limits.namesItself || banner != nil:
                    throw Interruption(why: line, isSystemStart: true, heard: ConsoleReply(output: output))
                case .question, .banner, .systemStart, .illegalCommand, .waitsForNetwork: break
                }
            }
            isAtPrompt = isAtPrompt && text.openLine == prompt
            // A reply that its parser knows to be complete needs no silence to prove it.
            if isAtPrompt, banner == nil {
                let answer = try finished(output, nil)
                if accepts(answer.reply) { return answer }
                isUntidy = true
            }
        }
    }

    private func finished(_ output: [UInt8], _ banner: String?) throws -> Answer {
        if let banner { throw Interruption(why: banner, heard: ConsoleReply(output: output)) }
        isUntidy = false
        return Answer(reply: ConsoleReply(output: ConsoleReply(output: output).without(prompt)), isWhole: true)
    }

    /// Looks for signs of a restart in bytes that are not an echo.
    private func watch(_ bytes: some Sequence<UInt8>) throws {
        for event in text.feed(bytes) {
            switch event {
            case .reset(let line), .countdown(let line): throw Interruption(why: line)
            case .systemStart(let line): throw Interruption(why: line, isSystemStart: true)
            case .banner: throw Interruption(why: "RedBoot started")
            case .prompt, .question, .illegalCommand, .waitsForNetwork: break
            }
        }
    }
}
