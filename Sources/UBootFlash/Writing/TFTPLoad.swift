import FlashAccess
import FlashModel

/// `tftpboot ADDRESS FILE` (`cmd/net.c`), or `tftp` where only that is there: from a TFTP server of this computer, which
/// has the bytes in memory, under a name that was never used, for this board alone.
final class TFTPLoad: UBootLoad {
    let command: String

    private let session: UBootSession
    private let network: UBootNetwork
    /// U-Boot's, as they were when it started.
    private let variables: [String: String]
    private let lines: UBootCommands
    private let examples: UBootExamples
    /// Whether something came this way, ever.
    private var hasWorked = false

    /// Nil where the board has no such command, or the user wants the line alone, or it was given up already.
    init?(
        session: UBootSession, facts: UBootFacts, network: UBootNetwork?, lines: UBootCommands, examples: UBootExamples
    ) {
        guard let network, network.settings.via != .line, !network.settings.memory.areLoadsGivenUp,
            let command = Self.command(facts.help)
        else { return nil }
        self.command = command
        self.session = session
        self.network = network
        self.lines = lines
        self.examples = examples
        variables = facts.environment?.variables ?? [:]
    }

    /// What loads: with HiSilicon's `tftp`, too, where no size is given. A `tftp` whose help speaks of anything else may
    /// do anything else with what it fetches.
    static func command(_ help: UBootHelp?) -> String? {
        guard let help else { return nil }
        if help.has("tftpboot") { return "tftpboot" }
        let text = ByteText(help.commands["tftp"] ?? "").lowercased
        return text.contains("image via network using tftp") ? "tftp" : nil
    }

    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> UBootLoadOutcome {
        let plan: UBootNetworkPlan
        do {
            plan = try await network.serve(variables)
        } catch let error as FlashkeepError where UBootNetwork.isUnusable(error) {
            return .hopeless("\(error.what) \(error.why)")
        }
        let name = network.newName()
        network.host.offer(name, bytes, to: plan.board)
        defer { network.host.withdraw(name) }
        let outcome = try await session.transfer(try lines.tftpGet(to: memory, file: name, command: command))
        examples.note(try lines.tftpGet(to: memory, file: "FILE", command: command))
        // The board's own words cross a line that may damage them; what this computer gave away, it knows.
        if network.host.withdraw(name) {
            hasWorked = true
            return .seemsDone
        }
        let why = outcome.words(plan).why
        return outcome.isWorthMore(hasWorked: hasWorked) ? .failed(why) : .hopeless(why)
    }

    func giveUp(_ why: String) {
        network.settings.memory.giveUpLoads()
        network.settings.notify("sending data to the board over the serial line: \(why)")
    }
}
