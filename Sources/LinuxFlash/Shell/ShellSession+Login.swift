import BoardChannels
import BoardConsoles
import FlashModel

/// Finds the shell: the login, the terminal, the second shell.
extension ShellSession {
    func begin() async throws {
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
    func checkBoot() async throws {
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
    func expectShell() async throws {
        let marker = Array("\(dialect.word)P0:".utf8)
        do {
            try await send("echo \(dialect.typedWord)P0:\n")
            let answer = try await console.bytes(
                until: marker, silence: timing.arrival, longest: timing.limits.login, limit: 1 << 20)
            if answer != nil {
                _ = try await console.bytes(until: [0x0A], silence: timing.silence, limit: 64)
                return
            }
        } catch let error as FlashkeepError where error.code == .boardLost {
            // It may have ended before it was asked; what it said is still there.
            _ = try? await console.collect(quiet: .milliseconds(200))
            throw noShell()
        }
        guard !console.isTalking(after: timing.arrival) else { throw console.talksOn(during: "the login") }
        throw noShell()
    }

    /// On a terminal: finds a shell, whatever state it is in.
    func arrive() async throws {
        // Until the kernel is silenced there may be no pause.
        console.beginFilteringKernel()
        try await console.within(timing.limits.login, "the login") {
            try await findShell()
            try await expectOneShell()
        }
    }

    /// The last input sent to the board, as far as the meaning of its answer depends on it.
    enum Said {
        case nothing
        case credentials
        case probe
    }

    func findShell() async throws {
        chooseEnterKey()
        var (seen, hasPaused) = try await listen()
        var everSeen = seen
        var asked = (user: 0, password: 0, denial: 0, probe: 0, wake: 0, lineEnd: 0)
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
                try await send("\(credentials.user)\n")
                said = .credentials
            case .password where before == .probe && asked.denial < 3:
                // The probe was taken as a user name.
                asked.denial += 1
                try await send("\n")
            case .password:
                asked.password += 1
                guard asked.password <= 1 else { throw denied() }
                undo?.owesPassword = true
                guard let password = try await credentials.password() else { throw passwordNeeded() }
                undo?.owesPassword = false
                try await send(password + "\n", isSecret: true)
                undo?.loggedIn = true
                said = .credentials
            case .denied where asked.password == 0 && asked.denial < 3:
                // Not our password: someone had left the login at its password prompt, and our first characters ended
                // it.
                asked.denial += 1
                try await send("\n")
            case .denied:
                throw denied()
            case .pressEnter:
                try await send("\n")
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
                try await send(waits % 4 == 1 ? "\u{3}" : "\n")
            case nil where everSeen.isEmpty:
                // ^C is harmless everywhere; Enter is not: U-Boot repeats its last command. Only if ^C has no effect is
                // there no bootloader, and Enter may wake a console.
                asked.wake += 1
                guard asked.wake <= 4 else { throw nothingAnswers() }
                if asked.wake == 4 { tryOtherLineEnd() }
                try await send(asked.wake % 2 == 1 ? "\u{3}" : "\n")
            case nil where before == .credentials && asked.lineEnd == 0 && isOnlyEcho(seen) && tryOtherLineEnd():
                // What should have been Enter was none.
                asked.lineEnd += 1
                try await send("\n")
                said = .credentials
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
                if asked.probe > 1 { tryOtherLineEnd() }
                try await send("echo \(dialect.typedWord)P\(asked.probe):\n")
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
    func listen(afterCredentials: Bool = false) async throws -> (seen: [UInt8], hasPaused: Bool) {
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
    func clean() async throws {
        line = .mapped
        defer { console.endFilteringKernel() }
        try await useLineFeedIfTaken()
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
        let prepare = isRestorable ? "stty raw -echo isig\(needsLineFeedsMade ? " icrnl" : "");" : ""
        let restore = isRestorable ? ";stty \(ShellWord.quoted(settings))" : ""
        // Only once the line is raw may more be typed: earlier input would still be edited and echoed. `dd` and not
        // `cat`: busybox's cat hands a terminal to sendfile(2), which holds the first line back until a second one
        // arrives.
        try await send(
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
            try await send("stty \(ShellWord.quoted(settings))\n")
            _ = try await console.collect(quiet: timing.quiet)
        }
    }

    /// Removes kernel messages from a reply received before the kernel is silenced.
    func withoutKernel(_ reply: ShellReply) -> ShellReply {
        ShellReply(output: TerminalText.withoutKernelMessages(reply.output).text, status: reply.status)
    }

    /// How the line alters the second shell's output; nil if another shell answers, or none.
    func innerLine(attempts: Int) async throws -> Line? {
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
    func recover() async throws {
        guard isTerminal else { throw lost("waiting for a reply") }
        try await console.within(timing.limits.login, "the return to the shell") {
            var attempt = 1
            while true {
                do {
                    return try await reenter()
                } catch let error as FlashkeepError where error.code.isLostReply && attempt < timing.attempts {
                    attempt += 1
                } catch let error as FlashkeepError where error.code == .replyNotUnderstood {
                    // There was a shell a moment ago: the line stalls, or the board restarts.
                    throw FlashkeepError(
                        .boardSilent, what: "\(console.channel.traits.address) stopped answering.", why: error.why,
                        next: "Check the board and the connection, then run the same command again: it resumes.")
                }
            }
        }
    }

    func reenter() async throws {
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
}
