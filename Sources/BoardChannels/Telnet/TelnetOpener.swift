private import Synchronization

/// Opens a telnet connection.
package struct TelnetOpener: ChannelOpening {
    package let traits: ChannelTraits
    private let host: String
    private let port: Int
    private let connectTimeout: Duration

    package init(host: String, port: Int = 23, connectTimeout: Duration = .seconds(20)) {
        self.host = host
        self.port = port
        self.connectTimeout = connectTimeout
        traits = ChannelTraits(
            scheme: "telnet", address: "telnet://\(host):\(port)", mayHaveTerminal: true, isReliable: false,
            isSlow: false, endsAtBoard: true)
    }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await TCPConnection.with(
            host: host, port: port, connectTimeout: connectTimeout, traits: traits
        ) { channel in
            try await body(TelnetChannel(over: channel))
        }
    }
}

/// The telnet protocol over another channel.
package final class TelnetChannel: BoardChannel {
    private let below: any BoardChannel
    private let state = Mutex(TelnetProtocol())

    package init(over below: any BoardChannel) {
        self.below = below
    }

    package var traits: ChannelTraits { below.traits }
    package var time: Duration { below.time }
    package var enterKey: String { state.withLock { $0.enterKey } }
    package var networkEnds: NetworkEnds? { below.networkEnds }

    package func read(timeout: Duration?) async throws -> ChannelRead {
        // Endless option negotiation delivers no byte of the board's.
        let end = timeout.map { below.time + $0 }
        while true {
            let read = try await below.read(timeout: end.map { max(.zero, $0 - below.time) })
            guard case .bytes(let bytes) = read else { return read }
            let (data, reply) = state.withLock { $0.receive(bytes) }
            if !reply.isEmpty { try await below.write(reply) }
            if !data.isEmpty { return .bytes(data) }
            if let end, below.time >= end { return .timedOut }
        }
    }

    package func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        try await below.write(TelnetProtocol.escape(bytes), isSecret: isSecret)
    }
}
