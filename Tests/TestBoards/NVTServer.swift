package import BoardChannels
import Synchronization

/// A telnet server that keeps to RFC 854 ("The NVT printer and keyboard"): `CR LF` and `CR NUL` are Enter, and a bare
/// line feed is dropped, because it is not an end of line.
///
/// SerenityOS's server is such a one (`Userland/Services/TelnetServer/Parser.cpp`, Parser::write). That a board's
/// telnetd is, is known only by a report. busybox's hands a bare line feed on (`networking/telnetd.c`).
package struct NVTServer: ChannelOpening {
    private let terminal: any ChannelOpening

    /// - Parameter terminal: what is behind the server.
    package init(_ terminal: any ChannelOpening) {
        self.terminal = terminal
    }

    package var traits: ChannelTraits {
        var traits = terminal.traits
        traits.scheme = "telnet"
        traits.address = "telnet://simulated"
        return traits
    }

    /// - Parameter body: gets the client's end of the connection.
    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await terminal.withChannel { channel in
            try await body(TelnetChannel(over: Line(channel, traits)))
        }
    }

    private final class Line: BoardChannel {
        let traits: ChannelTraits
        private let below: any BoardChannel
        /// Whether the last byte of the client was `CR`.
        private let hasReturn = Mutex(false)

        init(_ below: any BoardChannel, _ traits: ChannelTraits) {
            self.below = below
            self.traits = traits
        }

        var time: Duration { below.time }

        func read(timeout: Duration?) async throws -> ChannelRead {
            let read = try await below.read(timeout: timeout)
            guard case .bytes(let bytes) = read else { return read }
            return .bytes(TelnetProtocol.escape(bytes))
        }

        func write(_ bytes: [UInt8], isSecret: Bool) async throws {
            let typed = hasReturn.withLock { hasReturn in
                bytes.filter { byte in
                    defer { hasReturn = byte == 0x0D }
                    return byte != 0x0A && !(hasReturn && byte == 0)
                }
            }
            if !typed.isEmpty { try await below.write(typed, isSecret: isSecret) }
        }
    }
}
