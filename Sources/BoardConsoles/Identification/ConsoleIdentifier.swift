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
    /// The only dialect that will do, a bootloader: a running system is waited for until it is restarted. Nil takes
    /// whoever answers.
    package var wanted: String?
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
        recognizers: [any DialectRecognizer], wanted: String? = nil, stopKey: [UInt8]? = nil,
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
        var search = Search(identifier: self)
        return try await search.run(console)
    }

    /// The dialect of what a bootloader starts, for output that shows a system and no more.
    private var system: (any DialectRecognizer)? { recognizers.first { !$0.isBootloader } }

    /// What was learned so far.
    private struct Search {
        let identifier: ConsoleIdentifier
        /// What each dialect has seen.
        var recognizers: [any DialectRecognizer]
        /// The last that was received, for error messages.
        var seen: [UInt8] = []
        var hasStarted = false
        var keysTried = 0
        var stop: (keys: [[UInt8]], text: String)?
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

        init(identifier: ConsoleIdentifier) {
            self.identifier = identifier
            recognizers = identifier.recognizers
        }

        var timing: ConsoleTiming { identifier.timing }

        /// The open line, if it may be somebody's prompt.
        var candidate: [UInt8]? { recognizers.lazy.compactMap(\.promptCandidate).first }

        mutating func run(_ console: Console) async throws -> Responder {
            stageStart = console.time
            while true {
                try checkTime(console)
                // Who says a line now and then leaves no long pause behind a prompt.
                let isPrompt = wakes > 0 && candidate.map { !refused.contains($0) } ?? false
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
                        if identifier.wanted == nil, let found = try await system(console) { return found }
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
        private mutating func take(_ bytes: [UInt8], _ console: Console) async throws -> Responder? {
            seen = Array((seen + bytes).suffix(8_192))
            silences = 0
            for index in recognizers.indices {
                for sign in recognizers[index].take(bytes) {
                    if let found = try await heed(sign, of: recognizers[index], console) { return found }
                }
            }
            // At once: a countdown may be on its way.
            if isGarbage, seen.count >= 48, LineSense(seen) == .garbage { try await searchRate(console) }
            return nil
        }

        /// Acts on what a dialect has recognised.
        private mutating func heed(
            _ sign: DialectSign, of dialect: any DialectRecognizer, _ console: Console
        ) async throws -> Responder? {
            switch sign {
            case .starts: try await noteStart(console)
            case .countsDown(let keys, let text):
                hasStarted = true
                stop = (keys, text)
                try await sendKey(console)
            case .menu(let key?):
                // The menu's own word for its command line; its other digits write flash. Once: the loader
                // repeats the line when it was chosen.
                guard !hasChosen else { break }
                hasChosen = true
                try await console.channel.write([key])
            case .menu(nil): hasChosen = false
            case .asksForPassword(let line):
                guard hasStarted else { return try await system(console) }
                try await answerPassword(line, console)
            case .startsSystem(let line):
                if hasStarted || identifier.wanted != nil { try await missed(line) }
                hasStarted = false
            case .answers: return try await answered(dialect, prompt: nil, console)
            case .garbage: isGarbage = true
            }
            return nil
        }

        /// A bootloader starts.
        private mutating func noteStart(_ console: Console) async throws {
            hasStarted = true
            isGarbage = false
            keysTried = 0
            stop = nil
            // A key that came too late stands behind the prompt: ^C brings a clean one.
            wakes = 0
            if isWaitingForPower { try await identifier.notify(.note("the board starts")) }
            isWaitingForPower = false
            if let key = identifier.stopKey { try await console.channel.write(key) }
        }

        /// A dialect answers: the result, unless only another one will do.
        private mutating func answered(
            _ dialect: any DialectRecognizer, prompt: [UInt8]?, _ console: Console
        ) async throws -> Responder? {
            guard dialect.isSupported else { throw notSupported(dialect.name, console) }
            if !dialect.isBootloader { return try await system(console) }
            if let wanted = identifier.wanted, wanted != dialect.name { throw notSupported(dialect.name, console) }
            return Responder(dialect: dialect.name, prompt: prompt)
        }

        /// Looks for the rate at which the line makes sense.
        private mutating func searchRate(_ console: Console) async throws {
            guard searches > 0, let rate = console.channel.lineRate else { return }
            searches -= 1
            let address = console.channel.traits.address
            switch try await LineRateSearch(quiet: timing.settled / 3).run(console) {
            case .found(rate): break
            case .found(let found):
                try await identifier.notify(
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
            recognizers = identifier.recognizers
            seen = []
            refused = []
            isGarbage = false
            wakes = 0
        }

        /// Nothing came for a while.
        private mutating func quiet(_ console: Console) async throws -> Responder? {
            silences += 1
            if let candidate, !refused.contains(candidate) {
                switch try await prove(candidate, console) {
                case .answers(let dialect, let prompt): return try await answered(dialect, prompt: prompt, console)
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
                try await console.send(" echo fk''\(identifier.nonce().prefix(8))\r")
            } else if isGarbage {
                throw garbage(console)
            } else if !seen.isEmpty, identifier.wanted == nil, !hasStarted {
                // Somebody answers, and it is no bootloader that we know: the system's own dialect says who.
                return try await system(console)
            } else {
                try await askForPower(console)
            }
            return nil
        }

        private mutating func askForPower(_ console: Console) async throws {
            isWaitingForPower = true
            powerRequests += 1
            try await identifier.notify(
                .needsPower(
                    seen.isEmpty
                        ? "Nothing answers at \(console.channel.traits.address). Switch the board on now (or off and on)."
                        : "No bootloader answers at \(console.channel.traits.address). Switch the board off and on."))
            seen = []
            recognizers = identifier.recognizers
            refused = []
        }

        /// Sends the next of the keys that stop the countdown.
        private mutating func sendKey(_ console: Console) async throws {
            guard let stop else { return }
            let keys = identifier.stopKey.map { [$0] } ?? stop.keys
            guard !keys.isEmpty else {
                guard keysTried == 0 else { return }
                keysTried += 1
                try await identifier.notify(
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
            guard let password = try await identifier.password() else {
                throw FlashkeepError(
                    .passwordNeeded, what: "The bootloader at \(console.channel.traits.address) asks for a password.",
                    why: "It says: \(line)", next: "Set FLASHKEEP_PASSWORD or use --password-file.")
            }
            passwords += 1
            try await console.send(password + "\r", isSecret: true)
        }

        private mutating func missed(_ line: String) async throws {
            guard identifier.wanted != nil else {
                try await identifier.notify(.note("the board starts its system: \(line)"))
                return
            }
            isWaitingForPower = true
            powerRequests += 1
            try await identifier.notify(
                .needsPower("The board starts its system: it was too late to stop it. Switch it off and on."))
        }

        /// A system answers, and no bootloader.
        private mutating func system(_ console: Console) async throws -> Responder? {
            guard identifier.wanted != nil else {
                guard let system = identifier.system else { throw notSupported("A system", console) }
                return Responder(dialect: system.name)
            }
            if !isWaitingForPower {
                isWaitingForPower = true
                powerRequests += 1
                try await identifier.notify(
                    .needsPower(
                        "\(identifier.system?.name ?? "A system") runs on the board, and its bootloader is needed. Switch it off and on."
                    ))
            }
            return nil
        }

        // MARK: Proving a prompt

        private enum Verdict {
            /// With the prompt as it came twice, if the candidate was damaged on its way.
            case answers(any DialectRecognizer, prompt: [UInt8]?)
            case no
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
                let word = Array(("fk" + identifier.nonce().prefix(8)).utf8)
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
                switch try await complaint(at: candidate, lastPrompt, console) {
                case .answers(let dialect, let prompt): return .answers(dialect, prompt: prompt)
                case .nearly(let prompt):
                    lastPrompt = prompt
                    continue
                case .unclear: continue
                case .no: break
                }
                // Words that a bad line made others do so each time anew.
                denied += 1
                if denied == Self.believed { break }
            }
            return hasStarted && !hasHeard ? .deaf : .no
        }

        private enum Complaint {
            case answers(any DialectRecognizer, prompt: [UInt8]?)
            /// A dialect's own words, and a prompt that differs from the candidate by a character.
            case nearly(prompt: [UInt8])
            /// A dialect's own words, and no prompt.
            case unclear
            case no
        }

        /// Reads the reply to a word that nobody knows, and asks each dialect whether the words are its own.
        private mutating func complaint(
            at candidate: [UInt8], _ lastPrompt: [UInt8], _ console: Console
        ) async throws -> Complaint {
            var isWhole = false
            let fresh = identifier.recognizers
            let reply = try await console.collect(
                quiet: timing.settled, longest: timing.settled * 10,
                until: { reply in
                    isWhole = fresh.contains { $0.judge(reply, at: candidate) == .complains(prompt: candidate) }
                    return isWhole
                })
            // Nothing follows the prompt; if something does, another prompt comes.
            if isWhole, let more = try await console.bytes(within: timing.quiet * 2) { console.putBack(more) }
            seen = Array((seen + reply).suffix(8_192))
            for dialect in fresh {
                switch dialect.judge(reply, at: candidate) {
                case .complains(let prompt):
                    return [candidate, lastPrompt].contains(prompt)
                        ? .answers(dialect, prompt: prompt) : .nearly(prompt: prompt)
                case .unclear: return .unclear
                case .answers: return .answers(dialect, prompt: nil)
                case .no: continue
                }
            }
            return .no
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

        private func notSupported(_ name: String, _ console: Console) -> FlashkeepError {
            FlashkeepError(
                .replyNotUnderstood,
                what: "\(name) answers at \(console.channel.traits.address), through which flash cannot be read yet.",
                why: "The last that it said was: \(TerminalText.lastLines(seen))",
                next: "Let it start its Linux and back up from there.")
        }
    }
}
