package import BoardChannels
private import Synchronization
package import Transfers
import UBootFlash

/// This computer's services for a board in U-Boot: a TFTP server, to which the board sends its flash and from which it
/// fetches what is to be written, and a listener for what the board prints over the network. Each starts when first
/// needed.
package final class LocalNetworkHost: UBootNetworkHost {
    private struct State {
        var server: (host: IPv4Address, running: BackgroundServer)?
        /// The sinks for expected files, by name; replaced when the board asks again.
        var sinks: [String: TFTPMemorySink] = [:]
        /// The names of offered files that were fetched completely.
        var fetched: Set<String> = []
        var input: DatagramInput?
    }

    private let channel: MergedChannel
    private let listInterfaces: @Sendable () throws -> [HostInterface]
    private let uploadPort: Int
    private let consolePort: Int
    private let program: String
    private let catalog = TFTPCatalog()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - channel: receives what the board prints over the network.
    ///   - uploadPort: of the TFTP server; almost all U-Boots use port 69 only. 0 means any free port.
    ///   - consolePort: for what the board prints over the network; 0 means any free port.
    ///   - program: this program's path, quoted for a shell, for the advice in errors.
    package init(
        _ channel: MergedChannel, interfaces: @escaping @Sendable () throws -> [HostInterface], uploadPort: Int = 69,
        consolePort: Int = 6666, program: String = "flashkeep"
    ) {
        self.channel = channel
        listInterfaces = interfaces
        self.uploadPort = uploadPort
        self.consolePort = consolePort
        self.program = program
    }

    package func interfaces() throws -> [HostInterface] { try listInterfaces() }

    // MARK: Transfers

    package func serve(at host: IPv4Address) async throws {
        if let server = state.withLock({ $0.server }) {
            if server.host == host { return }
            await server.running.stop()
        }
        _ = try await start(host)
    }

    /// Starts the server.
    ///
    /// - Returns: its port.
    func start(_ host: IPv4Address) async throws -> Int {
        let configuration = TFTPServer.Configuration(addresses: ["\(host)"], port: uploadPort, program: program)
        let server = try await BackgroundServer.start { [catalog] serving in
            try await withTFTPServer(catalog, configuration) { await serving($0.port) }
        }
        state.withLock { $0.server = (host, server) }
        return server.port
    }

    package func expect(_ name: String, count: Int, from board: IPv4Address) {
        catalog.expect(name, size: count) { [self] _, client in
            guard client == "\(board)" else {
                throw TFTPError(.accessViolation, "This upload is expected from another board.")
            }
            let sink = TFTPMemorySink(limit: count)
            state.withLock { $0.sinks[name] = sink }
            return sink
        }
    }

    package func collect(_ name: String) -> [UInt8]? {
        catalog.withdraw(name)
        return state.withLock { $0.sinks.removeValue(forKey: name) }?.bytes
    }

    package func offer(_ name: String, _ bytes: [UInt8], to board: IPv4Address) {
        catalog.offer(name) { [self] client in
            guard client == "\(board)" else { throw TFTPError(.accessViolation, "This is offered to another board.") }
            return TFTPMemorySource(bytes) { [self] in state.withLock { _ = $0.fetched.insert(name) } }
        }
    }

    package func withdraw(_ name: String) -> Bool {
        catalog.withdraw(name)
        return state.withLock { $0.fetched.remove(name) != nil }
    }

    // MARK: The console

    package func listen(at host: IPv4Address, to board: IPv4Address) async throws -> Int {
        await stopListening()
        let input = try await DatagramInput.open(host: "\(host)", port: consolePort, from: "\(board)")
        state.withLock { $0.input = input }
        channel.attach(input)
        return input.port
    }

    package func stopListening() async {
        let input = state.withLock { state in
            defer { state.input = nil }
            return state.input
        }
        channel.attach(nil)
        await input?.close()
    }

    package func close() async {
        await stopListening()
        let server = state.withLock { state in
            defer { state.server = nil }
            return state.server
        }
        await server?.running.stop()
    }
}
