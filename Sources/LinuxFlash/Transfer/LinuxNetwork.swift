private import BoardChannels
private import BoardConsoles
private import FlashAccess
internal import FlashModel
private import Transfers

/// The network beside a board's console: finds out which of its methods and addresses work, once.
final class LinuxNetwork {
    private let settings: LinuxNetworkSettings
    private let host: any LinuxNetworkHost
    private let shell: ShellSession
    private let toolbox: LinuxToolbox
    /// What is still to be tried; nil before the first use.
    private var untried: [(form: NetworkCommand, addresses: LinuxNetworkPlan)]?
    /// What was tried in vain, for the user.
    private var failures: [String] = []
    private var carrier: NetworkCarrier?
    private var isAnnounced = false

    init(
        _ settings: LinuxNetworkSettings, _ host: any LinuxNetworkHost, _ shell: ShellSession, _ toolbox: LinuxToolbox
    ) {
        self.settings = settings
        self.host = host
        self.shell = shell
        self.toolbox = toolbox
    }

    /// The method in use, for the backup's record; nil for the console.
    var methodName: String? { carrier.map { "\($0.form.method.rawValue) over the network" } }

    /// How the output of a command is sent, for the backup's record; nil for the console.
    func command(sending command: String) -> String? {
        carrier.map { "\(command) | \(toolbox.invocation($0.form.method.rawValue)) \($0.addresses.host) PORT" }
    }

    /// Returns the next carrier to be tried; nil if there is none.
    ///
    /// - Throws: `hostUnreachable` if the user allows only a method that does not work; errors of the board.
    func next() async throws -> NetworkCarrier? {
        carrier = nil
        var rest = try await candidates()
        while !rest.isEmpty {
            let (form, addresses) = rest.removeFirst()
            untried = rest
            do {
                let port = try await host.listen(at: addresses.listensAt)
                let made = NetworkCarrier(
                    form, addresses, port: port, host: host, shell, toolbox, nonce: settings.nonce)
                carrier = made
                if !isAnnounced {
                    isAnnounced = true
                    settings.notify(
                        "the board sends its flash over the network (\(form.method.rawValue) to \(addresses.host):\(port))"
                    )
                }
                return made
            } catch let error as FlashkeepError where error.code == .portUnavailable {
                failures.append("\(error.what) \(error.why)")
            }
        }
        untried = []
        try giveUp()
        return nil
    }

    /// Records that a carrier does not work.
    func failed(_ carrier: NetworkCarrier, _ failure: NetworkFailure) {
        // Another form of the command would not reach this computer either.
        if failure.isSilence { untried?.removeAll { $0.addresses == carrier.addresses } }
        failures.append("\(carrier.form.method.rawValue) to \(carrier.addresses.host):\(carrier.port): \(failure.why)")
    }

    private func giveUp() throws {
        for method in LinuxReadMethod.allCases where method.needsNetwork { settings.givenUp.insert(method) }
        guard let via = settings.via else {
            if !failures.isEmpty {
                settings.notify(
                    "the board's flash comes over the console, because the network failed (\(Self.list(failures))); "
                        + "a firewall of this computer may block it, or --host-ip is needed")
            }
            return
        }
        throw FlashkeepError(
            .hostUnreachable, what: "The board cannot send its flash by \(via.rawValue).",
            why: failures.isEmpty ? Self.noAddress : Self.list(failures),
            next: "Check this computer's firewall, give the address at which the board reaches this computer with "
                + "--host-ip, or omit --via to use the console.")
    }

    private static let noAddress = "No address is known at which the board reaches this computer."

    private static func list(_ failures: [String]) -> String { failures.suffix(3).joined(separator: "; ") }

    private func candidates() async throws -> [(form: NetworkCommand, addresses: LinuxNetworkPlan)] {
        if let untried { return untried }
        let methods = LinuxReadMethod.allCases.filter { method in
            method.needsNetwork && (settings.via ?? method) == method && !settings.givenUp.contains(method)
                && toolbox.has(method.rawValue)
        }
        guard !methods.isEmpty else {
            if let via = settings.via, via.needsNetwork { failures.append("the board has no \(via.rawValue)") }
            return []
        }
        let ends = shell.console.channel.networkEnds
        var own: [IPv4Address] = []
        if ends == nil || settings.host == nil {
            let reply = try await shell.run(LinuxNetworkPlan.addressCommand(toolbox), limit: 1 << 16)
            own = LinuxNetworkPlan.addresses(in: reply.text)
        }
        let interfaces: [HostInterface]
        do {
            interfaces = try host.interfaces()
        } catch {
            failures.append("this computer does not list its interfaces (\(error))")
            interfaces = []
        }
        let plans = LinuxNetworkPlan.candidates(
            host: settings.host, board: settings.board, console: ends, boardAddresses: own, interfaces: interfaces)
        guard !plans.isEmpty else { return [] }
        var result: [(form: NetworkCommand, addresses: LinuxNetworkPlan)] = []
        for method in methods {
            let usage = try await shell.run(
                "\(toolbox.invocation(method.rawValue)) --help", limit: 1 << 16, mergesErrors: true)
            let forms = NetworkCommand.all(method, usage: usage.text)
            result += plans.flatMap { plan in forms.map { ($0, plan) } }
        }
        return result
    }
}
