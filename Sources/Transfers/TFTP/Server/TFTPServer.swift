package import FlashModel
private import NIOCore
private import NIOPosix

/// A TFTP server (RFC 1350, 2347, 2348, 2349, 7440) over IPv4 and IPv6, for many clients at once.
///
/// Only octet mode is served. In netascii a client turns CR LF into LF, and flash images would be damaged silently, so
/// such requests are refused with an explanation (tftp-hpa sends them unless told `binary`; U-Boot, RedBoot, CFE, atftp
/// and curl ask for octet).
///
/// The server lives as long as the body of ``withTFTPServer(_:_:observer:body:)``.
package struct TFTPServer: Sendable {
    /// The UDP port, 1...65535, the same for all addresses.
    package let port: Int
    /// The IP addresses that the server listens on; `0.0.0.0` and `::` stand for all addresses of their kind.
    package let addresses: [String]
    /// All events from the start, for one reader. Ends with the server. If nobody reads, the last 4096 are kept.
    package let events: AsyncStream<TFTPEvent>

    /// The configuration of a server.
    package struct Configuration: Sendable {
        /// IP addresses of this computer; empty for all, IPv4 and IPv6.
        package var addresses: [String]
        /// The UDP port; 0 for a free one.
        package var port: Int
        package var patience: TFTPPatience
        /// The maximum number of simultaneous transfers of all clients, 1...200; each has a thread.
        package var transferLimit: Int
        /// The maximum number of simultaneous transfers of one IP address.
        package var transferLimitPerClient: Int
        /// How long a client must have been silent before its transfer ends in favor of another one, if there are too
        /// many. U-Boot repeats what it sent every 5 s (`CONFIG_NET_RETRY_COUNT`, `net/tftp.c`, TIMEOUT).
        package var silenceBeforeGivingWay: Duration
        /// Requests per second that are answered for one IP address; eight times as many are answered at once.
        package var requestsPerSecond: Double
        package var sending: TFTPLimits
        package var receiving: TFTPLimits
        /// This program's path, quoted for a shell; used in the advice of an error.
        package var program: String

        package init(
            addresses: [String] = [], port: Int = 69, patience: TFTPPatience = TFTPPatience(), transferLimit: Int = 64,
            transferLimitPerClient: Int = 16, silenceBeforeGivingWay: Duration = .seconds(12),
            requestsPerSecond: Double = 16, sending: TFTPLimits = .sending,
            receiving: TFTPLimits = .receiving, program: String = "flashkeep"
        ) {
            self.addresses = addresses
            self.port = port
            self.patience = patience
            self.transferLimit = min(max(1, transferLimit), 200)
            self.transferLimitPerClient = transferLimitPerClient
            self.silenceBeforeGivingWay = silenceBeforeGivingWay
            self.requestsPerSecond = requestsPerSecond
            self.sending = sending
            self.receiving = receiving
            self.program = program
        }
    }

    /// The address of this computer from which packets to a board leave, which the board must use as its server's.
    ///
    /// Sends nothing.
    ///
    /// - Parameter board: an IP address.
    /// - Throws: `addressNotUnderstood`; `hostUnreachable` if there is no route.
    package static func localAddress(toward board: String) async throws(FlashkeepError) -> String {
        let what = "This computer has no address that reaches the board at \(PrintableText.escaped(board))."
        guard let remote = try? SocketAddress(ipAddress: board, port: 69) else {
            throw FlashkeepError(
                .addressNotUnderstood, what: what, why: "This is not an IP address.",
                next: "Give an address such as 192.168.1.1")
        }
        do {
            let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(to: remote).get()
            let address = channel.localAddress?.ipAddress
            try? await channel.close().get()
            if let address { return address }
        } catch {}
        throw FlashkeepError(
            .hostUnreachable, what: what, why: "There is no route to it.",
            next: "Give the network interface an address in the board's network, for example: sudo ip address add "
                + "192.168.1.10/24 dev eth0")
    }

    /// The IPv4 addresses at which others may reach this computer: those of all interfaces except loopback.
    package static var localAddresses: [String] {
        let all = ((try? System.enumerateDevices()) ?? []).compactMap { device in
            device.address?.protocol == .inet ? device.address?.ipAddress : nil
        }
        return all.filter { !$0.hasPrefix("127.") }
    }

    fileprivate static func serve<Result: Sendable>(
        _ content: any TFTPContent, _ configuration: Configuration, _ observer: @escaping @Sendable (TFTPEvent) -> Void,
        _ body: (TFTPServer) async throws -> Result
    ) async throws -> Result {
        let (requests, sink) = AsyncStream.makeStream(
            of: TFTPListener.Arrival.self, bufferingPolicy: .bufferingOldest(256))
        let listeners = try await listen(configuration, sink)
        let (events, teller) = AsyncStream.makeStream(of: TFTPEvent.self, bufferingPolicy: .bufferingNewest(4_096))
        let transfers = TFTPTransfers(content: content, configuration: configuration) { event in
            observer(event)
            teller.yield(event)
        }
        let server = TFTPServer(
            port: listeners.first?.localAddress?.port ?? configuration.port,
            addresses: listeners.compactMap { $0.localAddress?.ipAddress }, events: events)
        let serving = Task {
            await withDiscardingTaskGroup { group in
                for await arrival in requests where transfers.admits(arrival) {
                    group.addTask { await transfers.serve(arrival) }
                }
            }
        }
        return try await withCleanup {
            try await body(server)
        } cleanup: {
            for listener in listeners { try? await listener.close().get() }
            sink.finish()
            transfers.stop()
            await serving.value
            teller.finish()
        }
    }

    private static func listen(
        _ configuration: Configuration, _ sink: AsyncStream<TFTPListener.Arrival>.Continuation
    ) async throws -> [any Channel] {
        var listeners: [any Channel] = []
        do {
            for address in configuration.addresses.isEmpty ? ["0.0.0.0", "::"] : configuration.addresses {
                let port = listeners.first?.localAddress?.port ?? configuration.port
                do {
                    listeners.append(try await listener(on: address, port: port, configuration, sink))
                } catch let error as FlashkeepError
                    where configuration.addresses.isEmpty && !listeners.isEmpty && error.why != TFTPPortErrors.inUse
                {
                    // A computer without IPv6.
                }
            }
        } catch {
            for listener in listeners { try? await listener.close().get() }
            throw error
        }
        return listeners
    }

    private static func listener(
        on address: String, port: Int, _ configuration: Configuration,
        _ sink: AsyncStream<TFTPListener.Arrival>.Continuation
    ) async throws -> any Channel {
        do {
            let address = try SocketAddress(ipAddress: address, port: port)
            var bootstrap = DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.receivePacketInfo, value: true)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            TFTPListener(requestsPerSecond: configuration.requestsPerSecond, sink: sink))
                    }
                }
            if address.protocol == .inet6 {
                // IPv4 has its own socket, so that answers leave from the addresses that the requests were sent to.
                bootstrap = bootstrap.channelOption(
                    ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 1)
            }
            return try await bootstrap.bind(to: address).get()
        } catch {
            throw TFTPPortErrors.error(
                error, address: configuration.addresses.isEmpty ? nil : address, port: port,
                program: configuration.program)
        }
    }
}

/// Runs a TFTP server for the duration of a body.
///
/// When the body returns or throws, transfers still in progress are ended, and their clients informed.
///
///     let catalog = TFTPCatalog()
///     catalog.offer("initramfs.bin", bytes: image)
///     let sink = TFTPMemorySink(limit: 8 << 20)
///     catalog.expect("dump.bin", size: 8 << 20) { _, _ in sink }
///     try await withTFTPServer(catalog, .init(addresses: ["192.168.1.10"])) { server in
///         // … have the board fetch "initramfs.bin" from port `server.port`, and send "dump.bin" …
///         for await event in server.events where event.name == "dump.bin" {
///             if case .done = event.kind { break }
///         }
///     }
///
/// - Parameters:
///   - content: what is served and accepted: a ``TFTPCatalog``, a ``TFTPFolder``, or another.
///   - observer: receives every event as it happens, including those at the server's end; called from several threads,
///     the events of one transfer in order. It must not block.
///   - body: receives the server, which is already listening.
/// - Throws: `portUnavailable`, `addressNotUnderstood`, and what the body throws.
package func withTFTPServer<Result: Sendable>(
    _ content: any TFTPContent, _ configuration: TFTPServer.Configuration = TFTPServer.Configuration(),
    observer: @escaping @Sendable (TFTPEvent) -> Void = { _ in }, body: (TFTPServer) async throws -> Result
) async throws -> Result {
    try await TFTPServer.serve(content, configuration, observer, body)
}
