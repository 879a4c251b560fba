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

/// A lease on a Linux shell.
///
/// Over SSH or a pipe the shell reads commands as they arrive. On a terminal the session first finds the shell (logging
/// in if asked), silences the kernel, makes the line raw and starts a second shell behind it (`dd | sh`) that has no
/// prompt, no echo and no line editor; all of this is undone at the end.
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
    package private(set) var line = Line.clean
    /// The number of repeated commands.
    package private(set) var retries = 0

    private let credentials: Credentials
    private let timing: ShellTiming
    private var sequence = 0
    private var definitions: [(name: String, script: String)] = []
    private var bootID: [UInt8]?
    private var undo: Undo?

    /// Whether a started command's reply has not been read to its end.
    private var isReplyPending = false

    /// What the session changed on the board's terminal.
    private struct Undo {
        /// The original log level of the console.
        var printk: String?
        /// The original terminal settings, for `stty`.
        var settings: String?
        var hasInnerShell = false
        var loggedIn = false
        /// Whether the board waits for a password that will not come.
        var owesPassword = false
    }

    private init(_ console: Console, dialect: ShellDialect, credentials: Credentials, timing: ShellTiming) {
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

    /// Asks until two replies are equal, if the line may damage them.
    private func agreed(
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
            .replyNotUnderstood, what: "Two replies of \(console.channel.traits.address) never agreed.",
            why: "The command was: \(command.prefix(120))",
            next: "Check the ground wire, use a shorter cable or a lower baud rate, then run the command again.")
    }

    /// Repeats an action after its reply was lost, if the shell can be found again.
    private func repeating<Result>(_ act: () async throws -> Result) async throws -> Result {
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

    private func runOnce(
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

    /// Starts a command whose reply is read piece by piece with ``Console/bytes(within:)``, until ``finish`` is called.
    package func start(_ command: String, silence: Duration? = nil, mergesErrors: Bool = false) async throws {
        try await say(command, silence: silence ?? timing.silence, mergesErrors: mergesErrors, keepsInput: false)
    }

    /// Whether the line may damage bytes, so that each marker is sent twice.
    private var isDoubled: Bool { !console.channel.traits.isReliable }

    private func say(
        _ command: String, silence: Duration, mergesErrors: Bool, keepsInput: Bool, then input: String = ""
    ) async throws {
        sequence += 1
        isReplyPending = true
        try await console.send(
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
    private func teach(_ script: String) async throws {
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

    private var isTerminal: Bool { console.channel.traits.mayHaveTerminal }

    // MARK: Beginning

    private func begin() async throws {
        undo = Undo()
        guard isTerminal else {
            try await expectShell()
            try await checkBoot()
            return
        }
        try await arrive()
        do {
            try await clean()
            try await checkBoot()
        } catch let error as FlashkeepError where error.code.isLostReply {
            try await recover()
        }
    }

    /// Checks that the board's kernel has not been restarted
    /// (`Documentation/admin-guide/sysctl/kernel.rst`, `random/boot_id`).
    private func checkBoot() async throws {
        let command = "cat /proc/sys/kernel/random/boot_id"
        let id = try await agreed(on: command) {
            try await runOnce(command, silence: timing.silence, limit: 4_096)
        }
        if bootID == nil { bootID = id.output }
        guard id.output == bootID else {
            throw FlashkeepError(
                .boardLost, what: "\(console.channel.traits.address) restarted during the work.",
                why: "Its kernel has been started again since the beginning (a watchdog, a power cut, or someone "
                    + "rebooted it).",
                next: "Run the same command again: it resumes.")
        }
    }

    /// On a pipe: requires an answer to a first command.
    private func expectShell() async throws {
        try await console.send("echo \(dialect.typedWord)P0:\n")
        let marker = Array("\(dialect.word)P0:".utf8)
        guard
            try await console.bytes(
                until: marker, silence: timing.arrival, longest: timing.limits.login, limit: 1 << 20) != nil
        else {
            guard !console.isTalking(after: timing.arrival) else { throw console.talksOn(during: "the login") }
            throw notAShell(try await console.collect(quiet: .milliseconds(100)))
        }
        _ = try await console.bytes(until: [0x0A], silence: timing.silence, limit: 64)
    }

    /// On a terminal: finds a shell, whatever state it is in.
    private func arrive() async throws {
        // Until the kernel is silenced there may be no pause.
        console.beginFilteringKernel()
        try await console.within(timing.limits.login, "the login") { try await findShell() }
    }

    /// The last input sent to the board, as far as the meaning of its answer depends on it.
    private enum Said {
        case nothing
        case credentials
        case probe
    }

    private func findShell() async throws {
        var (seen, hasPaused) = try await listen()
        var everSeen = seen
        var asked = (user: 0, password: 0, denial: 0, probe: 0, wake: 0)
        var waits = 0
        var said = Said.nothing
        for _ in 0..<timing.arrivalSteps {
            // The probe's echo has a gap, so only a shell can have printed this; a slow one prints it late.
            if asked.probe > 0, ByteSearch.firstRange(of: Array("\(dialect.word)P".utf8), in: seen) != nil { return }
            let before = said
            said = .nothing
            let prompt = LoginPrompt(seen, kernel: console.takeKernelMessages(), isTorn: !hasPaused)
            switch prompt {
            case .user:
                asked.user += 1
                guard asked.user <= 3 else { throw denied() }
                try await console.send("\(credentials.user)\n")
                said = .credentials
            case .password where before == .probe && asked.denial < 3:
                // The probe was taken as a user name.
                asked.denial += 1
                try await console.send("\n")
            case .password:
                asked.password += 1
                guard asked.password <= 1 else { throw denied() }
                undo?.owesPassword = true
                guard let password = try await credentials.password() else { throw passwordNeeded() }
                undo?.owesPassword = false
                try await console.send(password + "\n", isSecret: true)
                undo?.loggedIn = true
                said = .credentials
            case .denied where asked.password == 0 && asked.denial < 3:
                // Not our password: someone had left the login at its password prompt, and our first characters ended
                // it.
                asked.denial += 1
                try await console.send("\n")
            case .denied:
                throw denied()
            case .pressEnter:
                try await console.send("\n")
            case .bootloader(let prompt):
                throw bootloader(prompt)
            case .booting:
                waits += 1
                guard waits < timing.bootWaits else { throw silent(during: "the start of the board") }
            case .kernelOnly:
                // Linux is running, so Enter is harmless; it brings a question or a prompt as soon as a program reads
                // the terminal.
                waits += 1
                guard waits < timing.bootWaits else { throw console.talksOn(during: "the login") }
                try await console.send(waits % 4 == 1 ? "\u{3}" : "\n")
            case nil where everSeen.isEmpty:
                // ^C is harmless everywhere; Enter is not: U-Boot repeats its last command. Only if ^C has no effect is
                // there no bootloader, and Enter may wake a console.
                asked.wake += 1
                guard asked.wake <= 4 else { throw nothingAnswers() }
                try await console.send(asked.wake % 2 == 1 ? "\u{3}" : "\n")
            case nil where asked.probe == 0 && asked.wake == 0 && asked.user == 0:
                // There was output, but no question: find out whether anything answers, and in which state it is.
                asked.wake += 1
                try await console.send("\u{3}")
            case nil:
                asked.probe += 1
                guard asked.probe <= 4 else {
                    throw console.isTalking && LineSense(everSeen) != .garbage
                        ? console.talksOn(during: "the login") : notAShell(everSeen)
                }
                try await console.send("echo \(dialect.typedWord)P\(asked.probe):\n")
                said = .probe
                let marker = Array("\(dialect.word)P\(asked.probe):".utf8)
                if try await console.bytes(
                    until: marker, silence: timing.probe, longest: timing.probe, limit: 1 << 16) != nil
                {
                    _ = try await console.collect(quiet: timing.quiet)
                    return
                }
            }
            // A board that is loaded, or has only just started, needs time for its first output.
            if everSeen.isEmpty || prompt == .kernelOnly, let first = try await console.bytes(within: timing.probe) {
                console.putBack(first)
            }
            (seen, hasPaused) = try await listen(afterCredentials: said == .credentials)
            everSeen = Array((everSeen + seen).suffix(65_536))
        }
        throw everSeen.isEmpty ? nothingAnswers() : notAShell(everSeen)
    }

    /// Collects output, apart from the kernel's, until there is a pause.
    ///
    /// - Parameter afterCredentials: whether a user name or a password was sent: then a pause counts only after the
    ///   answer, not after the echo.
    /// - Returns: the output, and whether there was a pause.
    private func listen(afterCredentials: Bool = false) async throws -> (seen: [UInt8], hasPaused: Bool) {
        let longest = timing.quiet * 5
        let end = console.time + (afterCredentials ? timing.login : .zero)
        var seen: [UInt8] = []
        while true {
            let start = console.time
            seen += try await console.collect(quiet: timing.quiet, longest: longest)
            seen = Array(seen.suffix(8_192))
            let hasPaused = console.time - start < longest
            guard console.time < end else { return (seen, hasPaused) }
            // A question, or a shell's prompt: the line is open.
            if LoginPrompt(seen, isTorn: !hasPaused) != nil { return (seen, hasPaused) }
            let text = TerminalText.plain(seen)
            let line = text.suffix(from: text.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0)
            if hasPaused, line.contains(where: { $0 != 0x20 }), !line.elementsEqual(credentials.user.utf8) {
                return (seen, hasPaused)
            }
            if let more = try await console.bytes(within: max(.zero, end - console.time)) { console.putBack(more) }
        }
    }

    /// Silences the kernel and turns the terminal into a clean pipe, as far as the board's tools allow.
    private func clean() async throws {
        line = .mapped
        defer { console.endFilteringKernel() }
        let silence = timing.silence
        let limit = 1 << 16
        // The first number of printk is the level below which messages reach the console
        // (Documentation/admin-guide/sysctl/kernel.rst).
        let getLevel = "cat /proc/sys/kernel/printk"
        let printk = try await agreed(on: getLevel) {
            withoutKernel(try await runOnce(getLevel, silence: silence, limit: limit))
        }
        let level = printk.text.split { !$0.isNumber }.first.map(String.init)
        if let level, level != "1", undo?.printk == nil {
            // Recorded before the change, so that the level is restored even if the reply is lost.
            undo?.printk = level
            let reply = try await runOnce("echo 1 >/proc/sys/kernel/printk", silence: silence, limit: limit)
            if reply.status != 0 { undo?.printk = nil }
        }
        // An aborted session may have left the terminal raw; the settings kept for restoring must be sane.
        let getSettings = "case \"$(stty -a)\" in *-opost*) stty sane;; esac;stty -g"
        let answer = try await agreed(on: getSettings) {
            withoutKernel(try await runOnce(getSettings, silence: silence, limit: limit, keepsInput: true))
        }
        let settings = answer.text.filter { $0 != "\n" && $0 != "\r" }
        let isRestorable = !settings.isEmpty && settings.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        if isRestorable, undo?.settings == nil { undo?.settings = settings }
        let prepare = isRestorable ? "stty raw -echo isig;" : ""
        let restore = isRestorable ? ";stty \(ShellWord.quoted(settings))" : ""
        // Only once the line is raw may more be typed: earlier input would still be edited and echoed. `dd` and not
        // `cat`: busybox's cat hands a terminal to sendfile(2), which holds the first line back until a second one
        // arrives.
        try await console.send(
            "\(prepare)echo \(dialect.typedWord)R:;dd bs=4096 2>/dev/null|FKI=inner sh\(restore)\n")
        guard
            try await console.bytes(until: Array("\(dialect.word)R:".utf8), silence: silence, limit: limit) != nil
        else { throw lost("preparing the terminal") }
        _ = try await console.bytes(until: [0x0A], silence: silence, limit: 16)
        undo?.hasInnerShell = true
        if let inner = try await innerLine(attempts: timing.attempts) {
            line = inner
            return
        }
        // Without a second shell the first one is used, with its echo and its editor, in the terminal's usual state.
        try await console.send("\u{3}")
        _ = try await console.collect(quiet: timing.quiet)
        undo?.hasInnerShell = false
        if isRestorable {
            try await console.send("stty \(ShellWord.quoted(settings))\n")
            _ = try await console.collect(quiet: timing.quiet)
        }
    }

    /// Removes kernel messages from a reply received before the kernel is silenced.
    private func withoutKernel(_ reply: ShellReply) -> ShellReply {
        ShellReply(output: TerminalText.withoutKernelMessages(reply.output).text, status: reply.status)
    }

    /// How the line alters the second shell's output; nil if another shell answers, or none.
    private func innerLine(attempts: Int) async throws -> Line? {
        let command = "echo \"<$FKI>\""
        for _ in 0..<attempts {
            do {
                let reply = try await agreed(on: command) {
                    try await say(command, silence: timing.probe, mergesErrors: false, keepsInput: false)
                    let (output, status) = try await finish(command, silence: timing.probe, limit: 1 << 16)
                    return withoutKernel(ShellReply(output: output, status: status))
                }
                // Observed, not assumed: the command that makes the line raw may have been damaged in transit.
                switch reply.text {
                case "<inner>\n": return .clean
                case "<inner>\r\n": return .mapped
                default: return nil
                }
            } catch let error as FlashkeepError where error.code.isLostReply {
                continue
            }
        }
        return nil
    }

    /// Finds the shell again after a reply was lost.
    private func recover() async throws {
        guard isTerminal else { throw lost("waiting for a reply") }
        try await console.within(timing.limits.login, "the return to the shell") {
            var attempt = 1
            while true {
                do {
                    return try await reenter()
                } catch let error as FlashkeepError where error.code.isLostReply && attempt < timing.attempts {
                    attempt += 1
                }
            }
        }
    }

    private func reenter() async throws {
        try await console.send("\u{3}")
        _ = try await console.collect(quiet: timing.quiet)
        // ^C ends the second shell only if it is on its controlling terminal; on some consoles there is none.
        if undo?.hasInnerShell == true, let inner = try await innerLine(attempts: 1) {
            line = inner
        } else {
            undo?.hasInnerShell = false
            // The last bytes may be flash data, and flash contains texts of bootloaders and logins. What follows one
            // more ^C comes from whatever answers now.
            _ = try await console.collect(quiet: timing.quiet)
            try await console.send("\u{3}")
            try await arrive()
            try await clean()
        }
        try await checkBoot()
        for definition in definitions { try await teach(definition.script) }
    }

    // MARK: Ending

    /// Restores the board's terminal. Never throws: the board may be gone.
    private func end() async {
        // In its own task: it must run to its end even if the user has cancelled everything.
        nonisolated(unsafe) let session = self
        await Task {
            try? await unsafe session.console.within(unsafe session.timing.limits.farewell, "the end") {
                try await unsafe session.undoEverything()
            }
        }.value
    }

    private func undoEverything() async throws {
        guard isTerminal else {
            guard !isReplyPending else { return }
            try await console.send("exit\n")
            // This closes the channel, which ends the wait.
            _ = try await console.collect(quiet: .seconds(2), longest: .seconds(2))
            return
        }
        guard let undo else { return }
        if undo.owesPassword {
            // An empty password brings back the question for the user, as it was when we arrived.
            try await console.send("\n")
            _ = try await console.collect(quiet: timing.quiet)
            return
        }
        if isReplyPending {
            // Flash data may still be arriving.
            try await console.send("\u{3}")
            _ = try await console.collect(quiet: timing.quiet)
        }
        if undo.hasInnerShell {
            if try await innerLine(attempts: 2) != nil {
                try await restorePrintk()
                // Repeated in case `exit` was lost.
                for _ in 0..<3 {
                    // The shell exits; `dd` notices only when it has something to write.
                    try await console.send("exit\n")
                    _ = try await console.collect(quiet: .milliseconds(100))
                    try await console.send("\n")
                    _ = try await console.collect(quiet: .milliseconds(100))
                    if try await innerLine(attempts: 1) == nil { break }
                }
            } else if let settings = undo.settings {
                try await restorePrintk()
                try await console.send("stty \(ShellWord.quoted(settings))\n")
            }
        } else {
            try await restorePrintk()
        }
        _ = try await console.collect(quiet: .milliseconds(100))
        if undo.loggedIn || console.channel.traits.way == "telnet" {
            try await console.send("exit\n")
            _ = try await console.collect(quiet: .milliseconds(100))
        }
    }

    private func restorePrintk() async throws {
        guard let printk = undo?.printk else { return }
        _ = try await runOnce("echo \(printk) >/proc/sys/kernel/printk", silence: .seconds(2), limit: 1 << 16)
    }

    // MARK: Errors

    /// The error for a missing reply: either nothing arrived, or something else keeps arriving.
    private func lost(_ command: String) -> FlashkeepError {
        guard console.isTalking else { return silent(during: command) }
        return console.talksOn(during: "the reply to \"\(Self.start(of: command))\"")
    }

    private static func start(of command: String) -> String {
        let start = command.split(separator: "\n").first.map { $0.count < command.count ? "\($0) …" : String($0) } ?? ""
        return start.count > 120 ? "\(start.prefix(120)) …" : start
    }

    private func silent(during command: String) -> FlashkeepError {
        return FlashkeepError(
            .boardSilent, what: "\(console.channel.traits.address) stopped answering.",
            why: "There was no reply to: \(Self.start(of: command))",
            next: "Check power, cable and network, then run the same command again: it resumes.")
    }

    private func nothingAnswers() -> FlashkeepError {
        FlashkeepError(
            .boardSilent, what: "Nothing answers at \(console.channel.traits.address).",
            why: "Neither ^C nor Enter got a single character in response.",
            next: "Check that the board has power, that RX and TX are not swapped, and the baud rate (?baud=57600).")
    }

    private func notAShell(_ seen: [UInt8]) -> FlashkeepError {
        if LineSense(seen) == .garbage {
            return FlashkeepError(
                .replyNotUnderstood, what: "\(console.channel.traits.address) sends garbage.",
                why: "Most of it is not text: the baud rate is wrong, or the line is bad.",
                next: "Try ?baud=57600, 38400 or 9600, and check the ground wire.")
        }
        let last = TerminalText.lastLines(seen)
        return FlashkeepError(
            .replyNotUnderstood, what: "No Linux shell answers at \(console.channel.traits.address).",
            why: last.isEmpty ? "A test command got no reply." : "The last output was: \(last)",
            next: "Log in by hand once to see what answers; Flashkeep needs a shell that has echo.")
    }

    private func bootloader(_ prompt: String) -> FlashkeepError {
        FlashkeepError(
            .bootloaderAnswers, what: "A bootloader answers at \(console.channel.traits.address), not Linux.",
            why: "Its prompt is \"\(prompt)\".", next: "Let the board start its Linux (usually: boot), then try again.")
    }

    private func denied() -> FlashkeepError {
        FlashkeepError(
            .authenticationFailed,
            what: "\(console.channel.traits.address) did not accept the user \(credentials.user) or the password.",
            why: "The board said so, or asked again.",
            next: "Give the correct password with FLASHKEEP_PASSWORD or --password-file, or another user in the "
                + "address.")
    }

    private func passwordNeeded() -> FlashkeepError {
        FlashkeepError(
            .passwordNeeded, what: "\(console.channel.traits.address) asks for the password of \(credentials.user).",
            why: "None was given, and nobody can be asked here.",
            next: "Set FLASHKEEP_PASSWORD or use --password-file.")
    }
}
