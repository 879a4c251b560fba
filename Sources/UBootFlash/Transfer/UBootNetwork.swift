import FlashModel

/// A board's network, as far as U-Boot needs it: its variables, in RAM alone. A reset takes them, and they are set again.
final class UBootNetwork {
    let host: any UBootNetworkHost
    let settings: UBootNetworkSettings
    /// Milliseconds after which the board asks again (`net/tftp.c`, variable `tftptimeout`, since 2009; 1000 is its
    /// least): a lost packet then costs a second, and not five.
    private static let timeout = "1000"

    private let session: UBootSession
    private var plan: UBootNetworkPlan?
    /// Whether the variables are set.
    private var isSet = PerBoot<Bool>()
    /// What nobody can foresee of the names of files.
    private let word: String
    private var names = 0

    init(
        _ session: UBootSession, host: any UBootNetworkHost, settings: UBootNetworkSettings
    ) {
        word = String(settings.nonce().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(8))
        self.session = session
        self.host = host
        self.settings = settings
    }

    /// Sees that the board has its addresses.
    ///
    /// - Parameter variables: U-Boot's, as they were when it started.
    /// - Throws: `hostUnreachable`, `addressNotUnderstood`; ``UBootSession/Interruption``, and what the line throws.
    func prepare(_ variables: [String: String]) async throws -> UBootNetworkPlan {
        let plan =
            try plan
            ?? UBootNetworkPlan(
                variables: variables, interfaces: try host.interfaces(), board: settings.board, host: settings.host,
                hardwareAddress: UBootNetworkPlan.hardwareAddress(settings.nonce()))
        self.plan = plan
        guard isSet[session] != true else { return plan }
        // An earlier connection may have set what this one found, and a reset has lost it.
        var variables = session.boot == 0 ? plan.variables : plan.allVariables
        variables["tftptimeout"] = Self.timeout
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            try await say(try session.commands.setEnvironment(name, value))
        }
        isSet[session] = true
        return plan
    }

    /// Sees that the board has its addresses, and that this computer answers TFTP at its own.
    ///
    /// - Throws: as ``prepare(_:)``, and `portUnavailable`.
    func serve(_ variables: [String: String]) async throws -> UBootNetworkPlan {
        let plan = try await prepare(variables)
        try await host.serve(at: plan.host)
        return plan
    }

    /// A name for a file, which was not used before.
    func newName() -> String {
        names += 1
        return "fk\(word)n\(names)"
    }

    /// Whether an error means that the network cannot be used as things are.
    static func isUnusable(_ error: FlashkeepError) -> Bool {
        [.hostUnreachable, .addressNotUnderstood, .portUnavailable].contains(error.code)
    }

    /// Says a line that changes a variable.
    ///
    /// - Returns: what it printed, which is nothing where all is well.
    @discardableResult
    func say(_ line: String) async throws -> UBootReply {
        let reply = try await session.ask(line)
        note(line)
        return reply
    }

    /// Keeps a line as an example of its kind.
    func note(_ line: String) { session.examples.note(line) }
}
