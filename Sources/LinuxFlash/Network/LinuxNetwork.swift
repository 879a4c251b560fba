private import BoardChannels
private import BoardConsoles
private import FlashAccess
internal import FlashModel
private import Transfers

/// The network beside a board's console: finds out which of its methods and addresses work, once.
final class LinuxNetwork {
    /// Something to be tried.
    private enum Attempt {
        /// The board connects to this computer.
        case sending(NetworkCommand, LinuxNetworkPlan)
        /// This computer fetches from a web server that is started on the board, at an address of the board.
        case serving(IPv4Address)
        /// This computer fetches from the board's web server.
        case fetching(WebRootPlace)
    }

    private let settings: LinuxNetworkSettings
    private let host: any LinuxNetworkHost
    private let shell: ShellSession
    private let toolbox: LinuxToolbox
    private let files: OwnFiles
    private let root: String
    /// What is still to be tried; nil before the first use.
    private var untried: [Attempt]?
    /// What was tried in vain, for the user.
    private var failures: [String] = []
    private var carrier: (any NetworkFrameCarrier)?
    /// The board's own addresses; nil before they are asked for.
    private var ownAddresses: [IPv4Address]?
    private var isAnnounced = false

    /// - Parameter root: a prefix of all paths on the board, for tests.
    init(
        _ settings: LinuxNetworkSettings, _ host: any LinuxNetworkHost, _ shell: ShellSession, _ toolbox: LinuxToolbox,
        _ files: OwnFiles, root: String
    ) {
        self.settings = settings
        self.host = host
        self.shell = shell
        self.toolbox = toolbox
        self.files = files
        self.root = root
    }

    /// The method in use, for the backup's record; nil for the console.
    var methodName: String? { carrier.map { "\($0.method.rawValue) over the network" } }

    /// How the output of a command is sent, for the backup's record; nil for the console.
    func command(sending command: String) -> String? { carrier?.description(of: command) }

    // MARK: Choosing

    /// Returns the next carrier to be tried; nil if there is none.
    ///
    /// - Throws: `hostUnreachable` if the user allows only a method that does not work; errors of the board.
    func next() async throws -> (any NetworkFrameCarrier)? {
        carrier = nil
        var rest = try await attempts()
        while !rest.isEmpty {
            let attempt = rest.removeFirst()
            untried = rest
            guard let made = try await made(attempt) else { continue }
            carrier = made
            if !isAnnounced {
                isAnnounced = true
                settings.notify("the board sends its flash over the network (\(made.label))")
            }
            return made
        }
        untried = []
        try giveUp()
        return nil
    }

    /// Makes the carrier of an attempt; nil if it failed.
    private func made(_ attempt: Attempt) async throws -> (any NetworkFrameCarrier)? {
        switch attempt {
        case .sending(let form, let addresses):
            do {
                let port = try await host.listen(form.service, at: addresses.listensAt)
                return NetworkCarrier(form, addresses, port: port, host: host, shell, toolbox, nonce: settings.nonce)
            } catch let error as FlashkeepError where error.code == .portUnavailable {
                failures.append("\(error.what) \(error.why)")
            }
        case .serving(let address):
            do {
                return try await StartedServerCarrier.open(address, host, shell, toolbox, files, nonce: settings.nonce)
            } catch let failure as NetworkFailure {
                failures.append("httpd at \(address): \(failure.why)")
            }
        case .fetching(let place):
            do {
                return try await WebRootCarrier.open(
                    place, host, shell, toolbox, files, root: root, nonce: settings.nonce)
            } catch let failure as NetworkFailure {
                failures.append("www at \(PrintableText.escaped(place.url)): \(failure.why)")
            }
        }
        return nil
    }

    /// Records that a carrier does not work.
    func failed(_ carrier: any NetworkFrameCarrier, _ failure: NetworkFailure) {
        // Another form of the command would not reach this computer either.
        if failure.isSilence, let carrier = carrier as? NetworkCarrier {
            untried?.removeAll { attempt in
                guard case .sending(_, let addresses) = attempt else { return false }
                return addresses == carrier.addresses
            }
        }
        failures.append("\(carrier.label): \(failure.why)")
    }

    // MARK: Giving up

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
            why: failures.isEmpty ? Self.noAddress : Self.list(failures), next: Self.advice(via))
    }

    private static let noAddress = "No address is known at which the board reaches this computer."

    private static func advice(_ method: LinuxReadMethod) -> String {
        method == .www
            ? "Give the web server's folder with --www DIR, its address for this computer with --www-url URL, or omit "
                + "--via."
            : "Check this computer's firewall, give the address at which the board reaches this computer with "
                + "--host-ip, or omit --via to use the console."
    }

    private static func list(_ failures: [String]) -> String { failures.suffix(3).joined(separator: "; ") }

    // MARK: Attempts

    private func attempts() async throws -> [Attempt] {
        if let untried { return untried }
        var result: [Attempt] = []
        for method in LinuxReadMethod.allCases where isAllowed(method) {
            switch method {
            case .nc, .tftp, .ftpput, .wget: result += try await sending(method)
            case .httpd: result += try await serving()
            case .www: result += try await fetching()
            case .line: break
            }
        }
        return result
    }

    private func isAllowed(_ method: LinuxReadMethod) -> Bool {
        method.needsNetwork && !settings.givenUp.contains(method)
            && (settings.via == method || settings.via == nil && !method.isOnlyOnRequest)
    }

    private func sending(_ method: LinuxReadMethod) async throws -> [Attempt] {
        guard toolbox.has(method.rawValue) else {
            if settings.via == method { failures.append("the board has no \(method.rawValue)") }
            return []
        }
        let ends = shell.console.channel.networkEnds
        let own = ends == nil || settings.host == nil ? try await boardAddresses() : []
        let plans = LinuxNetworkPlan.candidates(
            host: settings.host, board: settings.board, console: ends, boardAddresses: own, interfaces: interfaces())
        guard !plans.isEmpty else { return [] }
        let usage = try await shell.run(
            "\(toolbox.invocation(method.rawValue)) --help", limit: 1 << 16, mergesErrors: true)
        let forms = NetworkCommand.all(method, usage: usage.text, toolbox)
        return plans.flatMap { plan in forms.map { .sending($0, plan) } }
    }

    private func serving() async throws -> [Attempt] {
        guard toolbox.has("httpd"), toolbox.has("printf") else {
            if settings.via == .httpd { failures.append("the board has no httpd, or no printf") }
            return []
        }
        return try await reachableAddresses().map { .serving($0) }
    }

    /// The addresses at which this computer may reach the board, best first.
    private func reachableAddresses() async throws -> [IPv4Address] {
        if let board = settings.board { return [board] }
        // The other end of a forwarded port is this computer itself.
        if let peer = shell.console.channel.networkEnds.flatMap({ IPv4Address($0.peer) }), !peer.isLoopback {
            return [peer]
        }
        let own = try await boardAddresses().filter { !$0.isLoopback }
        let ours = interfaces()
        return own.filter { address in ours.contains { $0.reaches(address) && $0.address != address } }
    }

    private func fetching() async throws -> [Attempt] {
        let addresses = settings.webURL == nil ? try await reachableAddresses() : []
        let search = WebRootSearch(settings, shell, toolbox, root: root)
        let (places, why) = try await search.places(addresses)
        if places.isEmpty { failures.append(why) }
        return places.map { .fetching($0) }
    }

    private func boardAddresses() async throws -> [IPv4Address] {
        if let ownAddresses { return ownAddresses }
        let reply = try await shell.run(LinuxNetworkPlan.addressCommand(toolbox), limit: 1 << 16)
        let found = LinuxNetworkPlan.addresses(in: reply.text)
        ownAddresses = found
        return found
    }

    private func interfaces() -> [HostInterface] {
        do {
            return try host.interfaces()
        } catch {
            failures.append("this computer does not list its interfaces (\(error))")
            return []
        }
    }
}
