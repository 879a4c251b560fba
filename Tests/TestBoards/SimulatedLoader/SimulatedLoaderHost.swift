import FlashAccess
import FlashModel
import Synchronization
package import Transfers
import UBootFlash

/// This computer's side of the network of a simulated board in its bootloader: its TFTP server, and its client.
package final class SimulatedLoaderHost: UBootNetworkHost, BoardFileClient {
    private let network: SimulatedLoaderNetwork
    private let board: SimulatedLoader
    private let addresses: [String]
    private let portIsTaken: Bool

    /// - Parameters:
    ///   - addresses: one in each network of this computer.
    ///   - portIsTaken: whether no server can be started.
    package init(
        _ network: SimulatedLoaderNetwork, _ board: SimulatedLoader, addresses: [String] = ["192.168.1.2"],
        portIsTaken: Bool = false
    ) {
        self.network = network
        self.board = board
        self.addresses = addresses
        self.portIsTaken = portIsTaken
        network.state.withLock { $0.hosts = Set(addresses) }
    }

    package func interfaces() throws -> [HostInterface] { addresses.flatMap(HostInterface.simulated) }

    package func serve(at host: IPv4Address) async throws {
        guard !portIsTaken else { throw FlashkeepError.simulatedPort }
        network.state.withLock { $0.isServing = true }
    }

    package func expect(_ name: String, count: Int, from board: IPv4Address) {
        network.state.withLock { $0.awaited[name] = (count, "\(board)") }
    }

    package func collect(_ name: String) -> [UInt8]? {
        network.state.withLock { state in
            state.awaited[name] = nil
            return state.arrived.removeValue(forKey: name)
        }
    }

    package func offer(_ name: String, _ bytes: [UInt8], to board: IPv4Address) {}

    package func withdraw(_ name: String) -> Bool { false }

    package func listen(at host: IPv4Address, to board: IPv4Address) async throws -> Int {
        throw FlashkeepError(
            .portUnavailable, what: "Nothing listens.", why: "This bootloader prints to its console alone.",
            next: "Go on.")
    }

    package func stopListening() async {}

    package func close() async { network.state.withLock { $0.isClosed = true } }

    /// The board's server is asked.
    package func fetch(
        _ name: String, limit: Int, from board: IPv4Address, at host: IPv4Address
    ) async throws -> TFTPFetch.Result {
        let (fault, isConnected, number) = network.begin()
        guard isConnected else { return .silent }
        switch fault {
        case .refused: return .refused(TFTPError(.accessViolation, "No."))
        case .stranger: self.board.takeFile([UInt8](repeating: 0x11, count: limit), at: "\(board)")
        default: break
        }
        guard var bytes = self.board.serve(name, at: "\(board)") else { return .silent }
        switch fault {
        case .flips(let place): if bytes.indices.contains(place) { bytes[place] ^= 0x10 }
        case .short(let count): bytes.removeLast(min(count, bytes.count))
        case .long(let count): bytes += [UInt8](repeating: 0x5A, count: count)
        case .drifts: SimulatedLoaderNetwork.drift(&bytes, number)
        case .losesEnd: return .bytes(bytes)
        case .stalls: return .silent
        case .resets:
            self.board.powerOn(after: 0)
            return .silent
        case .refused, .stranger, nil: break
        }
        guard bytes.count <= limit else { return .tooLong }
        self.board.endServing()
        return .bytes(bytes)
    }
}
