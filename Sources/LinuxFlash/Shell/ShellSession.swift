package import BoardChannels
package import BoardConsoles
internal import FlashModel

/// The reply to a command.
package struct ShellReply: Sendable, Equatable {
    /// Its output, without the terminal's additions.
    package var output: [UInt8]
    /// Its exit status, 0 to 255.
    package var status: Int

    package init(output: [UInt8], status: Int) {
        self.output = output
        self.status = status
    }

    /// Whether another reply begins with this one.
    func isStart(of other: ShellReply) -> Bool {
        status == other.status && !output.isEmpty && other.output.starts(with: output)
    }

    /// Its output, as text.
    package var text: String { String(decoding: output, as: UTF8.self) }
}

/// The user and password for a login.
package struct Credentials: Sendable {
    /// The answer if the board asks for a user.
    package var user: String
    /// Called when the board asks for a password; nil if there is none.
    package var password: @Sendable () async throws -> String?

    package init(user: String = "root", password: @escaping @Sendable () async throws -> String? = { nil }) {
        self.user = user
        self.password = password
    }
}

/// A session with a Linux shell.
///
/// Over SSH or a pipe, the shell reads commands as they arrive. On a terminal, the session first finds the shell
/// (logging in if asked), silences the kernel, makes the line raw and starts a second shell behind it (`dd | sh`) that
/// has no prompt, no echo and no line editor. At the end it undoes all of this.
package final class ShellSession {
    /// How the line alters the board's output.
    package enum Line: Sendable, Equatable {
        /// All bytes pass unchanged.
        case clean
        /// The terminal turns each `LF` into `CR LF`.
        case mapped
    }

    package let console: Console
    package let dialect: ShellDialect
    /// How the line alters bytes.
    package internal(set) var line = Line.clean
    /// The number of repeated commands.
    package private(set) var retries = 0
    /// What ends a line for whatever answers at this moment: on telnet it may be `CR NUL` where a line feed is ignored.
    var lineEnd = "\n"

    let credentials: Credentials
    let timing: ShellTiming
    var sequence = 0
    var definitions: [(name: String, script: String)] = []
    var bootID: [UInt8]?
    var undo: Undo?

    /// Whether a started command's reply has not been read to its end.
    var isReplyPending = false

    /// What the session changed on the board's terminal.
    struct Undo {
        /// The original log level of the console.
        var printk: String?
        /// The original terminal settings, for `stty`.
        var settings: String?
        var hasInnerShell = false
        /// Whether a shell was started from the vendor's command line.
        var hasOwnShell = false
        var loggedIn = false
        /// Whether the board waits for a password that will not come.
        var owesPassword = false
    }

    init(_ console: Console, dialect: ShellDialect, credentials: Credentials, timing: ShellTiming) {
        self.console = console
        self.dialect = dialect
        self.credentials = credentials
        self.timing = timing
    }

    /// Runs the body with a shell that answers.
    ///
    /// - Parameter nonce: new letters and digits.
    /// - Throws: ``FlashkeepError`` with `boardSilent`, `authenticationFailed`, `passwordNeeded`, `replyNotUnderstood`,
    ///   `boardLost`, and what the body throws.
    package static func withShell<Result: Sendable>(
        over channel: any BoardChannel, credentials: Credentials, nonce: String, timing: ShellTiming = ShellTiming(),
        body: (ShellSession) async throws -> Result
    ) async throws -> Result {
        let session = ShellSession(
            Console(channel), dialect: ShellDialect(nonce: nonce), credentials: credentials, timing: timing)
        return try await withCleanup {
            try await session.begin()
            return try await body(session)
        } cleanup: {
            await session.end()
        }
    }

    // MARK: Commands

    /// Runs a command that only reads; it is repeated if its reply is lost.
    ///
    /// If the line may damage bytes, it is repeated until two replies are equal: neither a damaged command nor a
    /// damaged reply is then accepted.
    ///
    /// - Parameters:
    ///   - silence: the longest pause in the board's output.
    ///   - limit: the maximum size of a reply in bytes.
    ///   - isProvenElsewhere: whether the caller checks the reply by other means, so that one is enough.
    ///   - mayGrow: whether a later reply may be longer, such as that of a log; the common part is returned.
    package func run(
        _ command: String, silence: Duration? = nil, limit: Int = 4 << 20, mergesErrors: Bool = false,
        isProvenElsewhere: Bool = false, mayGrow: Bool = false
    ) async throws -> ShellReply {
        let ask = {
            try await self.repeating {
                try await self.runOnce(
                    command, silence: silence ?? self.timing.silence, limit: limit, mergesErrors: mergesErrors)
            }
        }
        // A damaged command may print without end, and is then repeated. But a board that makes one reply last for its
        // full time will do so again: all attempts together get the time of two.
        let longest = ((silence ?? timing.silence) + timing.limits.reply) * 2
        return try await console.within(longest, "the reply to a command") {
            isProvenElsewhere ? try await ask() : try await agreed(on: command, mayGrow: mayGrow, ask)
        }
    }

    /// Repeats a question until two replies are equal, if the line may damage them.
    func agreed(
        on command: String, mayGrow: Bool = false, _ ask: () async throws -> ShellReply
    ) async throws -> ShellReply {
        guard !console.channel.traits.isReliable else { return try await ask() }
        var seen: [ShellReply] = []
        for _ in 0..<timing.attempts * 4 {
            let reply = try await ask()
            if seen.contains(reply) { return reply }
            if mayGrow, let shorter = seen.first(where: { $0.isStart(of: reply) }) { return shorter }
            seen.append(reply)
        }
        throw FlashkeepError(
            .replyNotUnderstood, what: "No two replies of \(console.channel.traits.address) agreed.",
            why: "The command was: \(command.prefix(120))",
            next: lineAdvice)
    }

    /// Repeats an action after its reply was lost, if the shell can be found again.
    func repeating<Result>(_ act: () async throws -> Result) async throws -> Result {
        var attempt = 1
        while true {
            do {
                return try await act()
            } catch let error as FlashkeepError
                where error.code.isLostReply && isTerminal && attempt < timing.attempts
            {
                attempt += 1
                retries += 1
                try await recover()
            }
        }
    }

    func runOnce(
        _ command: String, silence: Duration, limit: Int, mergesErrors: Bool = false, keepsInput: Bool = false
    ) async throws -> ShellReply {
        try await say(command, silence: silence, mergesErrors: mergesErrors, keepsInput: keepsInput)
        let (output, status) = try await finish(command, silence: silence, limit: limit)
        return ShellReply(output: line == .mapped ? TerminalText.plain(output) : output, status: status)
    }

    /// Runs a command that changes something, so it is sent only once. Standard error becomes part of the reply.
    ///
    /// - Throws: `boardSilent` if its reply is lost: it may have run or not.
    package func runOnce(_ command: String, silence: Duration) async throws -> ShellReply {
        try await runOnce(command, silence: silence, limit: 1 << 16, mergesErrors: true)
    }

    /// Runs a command with text as its standard input, as a here-document (POSIX.1-2017 Shell Command Language 2.7.4):
    /// the shell itself reads it to its end whatever happens to the command, so that no line of it is ever executed.
    ///
    /// - Parameters:
    ///   - input: lines of printable characters, each with its line end; none of them may be the session's word.
    ///   - silence: the longest pause in the board's output, once all of the input has been sent.
    /// - Throws: as ``run(_:silence:limit:mergesErrors:isProvenElsewhere:mayGrow:)``; it is sent only once.
    package func run(
        _ command: String, input: String, silence: Duration? = nil, limit: Int = 1 << 16
    ) async throws -> ShellReply {
        let end = dialect.word + "H"
        try await say(
            "\(command) <<'\(end)'", silence: silence ?? timing.silence, mergesErrors: true, keepsInput: false,
            then: input + end + "\n")
        let (output, status) = try await finish(command, silence: silence, limit: limit)
        return ShellReply(output: line == .mapped ? TerminalText.plain(output) : output, status: status)
    }

    /// Starts a command. The caller reads its reply in parts with ``Console/bytes(within:)``, then calls ``finish``.
    package func start(_ command: String, silence: Duration? = nil, mergesErrors: Bool = false) async throws {
        try await say(command, silence: silence ?? timing.silence, mergesErrors: mergesErrors, keepsInput: false)
    }

    /// Whether the line may damage bytes, so that each marker is sent twice.
    var isDoubled: Bool { !console.channel.traits.isReliable }

    func say(
        _ command: String, silence: Duration, mergesErrors: Bool, keepsInput: Bool, then input: String = ""
    ) async throws {
        sequence += 1
        isReplyPending = true
        try await send(
            dialect.line(
                command, sequence: sequence, mergesErrors: mergesErrors, keepsInput: keepsInput, isDoubled: isDoubled)
                + input)
        let marker = dialect.beginMarker(sequence)
        let longest = silence + timing.limits.reply
        guard
            try await console.bytes(until: marker, silence: silence, longest: longest, limit: 1 << 20) != nil,
            // The rest of the marker's line: a line end of one or two characters.
            try await console.bytes(until: [0x0A], silence: timing.silence, limit: 64) != nil
        else { throw lost(command) }
    }

    /// Reads the rest of a started command's reply, and its status.
    @discardableResult
    package func finish(
        _ command: String, silence: Duration? = nil, limit: Int = 1 << 20
    ) async throws -> (output: [UInt8], status: Int) {
        let silence = silence ?? timing.silence
        let longest = silence + timing.limits.reply
        var output: [UInt8]?
        var status: Int?
        for _ in 0..<(isDoubled ? 2 : 1) where status == nil {
            guard
                let before = try await console.bytes(
                    until: dialect.endMarker(sequence), silence: silence, longest: longest, limit: limit)
            else { break }
            output = output ?? before
            let digits =
                try await console.bytes(until: [UInt8(ascii: ":")], silence: silence, longest: longest, limit: 3) ?? []
            status = Int(String(decoding: digits, as: UTF8.self)).flatMap { (0...255).contains($0) ? $0 : nil }
            // The text read as a status may contain the second marker.
            if status == nil { console.putBack(digits + [UInt8(ascii: ":")]) }
        }
        guard var output, let status else { throw lost(command) }
        // The second copy of the begin marker.
        if let again = ByteSearch.firstRange(of: dialect.beginMarker(sequence), in: output),
            let end = output[again.upperBound...].firstIndex(of: 0x0A)
        {
            output.removeSubrange(...end)
        }
        _ = try await console.bytes(until: [0x0A], silence: silence, longest: longest, limit: 64)
        isReplyPending = false
        return (output, status)
    }

    /// Defines functions or variables in the shell; they are defined again whenever the shell is restarted.
    ///
    /// - Parameters:
    ///   - name: replaces an earlier definition of this name.
    ///   - script: lines of at most 400 characters.
    package func define(_ name: String, _ script: String) async throws {
        forget(name)
        definitions.append((name, script))
        try await repeating { try await self.teach(script) }
    }

    /// Stops repeating this definition in a restarted shell.
    package func forget(_ name: String) {
        definitions.removeAll { $0.name == name }
    }

    /// Makes the shell evaluate a script that has certainly arrived intact: it is sent twice, and the shell compares
    /// the copies. A function damaged in transit would return wrong bytes, and the same ones on every call.
    func teach(_ script: String) async throws {
        let text = ShellWord.quoted(script)
        for _ in 0..<timing.attempts * 4 {
            for copy in ["FKA", "FKB"] {
                _ = try await runOnce("\(copy)=\(text)", silence: timing.silence, limit: 1 << 16)
            }
            let reply = try await runOnce(
                "[ \"$FKA\" = \"$FKB\" ]&&eval \"$FKA\"&&echo \"<${#FKB}>\"", silence: timing.silence, limit: 1 << 16)
            if reply.text == "<\(script.utf8.count)>\n" { return }
        }
        throw lost(script)
    }

    /// Stops whatever the board is still sending; the session can continue afterwards.
    package func interrupt() async throws {
        try await recover()
    }

    /// The longest silence of a board at work.
    package var silence: Duration { timing.silence }

    /// The time limit for a number of bytes of flash data on this line.
    package func bulkTime(_ bytes: Int) -> Duration {
        timing.limits.bulk(bytes, isSlow: console.channel.traits.isSlow)
    }

    var isTerminal: Bool { console.channel.traits.mayHaveTerminal }
}
