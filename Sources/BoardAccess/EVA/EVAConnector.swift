package import BoardChannels
package import EVAFlash
package import FlashAccess
package import FlashModel
import Transfers

/// Opens a board in the bootloader of an AVM box.
package struct EVAConnector: BoardConnector {
    package let address: String
    /// nil looks for it.
    private let host: String?
    private let port: Int
    private let limits: EVALimits
    private let finder: any EVAFinding
    private let environment: OperationEnvironment
    private let notify: ProgressHandler

    /// - Parameters:
    ///   - address: as typed.
    ///   - host: nil looks for the board in each network of this computer.
    ///   - port: 1 to 65535.
    package init(
        address: String, host: String?, port: Int, limits: EVALimits = EVALimits(),
        finder: any EVAFinding = EVAFinder(), environment: OperationEnvironment, notify: @escaping ProgressHandler
    ) {
        self.address = address
        self.host = host
        self.port = port
        self.limits = limits
        self.finder = finder
        self.environment = environment
        self.notify = notify
    }

    package func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        let clock = environment.stopwatch()
        let patience = limits.connection
        let host = if let host { host } else { try await found() }
        let opener: @Sendable (Int) -> any ChannelOpening = { port in
            RecordingOpener(TCPOpener(toBoard: host, port: port, scheme: "eva", connectTimeout: patience)) {
                transcript.recording($0, clock: clock)
            }
        }
        let link = EVALink(control: opener(port), data: opener, limits: limits, notify: notify)
        return try await body(try await EVABoard.open(link))
    }

    /// Looks for a loader until one answers.
    ///
    /// - Throws: `boardSilent` if none does in time, `hostUnreachable` if this computer is not in its network.
    private func found() async throws -> String {
        let end = ContinuousClock.now + limits.window
        var isAsked = false
        while true {
            if let address = try await finder.find() {
                guard try finder.reaches(address) else { throw unreachable(address) }
                notify(.note("the bootloader of an AVM box answers at \(address)"))
                return "\(address)"
            }
            guard ContinuousClock.now < end else {
                throw FlashkeepError(
                    .boardSilent,
                    what: "No bootloader of an AVM box answered within \(limits.window.components.seconds) seconds.",
                    why: "Each network of this computer was asked by UDP port \(EVADiscovery.port).",
                    next: "Connect a LAN port of the box to this computer, and try again; or give the address of its "
                        + "bootloader: eva://192.168.178.1")
            }
            if !isAsked {
                notify(
                    .request(
                        "Switch the board off and on now. Flashkeep asks all networks of this computer for its bootloader, "
                            + "which sets nothing on it, for \(limits.window.components.seconds) seconds."))
                isAsked = true
            }
            try await Task.sleep(for: limits.poll)
        }
    }

    private func unreachable(_ board: IPv4Address) -> FlashkeepError {
        let own = IPv4Address(value: board.value & 0xFFFF_FF00 | (board.value & 0xFF == 2 ? 3 : 2))
        return FlashkeepError(
            .hostUnreachable, what: "The bootloader of an AVM box answers at \(board).",
            why: "This computer has no address in its network.",
            next:
                "Give the network interface that the box is connected to an address: sudo ip address add \(own)/24 dev "
                + "DEVICE")
    }
}
