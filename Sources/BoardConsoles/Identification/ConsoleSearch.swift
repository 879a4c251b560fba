import BoardChannels
import FlashModel

/// What was learned so far.
struct ConsoleSearch {
    let identifier: ConsoleIdentifier
    /// What each dialect has seen.
    var recognizers: [any DialectRecognizer]
    /// The last that was received, for error messages.
    var seen: [UInt8] = []
    /// What a bootloader prints from its start on, up to its prompt.
    var startLog: [UInt8] = []
    /// Whether that may hold a password from now on.
    private var isLogClosed = false
    var hasStarted = false
    var keysTried = 0
    var stop: (keys: [[UInt8]], text: String)?
    /// The words of the countdown of this start, even if they name no key.
    var countdown: String?
    /// Those of the last one that ran out.
    var missedCountdown: String?
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
    /// A prompt at which something echoes and answers in no dialect that is known.
    var unknownPrompt: [UInt8]?
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
                    if identifier.wanted.isEmpty, let found = try await system(console) { return found }
                    try await askForPower(console)
                }
            } else {
                talksSince = nil
                if let found = try await quiet(console) { return found }
            }
        }
    }

    /// Sees that what is waited for now, the power or a start, does not take too long.
    mutating func checkTime(_ console: Console) throws {
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
    mutating func take(_ bytes: [UInt8], _ console: Console) async throws -> Responder? {
        seen = Array((seen + bytes).suffix(8_192))
        if !isLogClosed { startLog = Array((startLog + bytes).suffix(Responder.startLogLimit)) }
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
    mutating func heed(
        _ sign: DialectSign, of dialect: any DialectRecognizer, _ console: Console
    ) async throws -> Responder? {
        switch sign {
        case .starts: try await noteStart(console)
        case .countsDown(let keys, let text):
            hasStarted = true
            // One dialect knows the keys, and another takes the same line for a countdown without any.
            guard !keys.isEmpty || stop == nil else { break }
            stop = (keys, text)
            countdown = text
            try await sendKey(console)
        case .mayCountDown(let text):
            if hasStarted, stop == nil { countdown = text }
        case .menu(let key?):
            // The menu's own word for its command line; its other digits write flash. Once: the loader
            // repeats the line when it was chosen.
            guard !hasChosen else { break }
            hasChosen = true
            try await console.channel.write([key])
        case .menu(nil): hasChosen = false
        case .asksForPassword(let line):
            guard hasStarted else { return try await system(console) }
            isLogClosed = true
            try await answerPassword(line, console)
        case .startsSystem(let line):
            if hasStarted { missedCountdown = countdown }
            if hasStarted || !identifier.wanted.isEmpty { try await missed(line) }
            hasStarted = false
            // The keys were for the countdown; the system would take them for a user name.
            stop = nil
        case .answers: return try await answered(dialect, prompt: nil, console)
        case .garbage: isGarbage = true
        }
        return nil
    }

    /// A bootloader starts.
    mutating func noteStart(_ console: Console) async throws {
        hasStarted = true
        isGarbage = false
        keysTried = 0
        stop = nil
        countdown = nil
        // A key that came too late stands behind the prompt: ^C brings a clean one.
        wakes = 0
        if isWaitingForPower { try await identifier.notify(.note("the board starts")) }
        isWaitingForPower = false
        if let key = identifier.stopKey { try await console.channel.write(key) }
    }

    /// A dialect answers: the result, unless only another one will do.
    mutating func answered(
        _ dialect: any DialectRecognizer, prompt: [UInt8]?, _ console: Console
    ) async throws -> Responder? {
        guard dialect.isSupported else { throw notSupported(dialect.name, console) }
        if !dialect.isBootloader { return try await system(console) }
        guard identifier.wanted.isEmpty || identifier.wanted.contains(dialect.name) else {
            throw notWanted(dialect.name, console)
        }
        var responder = Responder(dialect: dialect.name, prompt: prompt)
        if hasStarted { responder.startLog = startLog }
        return responder
    }

    /// Looks for the rate at which the line makes sense.
    mutating func searchRate(_ console: Console) async throws {
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
    mutating func quiet(_ console: Console) async throws -> Responder? {
        silences += 1
        for index in recognizers.indices {
            for sign in recognizers[index].pause() {
                if let found = try await heed(sign, of: recognizers[index], console) { return found }
                // The key was sent: see what comes of it.
                if case .countsDown = sign { return nil }
            }
        }
        if let candidate, !refused.contains(candidate) {
            switch try await prove(candidate, console) {
            case .answers(let dialect, let prompt): return try await answered(dialect, prompt: prompt, console)
            case .no: refused.append(candidate)
            case .deaf: throw deaf(console)
            case .doubles: throw doubles(console)
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
        } else if wakes < 4, hasHeardNothing {
            // No bootloader waits here, or ^C would have brought its prompt. A console of Linux may want an Enter;
            // with the blank before it, it is no bare one.
            wakes += 1
            try await console.send(" \r")
        } else if wakes < 5, hasHeardNothing {
            // A shell that shows no prompt still speaks when it is told to. In CFE `e` erases or edits, but only as a
            // whole word (`ui/ui_command.c`, cmd_lookup), and CFE would have answered ^C.
            wakes += 1
            try await console.send(" echo fk''\(identifier.nonce().prefix(8))\r")
        } else if isGarbage {
            throw garbage(console)
        } else if !seen.isEmpty, identifier.wanted.isEmpty, !hasStarted {
            // Somebody answers, and it is no bootloader that we know: the system's own dialect says who.
            return try await system(console)
        } else {
            try await askForPower(console)
        }
        return nil
    }

    /// Whether nothing came but the echo of ^C, which Realtek's loader takes for a character of the line.
    private var hasHeardNothing: Bool { seen.allSatisfy { $0 == 0x03 } }

    private static func stranger(_ prompt: [UInt8]) -> String {
        "Something with the prompt \"\(PrintableText.escaped(String(decoding: prompt, as: UTF8.self), limit: 48))\", which "
            + "Flashkeep does not know,"
    }

    mutating func askForPower(_ console: Console) async throws {
        isWaitingForPower = true
        powerRequests += 1
        try await identifier.notify(
            .needsPower(
                seen.isEmpty
                    ? "Nothing answers at \(console.channel.traits.address). Switch the board on now (or off and on)."
                    : "\(unknownPrompt.map(Self.stranger) ?? "No bootloader") answers at "
                        + "\(console.channel.traits.address). Switch the board off and on."))
        seen = []
        startLog = []
        isLogClosed = false
        recognizers = identifier.recognizers
        refused = []
    }

    /// Sends the next of the keys that stop the countdown.
    mutating func sendKey(_ console: Console) async throws {
        guard let stop else { return }
        let keys = identifier.stopKey.map { [$0] } ?? stop.keys
        guard !keys.isEmpty else {
            self.stop = nil
            try await identifier.notify(
                .note("the board counts down without naming a key (\"\(stop.text)\"): give the key with --stop-key"))
            return
        }
        guard keysTried < keys.count * 2 else {
            self.stop = nil
            return
        }
        try await console.channel.write(keys[keysTried % keys.count])
        keysTried += 1
    }

    mutating func answerPassword(_ line: String, _ console: Console) async throws {
        guard passwords == 0 else {
            throw FlashkeepError(
                .authenticationFailed, what: "The bootloader did not accept the password.",
                why: "It asked again: \(line)",
                next: "Give the correct one with FLASHKEEP_PASSWORD or --password-file.")
        }
        guard let password = try await identifier.password() else {
            throw FlashkeepError(
                .passwordNeeded, what: "The bootloader at \(console.channel.traits.address) asks for a password.",
                why: "It says: \(line)", next: "Set FLASHKEEP_PASSWORD or use --password-file.")
        }
        passwords += 1
        try await console.send(password + "\r", isSecret: true)
    }

    mutating func missed(_ line: String) async throws {
        let hint = missedCountdown.map { " \(MissedCountdown.sentence($0))" } ?? ""
        guard !identifier.wanted.isEmpty else {
            let stop = hint.isEmpty || line.hasSuffix(".") ? "" : "."
            try await identifier.notify(.note("the board is starting its system: \(line)\(stop)\(hint)"))
            return
        }
        isWaitingForPower = true
        powerRequests += 1
        try await identifier.notify(
            .needsPower("The board is starting its system: it was too late to stop it.\(hint) Switch it off and on."))
    }

    /// A system answers, and no bootloader.
    mutating func system(_ console: Console) async throws -> Responder? {
        guard !identifier.wanted.isEmpty else {
            guard let system = identifier.system else { throw notSupported("A system", console) }
            var responder = Responder(dialect: system.name)
            responder.unknownPrompt = unknownPrompt
            responder.missedCountdown = missedCountdown
            return responder
        }
        if !isWaitingForPower {
            isWaitingForPower = true
            powerRequests += 1
            try await identifier.notify(
                .needsPower(
                    "\(identifier.system?.name ?? "A system") is running on the board, but its bootloader is needed. "
                        + "Switch it off and on."
                ))
        }
        return nil
    }
}
