import FlashAccess
import FlashModel

/// `tftpboot ADDRESS FILE` (`cmd/net.c`), or `tftp` if there is only that: from a TFTP server on this computer, which
/// has the bytes in memory under a unique name, for this board only.
final class TFTPLoad: UBootLoad {
    let command: String

    private let session: UBootSession
    private let network: UBootNetwork
    /// U-Boot's variables, from when it started.
    private let variables: [String: String]
    /// Whether a load has ever succeeded.
    private var hasWorked = false

    /// Returns nil if the board has no such command, or the user allows only the serial line.
    init?(session: UBootSession, facts: UBootFacts, network: UBootNetwork?) {
        guard let network, network.settings.via != .line, let command = Self.command(facts.help) else { return nil }
        self.command = command
        self.session = session
        self.network = network
        variables = facts.environment?.variables ?? [:]
    }

    /// The command that loads. This includes HiSilicon's `tftp`, which loads if no size is given. A `tftp` with any
    /// other help may do anything with what it fetches.
    static func command(_ help: UBootHelp?) -> String? {
        guard let help else { return nil }
        if help.has("tftpboot") { return "tftpboot" }
        let text = ByteText(help.commands["tftp"] ?? "").lowercased
        return text.contains("image via network using tftp") ? "tftp" : nil
    }

    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> TransferAttempt<Void> {
        let plan: UBootNetworkPlan
        do {
            plan = try await network.serve(variables)
        } catch let error as FlashkeepError where error.isUnusableNetwork {
            return .hopeless(failure("\(error.what) \(error.why)"))
        }
        let name = network.newName()
        network.host.offer(name, bytes, to: plan.board)
        defer { network.host.withdraw(name) }
        let outcome = try await session.transfer(try session.commands.tftpGet(to: memory, file: name, command: command))
        session.examples.note(try session.commands.tftpGet(to: memory, file: "FILE", command: command))
        // The board's own report crosses a line that may damage it; this computer knows what was fetched.
        if network.host.withdraw(name) {
            hasWorked = true
            return .done(())
        }
        let error = failure(outcome.words(plan).why)
        return outcome.isWorthMore(hasWorked: hasWorked) ? .failed(error) : .hopeless(error)
    }
}
