private import BoardChannels
package import BoardConsoles
import FlashAccess
private import FlashModel

/// A session at the command line of a U-Boot.
///
/// It is reliable on lines that lose and change characters: a command is typed a few characters ahead of its echo, and
/// its CR is sent only if the whole echo equals the command; otherwise ^C discards the line, and it is typed again.
/// Enter is never sent alone, because U-Boot would repeat its last command.
package final class UBootSession: BootCounting {
    typealias Interruption = BoardInterruption

    /// A command's output, as far as it was received.
    struct Answer: Sendable {
        var reply: UBootReply
        /// Whether the prompt followed. Otherwise the end may be missing.
        var isWhole: Bool
        /// Whether the output continued until the time limit.
        var isLate = false
    }

    package let console: Console
    /// Builds the command lines for this U-Boot.
    let commands = UBootCommands()
    /// Examples of the commands used, for the backup's record.
    let examples = CommandExamples()
    let timing: ConsoleTiming
    /// The prompt's exact bytes, such as `=> `.
    var prompt: [UInt8]
    /// How often a command had to be retyped or repeated.
    package internal(set) var retries = 0
    /// The number of restarts of the board; each loses what was set before.
    package internal(set) var boot = 0

    var text: UBootConsoleText
    var typing: EchoedTyping
    /// Whether a half-typed line, or a running command, may be on the board.
    var isUntidy = false
    /// Whether a command may be waiting for Enter, which ^C does not end.
    var mayWaitForEnter = false
    /// The latest bytes received at a rate other than the board's own.
    var recent: [UInt8] = []
    /// The command that was sent last.
    private(set) var lastCommand = ""
    /// The rate in bits per second at which the board was found, and to which it returns after a reset; nil if the
    /// channel has no rate.
    let ownRate: Int?
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
        ownRate = console.channel.lineRate
        timing = identifier.timing
        typing = EchoedTyping(identifier.timing)
        text = UBootConsoleText(prompt: prompt)
    }

    /// Counts retries made elsewhere.
    func countRetries(_ count: Int) { retries += count }

    // MARK: Commands

    /// Runs a command whose reply must be complete, and repeats it if it is not.
    ///
    /// - Parameters:
    ///   - silence: the longest time without output.
    ///   - namesItself: whether the reply may contain U-Boot's own banner without a restart, like that of `version`.
    ///   - accepts: whether the parser accepts the reply. A reply that was damaged in transit is requested again.
    /// - Throws: ``Interruption`` if the board was reset; `boardSilent`, `replyNotUnderstood`, `boardLost`.
    func ask(
        _ command: String, silence: Duration? = nil, pause: Duration? = nil, namesItself: Bool = false,
        accepts: (UBootReply) -> Bool = { _ in true }
    ) async throws -> UBootReply {
        var last: Answer?
        let longest = timing.limits.reply * 2 + (silence ?? timing.silence) * timing.attempts
        let reply = try await console.within(longest, "the reply to \"\(command)\"") { () -> UBootReply? in
            for attempt in 0..<timing.attempts {
                if attempt > 0 { retries += 1 }
                let answer = try await say(
                    command, silence: silence, pause: pause, namesItself: namesItself, accepts: accepts)
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
    func agreed(on question: String) async throws -> UBootReply? {
        try await console.within(timing.limits.reply * 4, "the reply to \"\(question)\"") {
            try await ReplyVote.agreed(isWhole: { UBootFacts.isWhole($0, to: question) }) {
                let answer = try await say(question, silence: .seconds(20), pause: .seconds(2), namesItself: true)
                return answer.isWhole ? answer.reply : nil
            }
        }
    }

    /// Runs a command once, and returns its output even if the end is missing.
    ///
    /// - Parameters:
    ///   - pause: the longest silence after the output has begun; nil is the same as `silence`.
    ///   - longest: how long the output may continue, beyond `silence`; nil is the usual limit of a reply.
    ///   - isBulk: whether it prints flash data, of which a transcript keeps only the size.
    ///   - question: what it asks before it continues; the answer is Enter.
    ///   - isHopeless: whether the output shows that it cannot succeed: the command is then abandoned, and the next one
    ///     ends it with ^C.
    ///   - accepts: whether the reply is known to be complete, so that the prompt after it is believed without silence.
    /// - Throws: ``Interruption``; `noReplyInTime` if the output does not end; `boardSilent`, `boardLost`.
    func say(
        _ command: String, silence: Duration? = nil, pause: Duration? = nil, longest: Duration? = nil,
        namesItself: Bool = false,
        isBulk: Bool = false, question: UBootQuestion? = nil, isHopeless: (UBootReply) -> Bool = { _ in false },
        accepts: (UBootReply) -> Bool = { _ in false }
    ) async throws -> Answer {
        if isUntidy { try await clear() }
        try await type(command)
        lastCommand = command
        if question != nil { mayWaitForEnter = true }
        if isBulk { console.channel.markBulk(true) }
        defer { if isBulk { console.channel.markBulk(false) } }
        try await console.send("\r")
        let silence = silence ?? timing.silence
        var answer = try await receive(
            silence: silence, pause: pause ?? silence, longest: silence + (longest ?? timing.limits.reply),
            namesItself: namesItself, question: question, isHopeless: isHopeless, accepts: accepts)
        if answer.isLate { throw console.talksOn(during: "the reply to \"\(command)\"") }
        if answer.isWhole { mayWaitForEnter = false }
        // The reply begins with the echo of Enter, apart from a blank that the line doubled. Any other character before
        // it was appended to the command, and changed it.
        if let first = answer.reply.output.first(where: { $0 != 0x20 }), first != 0x0D, first != 0x0A {
            answer.isWhole = false
        }
        return answer
    }

    /// Runs a command that takes over the line until it ends, such as a load.
    ///
    /// - Parameter talk: the conversation with it; it leaves unread what follows.
    /// - Returns: the output that follows.
    func converse(_ command: String, _ talk: (Console) async throws -> Void) async throws -> Answer {
        if isUntidy { try await clear() }
        try await type(command)
        lastCommand = command
        try await console.send("\r")
        isUntidy = true
        try await console.within(timing.limits.conversation, "\"\(command)\"") { try await talk(console) }
        return try await receive(
            silence: timing.silence, pause: timing.silence, longest: timing.limits.reply, namesItself: false,
            accepts: { _ in false })
    }

    /// Types a command except for Enter, and compares its echo.
    ///
    /// A blank ends it: the line may double the last character after its echo was compared, and another digit would
    /// make `md` read beyond the end of the flash.
    func type(_ command: String) async throws {
        let bytes = Array("\(command) ".utf8)
        try await console.within(timing.limits.typing, "the echo of \"\(command)\"") {
            for attempt in 0..<(timing.attempts * 4) {
                if attempt > 0 {
                    retries += 1
                    try await clear(isThorough: attempt > 1)
                    typing.narrow()
                }
                if try await hasEchoed(bytes) {
                    // Keep what works.
                    if attempt == 0 { typing.widen() }
                    return
                }
            }
            throw lost(command)
        }
    }

    /// Types a line, and returns whether all of its echo was correct.
    func hasEchoed(_ bytes: [UInt8]) async throws -> Bool {
        switch try await typing.type(bytes, on: console, heard: { try watchRate($0) }) {
        case .echoed: return true
        case .silent: return false
        case .differs(let rest):
            try watch(rest)
            return false
        }
    }

    /// Types a command without an echo, because the board prints elsewhere, and ignores its reply. Only for a line that
    /// does no harm if characters of it are lost or changed.
    func sayUnheard(_ command: String) async throws {
        isUntidy = true
        try await console.send("\u{3}")
        _ = try await console.bytes(within: timing.settled)
        var rest = Array(command.utf8)[...]
        while !rest.isEmpty {
            // As much as the smallest receiver holds; the board needs a moment to process it.
            let piece = rest.prefix(timing.window)
            rest = rest.dropFirst(piece.count)
            try await console.channel.write(Array(piece))
            _ = try await console.bytes(within: timing.quiet)
        }
        try await console.send("\r")
        _ = try await console.bytes(within: timing.settled)
    }

    /// Discards what was typed, and finds the prompt again. ^C is harmless in every state.
    ///
    /// - Parameter isThorough: whether silence must follow the prompt. Otherwise a second reply, to a ^C that the line
    ///   doubled, may still arrive and be taken for the echo of the next command.
    ///
    /// - Throws: ``Interruption`` if U-Boot answers at another prompt; what the line throws.
    func clear(isThorough: Bool = false) async throws {
        var others: [[UInt8]] = []
        for _ in 0..<timing.attempts {
            // Answer a question even if it was not recognized. At the prompt, the blank prevents a bare Enter.
            if mayWaitForEnter { try await console.send(" \r") }
            try await console.send("\u{3}")
            let answer = try await receive(
                silence: timing.echo, pause: timing.settled, longest: timing.limits.prompt, namesItself: false,
                // `<INTERRUPT>`, as far as it arrived.
                accepts: { reply in
                    !isThorough
                        && [Array("INT".utf8), Array("RUPT".utf8)].contains {
                            ByteSearch.firstRange(of: $0, in: reply.output) != nil
                        }
                })
            if answer.isWhole {
                isUntidy = false
                mayWaitForEnter = false
                return
            }
            others.append(text.promptCandidate ?? [])
            if let other = Self.otherPrompt(others) { throw otherPrompt(other) }
        }
        throw lost("^C")
    }

    /// Collects output until the prompt, silence, or the time limit.
    func receive(
        silence: Duration, pause: Duration, longest: Duration, namesItself: Bool, question: UBootQuestion? = nil,
        isHopeless: (UBootReply) -> Bool = { _ in false },
        accepts: (UBootReply) -> Bool
    ) async throws -> Answer {
        isUntidy = true
        text = UBootConsoleText(prompt: prompt)
        var output: [UInt8] = []
        var isAtPrompt = false
        var bannerAt: String?
        var question = question
        let limit = console.time + longest
        /// The time of the last prompt in the output, and of the last output.
        var promptSeen: Duration?
        var arrived = console.time
        while true {
            // Nothing follows the prompt; if anything does, it was part of the reply. The line end after the echo does
            // not mean that the reply has begun.
            let hasBegun = output.count > 4
            let wait =
                if isAtPrompt {
                    timing.quiet
                } else if hasBegun, PromptMatch.isNearly(text.openLine, prompt) {
                    // If the prompt was damaged, at most one character of it is still to come.
                    accepts(UBootReply(output: output)) ? timing.quiet / 4 : min(pause, timing.quiet * 2)
                } else {
                    hasBegun ? pause : silence
                }
            let rest = limit - console.time
            guard rest > .zero else {
                return Answer(reply: UBootReply(output: output), isWhole: false, isLate: true)
            }
            guard let bytes = try await console.bytes(within: min(wait, rest)) else {
                if isAtPrompt || text.endsWithPrompt { return try end(output, bannerAt, namesItself) }
                if bannerAt == nil, PromptMatch.isNearly(text.openLine, prompt), accepts(UBootReply(output: output)) {
                    // The reply is complete, and the board is at its prompt, which was damaged in transit.
                    isUntidy = false
                    output.removeLast(min(output.count, text.openLine.count))
                    return Answer(reply: UBootReply(output: output), isWhole: true)
                }
                return Answer(reply: UBootReply(output: output), isWhole: false, isLate: rest < wait)
            }
            // After the prompt, something else prints, with longer pauses than a reply has: a device, or the network.
            // ^C brings another prompt.
            let gap = console.time - arrived
            arrived = console.time
            if let seen = promptSeen, gap > timing.quiet * 4, console.time - seen > timing.silence {
                return Answer(reply: UBootReply(output: output), isWhole: false)
            }
            try watchRate(bytes, heard: output)
            output += bytes.prefix(BoardLimits.replyBytes - min(output.count, BoardLimits.replyBytes))
            isAtPrompt = false
            if let asked = question, asked.isAsked(in: output) {
                question = nil
                try await console.send(" \r")
            }
            for event in text.feed(bytes) {
                switch event {
                case .prompt:
                    isAtPrompt = true
                    promptSeen = console.time
                case .banner(let version):
                    isAtPrompt = false
                    bannerAt = "U-Boot \(version.text) started"
                // Text of a startup may occur in variables and in `version`, but not after a banner.
                case .reset(let line) where !namesItself || bannerAt != nil,
                    .exception(let line) where !namesItself || bannerAt != nil:
                    throw Interruption(why: line, heard: UBootReply(output: output))
                case .stopPrompt(let stop) where !namesItself || bannerAt != nil:
                    throw Interruption(why: stop.text, heard: UBootReply(output: output))
                case .systemStart(let line) where !namesItself || bannerAt != nil:
                    throw Interruption(why: line, isSystemStart: true, heard: UBootReply(output: output))
                default: isAtPrompt = false
                }
            }
            if isHopeless(UBootReply(output: output)) {
                return Answer(reply: UBootReply(output: output), isWhole: false)
            }
            isAtPrompt = isAtPrompt && text.openLine == prompt
            if isAtPrompt, bannerAt == nil || namesItself {
                let answer = try end(output, nil, namesItself)
                // A reply that its parser knows to be complete needs no silence to prove it.
                if accepts(answer.reply) { return answer }
            }
        }
    }

    func end(_ output: [UInt8], _ banner: String?, _ namesItself: Bool) throws -> Answer {
        if let banner, !namesItself { throw Interruption(why: banner, heard: UBootReply(output: output)) }
        isUntidy = false
        var output = output
        if output.suffix(prompt.count).elementsEqual(prompt) {
            output.removeLast(prompt.count)
        } else if text.openLine == prompt, let end = output.lastIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            // Between its characters, colour sequences.
            output.removeSubrange((end + 1)...)
        }
        return Answer(reply: UBootReply(output: output), isWhole: true)
    }

    /// Looks for signs of a restart in bytes that are not an echo.
    func watch(_ bytes: some Sequence<UInt8>) throws {
        for event in text.feed(bytes) {
            switch event {
            case .reset(let line), .exception(let line): throw Interruption(why: line)
            case .systemStart(let line): throw Interruption(why: line, isSystemStart: true)
            case .stopPrompt(let stop): throw Interruption(why: stop.text)
            case .banner(let version): throw Interruption(why: "U-Boot \(version.text) started")
            default: break
            }
        }
    }
}
