package import BoardChannels
package import BoardConsoles
package import FlashAccess
import FlashModel

/// A session at the command line of a bootloader that only prints memory.
///
/// It is reliable on lines that lose and change characters: a command is typed a few characters ahead of its echo, and
/// its CR is sent only if the whole echo equals the command; otherwise the line is discarded and typed again. Every wait
/// has a limit. A restart of the board is an ``FlashAccess/BoardInterruption``, after which ``surviving(achieved:_:)``
/// finds the prompt again.
package final class LoaderSession: BootCounting {
    package typealias Interruption = BoardInterruption
    package typealias Answer = LoaderAnswer

    package let console: Console
    package let dialect: any LoaderDialect
    /// Examples of the commands used, for the backup's record.
    package let examples = CommandExamples()
    package let timing: ConsoleTiming
    /// The prompt's exact bytes, such as `CFE> `.
    var prompt: [UInt8]
    /// How often a command had to be retyped or repeated.
    package internal(set) var retries = 0
    package internal(set) var boot = 0
    /// What the board printed when it started last; empty if it was waiting at its prompt.
    package internal(set) var startLog: [UInt8]

    var text: LoaderText
    var typing: EchoedTyping
    /// Whether a half-typed line, or a running command, may be on the board.
    var isUntidy = false
    /// The most characters that may be on a half-typed line.
    private var typed = 0
    /// The command that was sent last.
    private(set) var lastCommand = ""
    let identifier: ConsoleIdentifier

    /// - Parameters:
    ///   - prompt: its exact bytes, as found by ``BoardConsoles/ConsoleIdentifier``.
    ///   - identifier: finds the prompt again after a reset.
    ///   - startLog: what was printed before the prompt.
    package init(
        _ console: Console, _ dialect: any LoaderDialect, prompt: [UInt8], identifier: ConsoleIdentifier,
        startLog: [UInt8] = []
    ) {
        self.console = console
        self.dialect = dialect
        self.prompt = prompt
        self.identifier = identifier
        self.startLog = startLog
        timing = identifier.timing
        typing = EchoedTyping(identifier.timing)
        text = LoaderText(dialect, prompt: prompt)
    }

    package var address: String { console.channel.traits.address }
    /// The traits of the channel to the board.
    package var channelTraits: ChannelTraits { console.channel.traits }

    /// Counts retries made elsewhere.
    package func countRetries(_ count: Int) { retries += count }

    // MARK: Commands

    /// Runs a command whose reply must be complete, and repeats it if it is not.
    ///
    /// - Parameters:
    ///   - silence: the longest time without output.
    ///   - question: what it must ask before it continues.
    ///   - accepts: whether the parser accepts the reply. A reply that was damaged in transit is requested again.
    /// - Throws: ``Interruption`` if the board was reset; `boardSilent`, `replyNotUnderstood`, `boardLost`.
    package func ask(
        _ command: String, silence: Duration? = nil, question: LoaderQuestion? = nil,
        accepts: (ConsoleReply) -> Bool = { _ in true }
    ) async throws -> Answer {
        var last: Answer?
        let longest = timing.limits.reply * 2 + (silence ?? timing.silence) * timing.attempts
        let answer = try await console.within(longest, "the reply to \"\(command)\"") { () -> Answer? in
            for attempt in 0..<timing.attempts {
                if attempt > 0 { retries += 1 }
                let answer = try await say(command, silence: silence, question: question, accepts: accepts)
                if answer.isWhole, accepts(answer.reply) { return answer }
                last = answer
            }
            return nil
        }
        if let answer { return answer }
        guard let last, !last.reply.output.isEmpty else { throw lost(command) }
        throw console.notUnderstood(last.reply.output, of: command)
    }

    /// A reply that arrived twice without a difference, for replies without a checksum; nil if none did.
    ///
    /// - Parameters:
    ///   - harmless: as for ``say(_:silence:pause:harmless:isBulk:question:accepts:)``.
    ///   - isWhole: whether a reply is complete, as far as its form shows.
    package func agreed(
        on question: String, harmless: String? = nil, isWhole: (ConsoleReply) -> Bool = { _ in true }
    ) async throws -> ConsoleReply? {
        try await console.within(timing.limits.reply * 4, "the reply to \"\(question)\"") {
            try await ReplyVote.agreed(isWhole: isWhole) {
                let answer = try await say(question, silence: .seconds(20), pause: .seconds(5), harmless: harmless)
                return answer.isWhole ? answer.reply : nil
            }
        }
    }

    /// Runs a command once, and returns its output even if the end is missing.
    ///
    /// - Parameters:
    ///   - pause: the longest silence after the output has begun; nil is the same as `silence`.
    ///   - harmless: what lines begin with that would show a restart elsewhere, and that this command prints.
    ///   - isBulk: whether it prints flash data, of which a transcript keeps only the size.
    ///   - question: what it must ask before it continues. Any other question is answered with no.
    ///   - accepts: whether the reply is known to be complete, so that the prompt after it is believed without silence.
    /// - Throws: ``Interruption``; `noReplyInTime` if the output does not end; `boardSilent`, `boardLost`.
    package func say(
        _ command: String, silence: Duration? = nil, pause: Duration? = nil, harmless: String? = nil,
        isBulk: Bool = false, question: LoaderQuestion? = nil, accepts: (ConsoleReply) -> Bool = { _ in false }
    ) async throws -> Answer {
        if isUntidy { try await clear() }
        try await type(command)
        lastCommand = command
        if isBulk { console.channel.markBulk(true) }
        defer { if isBulk { console.channel.markBulk(false) } }
        try await console.send("\r")
        let silence = silence ?? timing.silence
        let limits = Limits(
            silence: silence, pause: pause ?? silence, longest: silence + timing.limits.reply,
            harmless: harmless)
        var answer = try await receive(limits, accepts: accepts)
        if answer.isQuestion {
            guard let question, question.isAsked(in: answer.reply), try await confirm(question) else {
                try await clear(isThorough: true)
                return answer
            }
            answer = try await receive(limits, accepts: accepts)
            if answer.isQuestion { try await clear(isThorough: true) }
        }
        if answer.isLate { throw console.talksOn(during: "the reply to \"\(command)\"") }
        // The reply begins with the echo of Enter. Any other character before it was appended to the command, and
        // changed it.
        if let first = answer.reply.output.first(where: { $0 != 0x20 }), first != 0x0D, first != 0x0A {
            answer.isWhole = false
        }
        return answer
    }

    /// Answers the question that the board has asked.
    ///
    /// - Returns: false if the board did not hear it right; nothing was answered then.
    private func confirm(_ question: LoaderQuestion) async throws -> Bool {
        guard case .echoed = try await typing.type(Array(question.answer.utf8), on: console) else { return false }
        try await console.send("\r")
        return true
    }

    // MARK: Typing

    /// Types a command except for Enter, and compares its echo.
    ///
    /// A blank ends it: the line may double the last character after its echo was compared, and another digit would
    /// make a dump read beyond the end of the flash.
    private func type(_ command: String) async throws {
        let bytes = Array("\(command) ".utf8)
        try await console.within(timing.limits.typing, "the echo of \"\(command)\"") {
            for attempt in 0..<(timing.attempts * 4) {
                if attempt > 0 {
                    retries += 1
                    try await clear(isThorough: attempt > 1)
                    typing.narrow()
                }
                isUntidy = true
                typed = max(typed, bytes.count)
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

    /// Discards what was typed, answers a question with no, and finds the prompt again.
    ///
    /// - Parameter isThorough: whether silence must follow the prompt. Otherwise a second reply, to a key that the line
    ///   doubled, may still arrive and be taken for the echo of the next command.
    ///
    /// - Throws: ``Interruption`` if the board was reset; what the line throws.
    package func clear(isThorough: Bool = false) async throws {
        for _ in 0..<timing.attempts {
            let pieces = dialect.clearing(typed: typed)
            for piece in pieces.dropLast() {
                try await console.channel.write(piece)
                try watch(try await console.collect(quiet: timing.quiet, longest: timing.echo))
            }
            try await console.channel.write(pieces.last ?? [0x03])
            let answer = try await receive(
                Limits(silence: timing.echo, pause: timing.settled, longest: timing.limits.prompt),
                accepts: { !isThorough && dialect.isCleared($0) })
            if answer.isWhole {
                isUntidy = false
                typed = 0
                return
            }
        }
        throw lost("the return to the prompt")
    }

    /// Waits until the board has said all that no command made it say; the prompt is found again with the next one.
    ///
    /// - Throws: ``Interruption`` if the board was reset; what the line throws.
    package func hearOut() async throws {
        isUntidy = true
        try watch(try await console.collect(quiet: timing.quiet, longest: timing.limits.prompt))
    }

    // MARK: Receiving

    /// How long a reply may take.
    private struct Limits {
        var silence: Duration
        var pause: Duration
        var longest: Duration
        /// What lines begin with that do not show a restart.
        var harmless: String?
    }

    /// Collects output until the prompt, a question, silence, or the time limit.
    private func receive(_ limits: Limits, accepts: (ConsoleReply) -> Bool) async throws -> Answer {
        isUntidy = true
        text = LoaderText(dialect, prompt: prompt)
        var output: [UInt8] = []
        var isAtPrompt = false
        var status: Int?
        /// The bytes of the open line.
        var line: [UInt8] = []
        let end = console.time + limits.longest
        while true {
            // Nothing follows the prompt; if anything does, it was part of the reply. The line end after the echo does
            // not mean that the reply has begun.
            let hasBegun = output.count > 4
            let isNearly = hasBegun && PromptMatch.isNearly(text.openLine, prompt)
            func isComplete() -> Bool { status != nil || accepts(ConsoleReply(output: output)) }
            let wait =
                if isAtPrompt {
                    timing.quiet
                } else if isNearly {
                    // If the prompt was damaged, at most one character of it is still to come.
                    isComplete() ? timing.quiet / 4 : min(limits.pause, timing.quiet * 2)
                } else {
                    hasBegun ? limits.pause : limits.silence
                }
            let rest = end - console.time
            guard rest > .zero else { return Answer(output, isWhole: false, status: status, isLate: true) }
            guard let bytes = try await console.bytes(within: min(wait, rest)) else {
                if isAtPrompt || text.endsWithPrompt || isNearly && isComplete() { return finished(output, status) }
                return Answer(output, isWhole: false, status: status, isLate: rest < wait)
            }
            let room = BoardLimits.replyBytes - min(output.count, BoardLimits.replyBytes)
            output += bytes.prefix(room)
            isAtPrompt = false
            for (index, byte) in bytes.enumerated() {
                for event in text.feed(CollectionOfOne(byte)) {
                    isAtPrompt = event == .prompt
                    switch event {
                    case .prompt: break
                    case .question: return Answer(output, isWhole: false, status: nil, isQuestion: true)
                    case .sign(.ended(let value)): status = value
                    case .sign(let sign):
                        // What shows a restart is needed to stop it, with all that follows.
                        let rest = Array(line + bytes[index...])
                        try interrupt(by: sign, harmless: limits.harmless, output, rest)
                    }
                }
                line.append(byte)
                if byte == 0x0A || line.count > OpenLine.limit { line = [] }
            }
            isAtPrompt = isAtPrompt && text.openLine == prompt
            // A reply that is known to be complete needs no silence to prove it.
            if isAtPrompt {
                let answer = finished(output, status)
                if status != nil || accepts(answer.reply) { return answer }
                isUntidy = true
            }
        }
    }

    private func finished(_ output: [UInt8], _ status: Int?) -> Answer {
        isUntidy = false
        typed = 0
        var output = output
        if output.suffix(prompt.count).elementsEqual(prompt) {
            output.removeLast(prompt.count)
        } else if let end = output.lastIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            // It was damaged in transit, or there are colours in it.
            output.removeSubrange((end + 1)...)
        }
        return Answer(output, isWhole: true, status: status)
    }

    /// Looks for signs of a restart in bytes that are no reply.
    private func watch(_ bytes: some Collection<UInt8>) throws {
        for case .sign(let sign) in text.feed(bytes) {
            try interrupt(by: sign, harmless: nil, [], Array(bytes))
        }
    }

    /// - Parameter rest: what is to be heard again by who stops the restart.
    private func interrupt(by sign: LoaderSign, harmless: String?, _ output: [UInt8], _ rest: [UInt8]) throws {
        let interruption: Interruption? =
            switch sign {
            case .starts(let line), .countsDown(_, let line):
                harmless.map(line.hasPrefix) == true ? nil : Interruption(why: line)
            case .startsSystem(let line): Interruption(why: line, isSystemStart: true)
            case .unknownCommand, .ended: nil
            }
        guard var interruption else { return }
        interruption.heard = ConsoleReply(output: output)
        console.putBack(rest)
        throw interruption
    }
}
