import FlashAccess
import FlashModel

/// A board's network configuration in U-Boot: variables in RAM only, which are set again after a reset.
final class UBootNetwork {
    let host: any UBootNetworkHost
    let settings: UBootNetworkSettings
    /// The milliseconds after which the board asks again (variable `tftptimeout` in `net/tftp.c`, since 2009; at least
    /// 1000), so that a lost packet costs one second instead of five.
    private static let timeout = "1000"

    private let session: UBootSession
    private var plan: UBootNetworkPlan?
    /// Whether the variables are set.
    private var isSet = PerBoot<Bool>()
    private var names: TransferNames

    init(
        _ session: UBootSession, host: any UBootNetworkHost, settings: UBootNetworkSettings
    ) {
        names = TransferNames(nonce: settings.nonce())
        self.session = session
        self.host = host
        self.settings = settings
    }

    /// Makes sure that the board has its addresses.
    ///
    /// - Parameter variables: U-Boot's, from when it started.
    /// - Throws: `hostUnreachable`, `addressNotUnderstood`; ``UBootSession/Interruption``, and errors of the line.
    func prepare(_ variables: [String: String]) async throws -> UBootNetworkPlan {
        try names.check()
        let plan =
            try plan
            ?? UBootNetworkPlan(
                variables: variables, interfaces: try host.interfaces(), board: settings.board, host: settings.host,
                hardwareAddress: UBootNetworkPlan.hardwareAddress(settings.nonce()))
        self.plan = plan
        guard isSet[session] != true else { return plan }
        // A reset loses variables that an earlier connection may have set before this one read them.
        var variables = session.boot == 0 ? plan.variables : plan.allVariables
        variables["tftptimeout"] = Self.timeout
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            try await say(try session.commands.setEnvironment(name, value))
        }
        isSet[session] = true
        return plan
    }

    /// Makes sure that the board has its addresses, and that this computer serves TFTP at its own.
    ///
    /// - Throws: as ``prepare(_:)``, and `portUnavailable`.
    func serve(_ variables: [String: String]) async throws -> UBootNetworkPlan {
        let plan = try await prepare(variables)
        try await host.serve(at: plan.host)
        return plan
    }

    /// A file name that has not been used before.
    func newName() -> String { names.next().text }

    /// Sends a line that changes a variable.
    ///
    /// - Returns: its output, which is empty if it succeeded.
    @discardableResult
    func say(_ line: String) async throws -> UBootReply {
        let reply = try await session.ask(line)
        note(line)
        return reply
    }

    /// Keeps a line as an example of its kind.
    func note(_ line: String) { session.examples.note(line) }
}
