private import BoardChannels
package import BoardConsoles
private import FlashModel

/// Finds out who answers on a serial line, and stops U-Boot's countdown.
///
/// Nothing is sent that could do harm: ^C first; keys only where the board itself says which one; never a digit of a
/// menu but the one that the menu calls the command line.
package struct UBootArrival: Sendable {
    /// Who answers.
    package enum Found: Sendable, Hashable {
        /// U-Boot waits at this prompt.
        case uboot(prompt: [UInt8])
        /// Linux, or its login.
        case linux
    }

    /// Something that a person should know or do while it goes on.
    package enum Notice: Sendable, Hashable {
        /// Nothing speaks: the board must be switched on, or off and on.
        case needsPower(String)
        /// Worth knowing.
        case note(String)
    }

    /// What the user wants to be sent to stop a countdown; nil goes by what the board prints.
    package var stopKey: [UInt8]?
    /// Whether only U-Boot will do: a running Linux is waited for until it is restarted.
    package var wantsBootloader: Bool
    /// Letters and digits that nobody can foresee, at least 8.
    package var nonce: @Sendable () -> String
    /// The password of a bootloader that asks for one.
    package var password: @Sendable () async throws -> String?
    package var timing: UBootTiming
    /// Told what a person must do.
    package var notify: @Sendable (Notice) async throws -> Void

    package init(
        stopKey: [UInt8]? = nil, wantsBootloader: Bool = false, nonce: @escaping @Sendable () -> String,
        password: @escaping @Sendable () async throws -> String? = { nil }, timing: UBootTiming = UBootTiming(),
        notify: @escaping @Sendable (Notice) async throws -> Void = { _ in }
    ) {
        self.stopKey = stopKey
        self.wantsBootloader = wantsBootloader
        self.nonce = nonce
        self.password = password
        self.timing = timing
        self.notify = notify
    }

    /// Runs the body with a session where U-Boot answers.
    ///
    /// - Returns: nil where Linux answers.
    /// - Throws: what ``find(_:)`` throws, and what the body throws.
    package func withSession<Result: Sendable>(
        _ console: Console, body: (UBootSession) async throws -> Result
    ) async throws -> Result? {
        switch try await find(console) {
        case .linux: return nil
        case .uboot(let prompt): return try await body(UBootSession(console, prompt: prompt, arrival: self))
        }
    }

    /// Listens and asks until it is known who answers.
    ///
    /// - Throws: `boardSilent` where nobody does, also after the power was asked for; `replyNotUnderstood` where it is
    ///   somebody else, or the line is bad; `passwordNeeded`, `authenticationFailed`.
    package func find(_ console: Console) async throws -> Found {
        var search = Search(arrival: self)
        return try await search.run(console)
    }

    /// What was learned so far.
    private struct Search {
        let arrival: UBootArrival
        var text = UBootConsoleText()
        /// The last that was received, for error messages.
        var seen: [UInt8] = []
        var hasStarted = false
        var keysTried = 0
        var stop: UBootStopPrompt?
        /// Whether the menu was told its command line's digit.
        var hasChosen = false
        var isGarbage = false
        /// The rates at which no sense came; empty before they were tried.
        var triedRates: [Int] = []
        /// How often the rates may still be tried: a bootloader's first stage may print at one of its own.
        var searches = 3
        /// Whether they were tried in vain; then only garbage makes them worth trying again.
        var hasSearchedInVain = false
        var isWaitingForPower = false
        var wakes = 0
        /// How often nothing came within the time, since something did.
        var silences = 0
        var passwords = 0
        var refused: [[UInt8]] = []
        /// Since when something came again and again without a pause; nil in a pause.
        var talksSince: Duration?
        /// What is waited for, and since when.
        var stage = Stage(isWaitingForPower: false, hasStarted: false)
        var stageStart = Duration.zero
        /// How often somebody was asked to switch the board.
        var powerRequests = 0

        struct Stage: Equatable {
            var isWaitingForPower: Bool
            var hasStarted: Bool
        }

        init(arrival: UBootArrival) {
            self.arrival = arrival
        }

        var timing: UBootTiming { arrival.timing }

        mutating func run(_ console: Console) async throws -> Found {
            stageStart = console.time
            while true {
                try checkTime(console)
                // Who says a line now and then leaves no long pause behind a prompt.
                let isPrompt = wakes > 0 && text.promptCandidate.map { !refused.contains($0) } ?? false
                let bytes = try await console.bytes(within: isPrompt ? timing.settled / 3 : timing.settled)
                try Task.checkCancellation()
                if let bytes {
                    let start = talksSince ?? console.time
                    talksSince = start
                    if let found = try await take(bytes, console) { return found }
                    // Something talks all the time, and is no bootloader: whether a system listens behind that, the
                    // shell's own way in finds out.
                    if !hasStarted, !isWaitingForPower, console.time - start > timing.settled * 10 {
                        if LineSense(seen) == .garbage { throw garbage(console) }
                        guard arrival.wantsBootloader else { return .linux }
                        try await askForPower(console)
                    }
                } else {
                    talksSince = nil
                    if let found = try await quiet(console) { return found }
                }
            }
        }

        /// Sees that what is waited for now, the power or a start, does not take too long.
        private mutating func checkTime(_ console: Console) throws {
            let now = Stage(isWaitingForPower: isWaitingForPower, hasStarted: hasStarted)
            if now != stage {
                stage = now
                stageStart = console.time
            }
            let limit = isWaitingForPower ? timing.power : timing.limits.start
            guard console.time - stageStart >= limit || powerRequests > Self.mostRequests else { return }
            guard console.isTalking else { throw silent(console) }
            throw noEnd(console, isWaitingForPower ? "the wait for its bootloader" : "the start of its bootloader")
        }

        /// How often somebody is asked to switch the board: whose start is missed so often, it cannot be stopped.
        private static let mostRequests = 5

        /// Something came.
        private mutating func take(_ bytes: [UInt8], _ console: Console) async throws -> Found? {
            seen = Array((seen + bytes).suffix(8_192))
            silences = 0
            for event in text.feed(bytes) {
                switch event {
                case .banner:
                    hasStarted = true
                    isGarbage = false
                    keysTried = 0
                    stop = nil
                    // A key that came too late stands behind the prompt: ^C brings a clean one.
                    wakes = 0
                    if isWaitingForPower { try await arrival.notify(.note("the board starts")) }
                    isWaitingForPower = false
                    if let key = arrival.stopKey { try await console.channel.write(key) }
                case .stopPrompt(let prompt):
                    hasStarted = true
                    stop = prompt
                    try await sendKey(console)
                case .menu(let key?):
                    // The menu's own word for its command line; its other digits write flash. Once: the loader
                    // repeats the line when it was chosen.
                    guard !hasChosen else { break }
                    hasChosen = true
                    try await console.channel.write([key])
                case .menu(nil): hasChosen = false
                case .passwordPrompt(let line) where hasStarted: try await answerPassword(line, console)
                case .passwordPrompt: return try await linux()
                case .systemStart(let line):
                    if hasStarted || arrival.wantsBootloader { try await missed(line) }
                    hasStarted = false
                case .other("Linux login"):
                    if let found = try await linux() { return found }
                case .other(let name):
                    throw somebodyElse(name, console)
                case .garbage: isGarbage = true
                default: break
                }
            }
            // At once: a countdown may be on its way.
            if isGarbage, seen.count >= 48, LineSense(seen) == .garbage { try await searchRate(console) }
            return nil
        }

        /// Looks for the rate at which the line makes sense.
        private mutating func searchRate(_ console: Console) async throws {
            guard searches > 0, let rate = console.channel.lineRate else { return }
            searches -= 1
            let address = console.channel.traits.address
            switch try await LineRateSearch(quiet: timing.settled / 3).run(console) {
            case .found(rate): break
            case .found(let found):
                try await arrival.notify(
                    .note("the line runs at \(found), not \(rate): \(address)?baud=\(found)"))
            case .none(let tried, let hasHeard):
                triedRates = tried
                hasSearchedInVain = true
                if hasHeard, LineSense(seen) == .garbage { throw garbage(console) }
                // A burst of noise, as when the power comes.
                isGarbage = false
                return
            }
            isWaitingForPower = false
            text = UBootConsoleText()
            seen = []
            refused = []
            isGarbage = false
            wakes = 0
        }

        /// Nothing came for a while.
        private mutating func quiet(_ console: Console) async throws -> Found? {
            silences += 1
            if let candidate = text.promptCandidate, !refused.contains(candidate) {
                switch try await prove(candidate, console) {
                case .yes(let prompt): return .uboot(prompt: prompt)
                case .linux: return try await linux()
                case .no: refused.append(candidate)
                case .deaf: throw deaf(console)
                }
                return nil
            }
            if stop != nil, keysTried > 0 {
                try await sendKey(console)
                return nil
            }
            if isWaitingForPower { return nil }
            if hasStarted, timing.settled * silences < timing.arrival {
                // A start may be silent for long: it scans a bus, or counts down without a word.
                if silences <= 2, wakes < 10 {
                    wakes += 1
                    try await console.channel.write([0x03])
                }
                return nil
            }
            // Twice, for the first may end a command that somebody had begun to type, or be lost.
            if wakes < 2 {
                wakes += 1
                try await console.channel.write([0x03])
            } else if wakes == 2, searches > 0, !hasSearchedInVain, console.channel.lineRate != nil,
                LineSense(seen) != .text
            {
                // Of a line that is much slower than its reader nothing is seen: all that it sends is one long break.
                try await searchRate(console)
            } else if wakes < 4, seen.isEmpty {
                // No bootloader waits here, or ^C would have brought its prompt. A console of Linux may want an Enter;
                // with the blank before it, it is no bare one.
                wakes += 1
                try await console.send(" \r")
            } else if wakes < 5, seen.isEmpty {
                // A shell that shows no prompt still speaks when it is told to.
                wakes += 1
                try await console.send(" echo fk''\(arrival.nonce().prefix(8))\r")
            } else if isGarbage {
                throw garbage(console)
            } else if !seen.isEmpty, !arrival.wantsBootloader, !hasStarted {
                // Somebody answers, and it is no bootloader that we know: the shell's own way in says who.
                return .linux
            } else {
                try await askForPower(console)
            }
            return nil
        }

        private mutating func askForPower(_ console: Console) async throws {
            isWaitingForPower = true
            powerRequests += 1
            try await arrival.notify(
                .needsPower(
                    seen.isEmpty
                        ? "Nothing answers at \(console.channel.traits.address). Switch the board on now (or off and on)."
                        : "No bootloader answers at \(console.channel.traits.address). Switch the board off and on."))
            seen = []
            text = UBootConsoleText()
            refused = []
        }

        /// Sends the next of the keys that stop the countdown.
        private mutating func sendKey(_ console: Console) async throws {
            guard let stop else { return }
            let keys = arrival.stopKey.map { [$0] } ?? stop.keys
            guard !keys.isEmpty else {
                guard keysTried == 0 else { return }
                keysTried += 1
                try await arrival.notify(
                    .note("the board counts down and names no key (\"\(stop.text)\"): give it with --stop-key"))
                return
            }
            guard keysTried < keys.count * 2 else {
                self.stop = nil
                return
            }
            try await console.channel.write(keys[keysTried % keys.count])
            keysTried += 1
        }

        private mutating func answerPassword(_ line: String, _ console: Console) async throws {
            guard passwords == 0 else {
                throw FlashkeepError(
                    .authenticationFailed, what: "The bootloader did not accept the password.",
                    why: "It asked again: \(line)",
                    next: "Give the right one with FLASHKEEP_PASSWORD or --password-file.")
            }
            guard let password = try await arrival.password() else {
                throw FlashkeepError(
                    .passwordNeeded, what: "The bootloader at \(console.channel.traits.address) asks for a password.",
                    why: "It says: \(line)", next: "Set FLASHKEEP_PASSWORD or use --password-file.")
            }
            passwords += 1
            try await console.send(password + "\r", isSecret: true)
        }

        private mutating func missed(_ line: String) async throws {
            guard arrival.wantsBootloader else {
                try await arrival.notify(.note("the board starts its system: \(line)"))
                return
            }
            isWaitingForPower = true
            powerRequests += 1
            try await arrival.notify(
                .needsPower("The board starts its system: it was too late to stop it. Switch it off and on."))
        }

        private mutating func linux() async throws -> Found? {
            guard arrival.wantsBootloader else { return .linux }
            if !isWaitingForPower {
                isWaitingForPower = true
                powerRequests += 1
                try await arrival.notify(
                    .needsPower("Linux runs on the board, and its bootloader is needed. Switch it off and on."))
            }
            return nil
        }

        // MARK: Proving a prompt

        private enum Verdict {
            /// With the prompt as it came twice, where the candidate was damaged on its way.
            case yes(prompt: [UInt8])
            case no
            case linux
            /// It printed, and echoes nothing.
            case deaf
        }

        /// How often no echo, or no complaint, must come for that to be no accident of the line.
        private static let believed = 3

        /// Says a word that nobody knows, and sees who complains.
        private mutating func prove(_ candidate: [UInt8], _ console: Console) async throws -> Verdict {
            var hasHeard = false
            var (silent, denied) = (0, 0)
            var lastPrompt = candidate
            for attempt in 0..<timing.attempts {
                if attempt > 0 {
                    try await console.channel.write([0x03])
                    _ = try await console.collect(quiet: timing.settled, longest: timing.settled * 4)
                }
                let word = Array(("fk" + arrival.nonce().prefix(8)).utf8)
                var echo: [UInt8] = []
                for byte in word {
                    try await console.channel.write([byte])
                    if let got = try await console.bytes(within: timing.echo) { echo += got.suffix(word.count + 1) }
                    if echo.isEmpty { break }
                }
                if echo.isEmpty {
                    // A countdown may be over, and the system starting: it is not deaf then.
                    silent += 1
                    if silent == Self.believed { break }
                    continue
                }
                hasHeard = true
                guard echo == word else { continue }
                try await console.send("\r")
                var isWhole = false
                let answer = try await console.collect(
                    quiet: timing.settled, longest: timing.settled * 10,
                    until: { answer in
                        var reader = UBootConsoleText(prompt: candidate)
                        let events = reader.feed(answer)
                        isWhole =
                            events.contains { if case .unknownCommand = $0 { true } else { false } }
                            && reader.openLine == candidate
                        return isWhole
                    })
                // Nothing follows what is the prompt; where something does, there is another one.
                if isWhole, let more = try await console.bytes(within: timing.quiet * 2) { console.putBack(more) }
                seen = Array((seen + answer).suffix(8_192))
                var reader = UBootConsoleText(prompt: candidate)
                let events = reader.feed(answer)
                let isUnknown = events.contains { if case .unknownCommand = $0 { true } else { false } }
                if isUnknown {
                    if [candidate, lastPrompt].contains(reader.openLine) { return .yes(prompt: reader.openLine) }
                    if UBootSession.isNearly(reader.openLine, candidate) { lastPrompt = reader.openLine }
                    continue
                }
                let said = String(decoding: answer, as: UTF8.self).lowercased()
                if said.contains("not found") { return .linux }
                if said.contains("illegal command") { throw somebodyElse("RedBoot", console) }
                if said.contains("invalid command") || said.contains("command status =") {
                    throw somebodyElse("CFE", console)
                }
                // Words that a bad line made others do so each time anew.
                denied += 1
                if denied == Self.believed { break }
            }
            return hasStarted && !hasHeard ? .deaf : .no
        }

        // MARK: Errors

        private func noEnd(_ console: Console, _ task: String) -> FlashkeepError {
            if LineSense(seen) == .garbage { return garbage(console) }
            return console.talksOn(during: task)
        }

        private func silent(_ console: Console) -> FlashkeepError {
            FlashkeepError(
                .boardSilent, what: "Nothing answers at \(console.channel.traits.address).",
                why: "Neither ^C nor Enter nor a restart brought a prompt.",
                next: "Check power, that RX and TX are not swapped, and the baud rate (?baud=57600).")
        }

        private func deaf(_ console: Console) -> FlashkeepError {
            FlashkeepError(
                .replyNotUnderstood,
                what: "The board at \(console.channel.traits.address) prints, but does not hear us.",
                why: "It showed a prompt and echoed nothing of what was typed.",
                next:
                    "Check the wire to the board's RX, and that flow control is off: its receive line is dead, not locked."
            )
        }

        private func garbage(_ console: Console) -> FlashkeepError {
            FlashkeepError(
                .replyNotUnderstood, what: "What \(console.channel.traits.address) sends is garbage.",
                why: triedRates.isEmpty
                    ? "Most of it is no text: the baud rate is wrong, or the line is bad."
                    : "No text came at any of \(triedRates.map(String.init).joined(separator: ", ")) baud.",
                next: triedRates.isEmpty
                    ? "Try ?baud=57600, 38400, 9600 or 921600, and check the ground wire."
                    : "Check the ground wire and the line's voltage; for another rate, give ?baud=NUMBER.")
        }

        private func somebodyElse(_ name: String, _ console: Console) -> FlashkeepError {
            FlashkeepError(
                .replyNotUnderstood, what: "\(name) answers at \(console.channel.traits.address), not U-Boot.",
                why: "The last that it said was: \(TerminalText.lastLines(seen))",
                next: "Let it start its Linux and back up from there.")
        }
    }
}
