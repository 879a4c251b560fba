private import BoardChannels
package import BoardConsoles
import FlashAccess
private import FlashModel

/// A lease on the command line of a U-Boot.
///
/// What makes it reliable on lines that lose and flip characters: a command is typed few characters ahead of its echo,
/// and its CR is sent only once the echo was the command, character for character; else ^C throws the line away and it
/// is typed again. An Enter alone is never sent: U-Boot would repeat its last command.
package final class UBootSession {
    /// The board left the session: the same command may be said again once it is back.
    struct Interruption: Error, Sendable {
        /// What it said.
        var why: String
        /// Whether a system was started, and not U-Boot itself again.
        var isSystemStart = false
        /// What the command had printed until then, with the words of the restart behind it.
        var heard = UBootReply(output: [])
    }

    /// What a command printed, as far as it was received.
    struct Answer: Sendable {
        var reply: UBootReply
        /// Whether the prompt came behind it. Without it the end may be missing.
        var isWhole: Bool
        /// Whether something came all the time, until the time was over.
        var isLate = false
    }

    package let console: Console
    /// Makes the command lines for this U-Boot.
    let commands = UBootCommands()
    /// What a backup records of the commands that were used.
    let examples = UBootExamples()
    let timing: ConsoleTiming
    /// The prompt's bytes, such as `=> `.
    var prompt: [UInt8]
    /// How often a command had to be typed or said again.
    package internal(set) var retries = 0
    /// The board's start that this is, counted from 0: each restart loses what a start has set.
    package internal(set) var boot = 0

    var text: UBootConsoleText
    var window: Int
    /// The longest that an echo took so far.
    var slowestEcho: Duration = .zero
    /// Whether a line may be half typed, or a command still running, on the board.
    var isUntidy = false
    /// Whether a command may be waiting for its Enter, which no ^C ends.
    var mayWaitForEnter = false
    /// The last that came at another rate than the board's own.
    var recent: [UInt8] = []
    /// Bits a second at which the board was met, and is again after a reset; nil where the channel has no rate.
    let ownRate: Int?
    let identifier: ConsoleIdentifier

    /// - Parameters:
    ///   - prompt: byte for byte, as ``BoardConsoles/ConsoleIdentifier`` found it.
    ///   - identifier: finds the prompt again after a reset.
    package init(_ console: Console, prompt: [UInt8], identifier: ConsoleIdentifier) {
        self.console = console
        self.prompt = prompt
        self.identifier = identifier
        ownRate = console.channel.lineRate
        timing = identifier.timing
        window = identifier.timing.window
        text = UBootConsoleText(prompt: prompt)
    }

    /// Counts what others had to ask for again.
    func countRetries(_ count: Int) { retries += count }

    // MARK: Commands

    /// Runs a command whose reply must be whole, and says it again where it was not.
    ///
    /// - Parameters:
    ///   - silence: the longest time in which it may print nothing.
    ///   - namesItself: whether the reply may hold U-Boot's own banner without a restart, as that of `version`.
    ///   - accepts: whether this is the reply that was asked for: the parser's word. A reply that was damaged on its way
    ///     is asked for again.
    /// - Throws: ``Interruption`` where the board was reset; `boardSilent`, `replyNotUnderstood`, `boardLost`.
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
        throw FlashkeepError(
            .replyNotUnderstood, what: "The answer of \(address) to \"\(command)\" was not understood.",
            why: "The last output was: \(TerminalText.lastLines(last.reply.output))",
            next: "Check the cable and the baud rate; --transcript FILE records the whole dialogue.")
    }

    /// How often the board is asked the same until two replies agree.
    static let mostReadings = 24

    /// A reply that came through the same twice, for what holds no checksum; nil where none did.
    func agreed(on question: String) async throws -> UBootReply? {
        var vote = ReplyVote()
        var last: UBootReply?
        var agreed: UBootReply?
        return try await console.within(timing.limits.reply * 4, "the reply to \"\(question)\"") {
            for _ in 0..<Self.mostReadings {
                let answer = try await say(question, silence: .seconds(20), pause: .seconds(2), namesItself: true)
                guard answer.isWhole else { continue }
                // Twice the same to the last byte is what the board says, whatever a parser thinks of it.
                if answer.reply == last { return answer.reply }
                last = answer.reply
                if let reply = vote.take(answer.reply.output).map({ UBootReply(output: $0) }) {
                    if UBootFacts.isWhole(reply, to: question) { return reply }
                    agreed = reply
                }
            }
            return agreed
        }
    }

    /// Runs a command once, and takes what came also where the end is missing.
    ///
    /// - Parameters:
    ///   - pause: the longest silence once it has begun to print; nil is for `silence`.
    ///   - longest: how long it may go on printing, beyond `silence`; nil is for a reply's usual limit.
    ///   - isBulk: whether it prints flash data, of which a transcript keeps the count alone.
    ///   - question: what it asks before it goes on; it is answered with Enter.
    ///   - isHopeless: whether what came shows that nothing good will: the command is not waited for any more, and the
    ///     next one ends it with ^C.
    ///   - accepts: whether the reply is known to be whole, so that the prompt behind it needs no silence to be believed.
    /// - Throws: ``Interruption``; `noReplyInTime` where something is printed all the time; `boardSilent`, `boardLost`.
    func say(
        _ command: String, silence: Duration? = nil, pause: Duration? = nil, longest: Duration? = nil,
        namesItself: Bool = false,
        isBulk: Bool = false, question: UBootQuestion? = nil, isHopeless: (UBootReply) -> Bool = { _ in false },
        accepts: (UBootReply) -> Bool = { _ in false }
    ) async throws -> Answer {
        if isUntidy { try await clear() }
        try await type(command)
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
        // The echo of Enter comes first, but for a blank that the line doubled. Another character before it stood behind
        // the command, and made it another one.
        if let first = answer.reply.output.first(where: { $0 != 0x20 }), first != 0x0D, first != 0x0A {
            answer.isWhole = false
        }
        return answer
    }

    /// Runs a command that takes the line for itself until it ends, such as a load.
    ///
    /// - Parameter talk: what is said to it; it leaves unread what is no longer for it.
    /// - Returns: what came behind.
    func converse(_ command: String, _ talk: (Console) async throws -> Void) async throws -> Answer {
        if isUntidy { try await clear() }
        try await type(command)
        try await console.send("\r")
        isUntidy = true
        try await console.within(timing.limits.conversation, "\"\(command)\"") { try await talk(console) }
        return try await receive(
            silence: timing.silence, pause: timing.silence, longest: timing.limits.reply, namesItself: false,
            accepts: { _ in false })
    }

    /// Types a command up to its last character, and has its echo.
    ///
    /// A blank ends it: the line may double the last character after its echo was compared, and a digit more would make
    /// `md` read beyond the end of the flash.
    func type(_ command: String) async throws {
        let bytes = Array("\(command) ".utf8)
        try await console.within(timing.limits.typing, "the echo of \"\(command)\"") {
            for attempt in 0..<(timing.attempts * 4) {
                if attempt > 0 {
                    retries += 1
                    try await clear(isThorough: attempt > 1)
                    window = max(1, window / 2)
                }
                if try await hasEchoed(bytes) {
                    // What works is kept; a line that became good again gets quick again.
                    if attempt == 0 { window = min(timing.window, window + 1) }
                    return
                }
            }
            throw lost(command)
        }
    }

    /// Whether the echo of the whole line was the line.
    func hasEchoed(_ bytes: [UInt8]) async throws -> Bool {
        var sent = 0
        var echoed = 0
        while echoed < bytes.count {
            let end = min(bytes.count, echoed + window)
            if sent < end {
                try await console.channel.write(Array(bytes[sent..<end]))
                sent = end
            }
            let asked = console.time
            guard let got = try await console.bytes(within: echoWait) else { return false }
            try watchRate(got)
            slowestEcho = max(slowestEcho, console.time - asked)
            for (index, byte) in got.enumerated() {
                if echoed < sent, byte == bytes[echoed] {
                    echoed += 1
                    continue
                }
                // The bell, a lost or another character, or the board speaks of itself.
                try watch(got[index...])
                return false
            }
        }
        return true
    }

    /// How long an echo is waited for: by what the line has shown, since a character that was lost never comes.
    var echoWait: Duration {
        slowestEcho == .zero ? timing.echo : min(timing.echo, max(.milliseconds(100), slowestEcho * 4))
    }

    /// Types a command whose echo cannot be seen, since the board prints elsewhere, and does not wait for its reply: only
    /// for a line that does no harm with some characters lost or changed.
    func sayUnheard(_ command: String) async throws {
        isUntidy = true
        try await console.send("\u{3}")
        _ = try await console.bytes(within: timing.settled)
        var rest = Array(command.utf8)[...]
        while !rest.isEmpty {
            // As much as the smallest receiver holds; the board needs a moment for each.
            let piece = rest.prefix(timing.window)
            rest = rest.dropFirst(piece.count)
            try await console.channel.write(Array(piece))
            _ = try await console.bytes(within: timing.quiet)
        }
        try await console.send("\r")
        _ = try await console.bytes(within: timing.settled)
    }

    /// Throws away what was typed, and finds the prompt again. ^C is harmless in every state.
    ///
    /// - Parameter isThorough: whether silence must follow the prompt. Without it a second answer, to a ^C that the line
    ///   doubled, may still be on its way and be taken for the echo of what is typed next.
    func clear(isThorough: Bool = false) async throws {
        for _ in 0..<timing.attempts {
            // A question that did not come through is answered all the same. At the prompt, a blank makes it no bare Enter.
            if mayWaitForEnter { try await console.send(" \r") }
            try await console.send("\u{3}")
            let answer = try await receive(
                silence: timing.echo, pause: timing.settled, longest: timing.limits.prompt, namesItself: false,
                // `<INTERRUPT>`, as far as it came through.
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
        }
        throw lost("^C")
    }

    /// Takes what comes until the prompt, or silence, or for so long at most.
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
        /// When the prompt was seen that was no end, since more came; and when something came last.
        var promptSeen: Duration?
        var arrived = console.time
        while true {
            // Behind a prompt nothing follows; what does makes it part of the reply.
            // The end of the command's own line is no sign that it has begun to answer.
            let hasBegun = output.count > 4
            let wait =
                if isAtPrompt {
                    timing.quiet
                } else if hasBegun, Self.isNearly(text.openLine, prompt) {
                    // A prompt that was damaged on its way: at most one character of it is still to come.
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
                if bannerAt == nil, Self.isNearly(text.openLine, prompt), accepts(UBootReply(output: output)) {
                    // All that was asked for is there, and the board waits at a prompt that only arrived damaged.
                    isUntidy = false
                    output.removeLast(min(output.count, text.openLine.count))
                    return Answer(reply: UBootReply(output: output), isWhole: true)
                }
                return Answer(reply: UBootReply(output: output), isWhole: false, isLate: rest < wait)
            }
            // The prompt came, and something that does not belong to the reply talks behind it, with pauses as no reply
            // has: a device, or the network. ^C brings another prompt.
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
                // Words of a start may stand in variables and in `version`; behind a banner they are none of these.
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
                // A reply that its parser knows to be whole needs no silence to prove it.
                if accepts(answer.reply) { return answer }
            }
        }
    }

    /// Whether a line is the prompt but for one character that was lost, doubled or made another.
    static func isNearly(_ line: [UInt8], _ prompt: [UInt8]) -> Bool {
        guard abs(line.count - prompt.count) <= 1, line != prompt else { return false }
        let start = zip(line, prompt).prefix { $0 == $1 }.count
        let end = zip(line.reversed(), prompt.reversed()).prefix { $0 == $1 }.count
        return start + end >= max(line.count, prompt.count) - 1
    }

    func end(_ output: [UInt8], _ banner: String?, _ namesItself: Bool) throws -> Answer {
        if let banner, !namesItself { throw Interruption(why: banner, heard: UBootReply(output: output)) }
        isUntidy = false
        var output = output
        if output.suffix(prompt.count).elementsEqual(prompt) { output.removeLast(prompt.count) }
        return Answer(reply: UBootReply(output: output), isWhole: true)
    }

    /// Looks for signs of a restart in what came in place of an echo.
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
