import FlashAccess
import FlashModel
import Synchronization
package import Transfers
import UBootFlash

/// This computer's side of the network of a simulated RedBoot, which only fetches.
package final class SimulatedFileServer: UBootNetworkHost {
    private let board: SimulatedRedBoot
    private let portIsTaken: Bool
    private let state = Mutex((isServing: false, isClosed: false))

    /// - Parameter portIsTaken: whether no server can be started.
    package init(_ board: SimulatedRedBoot, portIsTaken: Bool = false) {
        self.board = board
        self.portIsTaken = portIsTaken
    }

    package var isClosed: Bool { state.withLock { $0.isClosed } }

    package func interfaces() throws -> [HostInterface] { HostInterface.simulated("192.168.1.2") }

    package func serve(at host: IPv4Address) async throws {
        guard !portIsTaken else { throw FlashkeepError.simulatedPort }
        state.withLock { $0.isServing = true }
    }

    package func offer(_ name: String, _ bytes: [UInt8], to board: IPv4Address) {
        guard state.withLock({ $0.isServing }) else { return }
        self.board.withFiles { $0.offered[name] = bytes }
    }

    package func withdraw(_ name: String) -> Bool {
        board.withFiles { files in
            files.offered[name] = nil
            return files.fetched.remove(name) != nil
        }
    }

    package func expect(_ name: String, count: Int, from board: IPv4Address) {}

    package func collect(_ name: String) -> [UInt8]? { nil }

    package func listen(at host: IPv4Address, to board: IPv4Address) async throws -> Int {
        throw FlashkeepError(
            .portUnavailable, what: "Nothing listens.", why: "RedBoot prints to its console alone.", next: "Go on.")
    }

    package func stopListening() async {}

    package func close() async { state.withLock { $0.isClosed = true } }
}
