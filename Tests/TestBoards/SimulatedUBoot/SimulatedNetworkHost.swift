package import BoardChannels
import FlashModel
import Synchronization
package import Transfers
import UBootFlash

/// This computer's side of a simulated board's network.
package final class SimulatedNetworkHost: UBootNetworkHost {
    private struct State {
        var isServing = false
        var isClosed = false
        var input: SimulatedNetworkInput?
    }

    private let board: SimulatedUBoot
    private let channel: MergedChannel
    private let address: String
    private let portIsTaken: Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - channel: the channel of the board's line.
    ///   - portIsTaken: whether no server can be started.
    package init(
        _ board: SimulatedUBoot, _ channel: MergedChannel, address: String = "192.168.1.2", portIsTaken: Bool = false
    ) {
        self.board = board
        self.channel = channel
        self.address = address
        self.portIsTaken = portIsTaken
    }

    package var isClosed: Bool { state.withLock { $0.isClosed } }

    package func interfaces() throws -> [HostInterface] { HostInterface.simulated(address) }

    package func serve(at host: IPv4Address) async throws {
        guard !portIsTaken else { throw FlashkeepError.simulatedPort }
        state.withLock { $0.isServing = true }
    }

    package func expect(_ name: String, count: Int, from board: IPv4Address) {
        guard state.withLock({ $0.isServing }) else { return }
        self.board.withUploads { $0.awaited[name] = count }
    }

    package func collect(_ name: String) -> [UInt8]? {
        board.withUploads { uploads in
            uploads.awaited[name] = nil
            return uploads.arrived.removeValue(forKey: name)
        }
    }

    package func offer(_ name: String, _ bytes: [UInt8], to board: IPv4Address) {
        guard state.withLock({ $0.isServing }) else { return }
        self.board.withUploads { $0.offered[name] = bytes }
    }

    package func withdraw(_ name: String) -> Bool {
        board.withUploads { uploads in
            uploads.offered[name] = nil
            return uploads.fetched.remove(name) != nil
        }
    }

    package func listen(at host: IPv4Address, to board: IPv4Address) async throws -> Int {
        let input = SimulatedNetworkInput(self.board)
        state.withLock { $0.input = input }
        self.board.hearNetwork(true)
        channel.attach(input)
        return 6666
    }

    package func stopListening() async {
        state.withLock { $0.input = nil }
        board.hearNetwork(false)
        channel.attach(nil)
    }

    package func close() async {
        await stopListening()
        state.withLock { $0.isClosed = true }
    }
}

/// The output of a simulated board over the network.
private final class SimulatedNetworkInput: ChannelInput {
    private let board: SimulatedUBoot

    init(_ board: SimulatedUBoot) {
        self.board = board
    }

    func read(timeout: Duration?) async throws -> ChannelRead {
        try Task.checkCancellation()
        if let bytes = board.readNetwork(timeout ?? .seconds(3600)) { return .bytes(bytes) }
        await Task.yield()
        return .timedOut
    }
}
