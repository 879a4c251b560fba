import FlashModel

/// Chooses by which way bytes leave U-Boot: the first of ``UBootWay`` that the board has and that works. What fails is
/// given up for the length of a backup, with one note; then the next one is taken, and the line at last.
final class UBootTransfers {
    private let session: UBootSession
    private let settings: UBootNetworkSettings
    /// The board's network, for loads too.
    let network: UBootNetwork
    private let console: UBootNetworkConsole
    private let uploads: [UBootUpload]
    /// Which ways the board has, as far as it was asked.
    private var offered: [UBootWay: Bool] = [:]
    /// Ways that brought bytes, in the order in which they first did.
    private(set) var used: [UBootWay] = []
    /// Why ways were given up, not yet told.
    private var reasons: [String] = []

    init(
        _ session: UBootSession, host: any UBootNetworkHost, settings: UBootNetworkSettings, lines: UBootCommands,
        examples: UBootExamples
    ) {
        self.session = session
        self.settings = settings
        network = UBootNetwork(session, host: host, settings: settings, lines: lines, examples: examples)
        console = UBootNetworkConsole(session, network, lines: lines)
        // The one place where commands that upload are listed.
        let commands: [any UBootUploadCommand] = [TFTPPutCommand(), VendorTFTPCommand()]
        uploads = commands.map { [network] in UBootUpload($0, session, network, lines: lines) }
    }

    /// How often an upload was asked for again.
    var repeats: Int { uploads.reduce(0) { $0 + $1.repeats } }

    /// The command to upload with now, and the addresses; nil where bytes are printed.
    ///
    /// - Throws: the way's error where the user wants just that one; ``UBootSession/Interruption``.
    func upload(_ facts: UBootFacts) async throws -> (UBootUpload, UBootNetworkPlan)? {
        while true {
            let way = try await current(facts)
            guard let upload = uploads.first(where: { $0.command.way == way }) else { return nil }
            do {
                return (upload, try await upload.prepare(facts.environment?.variables ?? [:]))
            } catch let failure as UBootWayFailure {
                try giveUp(failure)
            }
        }
    }

    /// Sees that what is printed comes over the network, where that is the way now.
    ///
    /// - Throws: as ``upload(_:)``.
    func prepareLine(_ facts: UBootFacts) async throws {
        while try await current(facts) == .netconsole {
            do {
                try await console.open(facts)
                return noteUse(.netconsole)
            } catch let failure as UBootWayFailure {
                await console.close()
                try giveUp(failure)
            }
        }
        noteUse(.line)
        tell()
    }

    /// Whether what the board prints comes over the network now.
    var printsToNetwork: Bool { console.isOpen }

    /// Brings what the board prints back to the line, for what must not depend on the network, or talks both ways.
    ///
    /// - Throws: ``UBootSession/Interruption``, and what the line throws.
    func returnToLine() async throws { try await console.leave() }

    /// Notes that bytes came by a way.
    func noteUse(_ way: UBootWay) {
        if !used.contains(way) { used.append(way) }
    }

    /// Leaves a way that failed for the next.
    ///
    /// - Throws: its error, where the user wants just this one.
    func giveUp(_ failure: UBootWayFailure) throws {
        guard settings.via == nil else { throw failure.error }
        // Addresses that do not fit, do not for any of them.
        let isNetwork = [.hostUnreachable, .addressNotUnderstood].contains(failure.error.code)
        settings.memory.giveUp(isNetwork ? UBootWay.allCases.filter(\.needsNetwork) : [failure.way])
        reasons.append("\(failure.error.what) \(failure.error.why)")
    }

    /// Goes back to the line where the board's answers stopped coming over the network.
    ///
    /// - Returns: whether that is what happened: what failed can be said again.
    /// - Throws: the error, where the user wants just this way.
    func retreat(from error: FlashkeepError) async throws -> Bool {
        guard console.isOpen, [.boardSilent, .noReplyInTime, .replyNotUnderstood].contains(error.code) else {
            return false
        }
        await console.close()
        try giveUp(UBootWayFailure(way: .netconsole, error: error))
        return true
    }

    /// The board was reset: what was set is gone, and its output is on the line.
    func wasReset() async { await console.wasReset() }

    /// Leaves the board's console as it was found. Never throws.
    func end() async { await console.close() }

    /// The way to try now.
    private func current(_ facts: UBootFacts) async throws -> UBootWay {
        if let via = settings.via {
            guard try await isOffered(via, facts) else { throw notOffered(via) }
            return via
        }
        for way in UBootWay.allCases where !settings.memory.isGivenUp(way) {
            if try await isOffered(way, facts) { return way }
        }
        return .line
    }

    /// Whether the board has a way, by its help and what it lists: nothing is tried. Asked once.
    private func isOffered(_ way: UBootWay, _ facts: UBootFacts) async throws -> Bool {
        if let known = offered[way] { return known }
        let found = try await ask(way, facts)
        offered[way] = found
        return found
    }

    private func ask(_ way: UBootWay, _ facts: UBootFacts) async throws -> Bool {
        guard way.needsNetwork else { return true }
        guard let help = facts.help else { return false }
        if let command = uploads.first(where: { $0.command.way == way })?.command {
            guard let question = command.question(help) else { return command.isOffered(help, answer: nil) }
            return command.isOffered(help, answer: try await session.agreed(on: question))
        }
        guard help.has("coninfo"), help.has("ping") || settings.via == way else { return false }
        return try await session.agreed(on: "coninfo").map(UBootNetworkConsole.isListed) ?? false
    }

    /// Tells, in one note, why the network is not used.
    private func tell() {
        guard !reasons.isEmpty else { return }
        settings.notify("reading flash over the serial line: " + reasons.joined(separator: " "))
        reasons = []
    }

    private func notOffered(_ way: UBootWay) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "This U-Boot cannot send its flash by \(way.rawValue).",
            why: way == .netconsole ? "Its coninfo does not list nc." : "Its help lists no such command.",
            next: "Omit --via: the best available method is then used.")
    }
}
