import FlashModel
private import NIOCore
private import NIOPosix
private import Synchronization

/// A TFTP server (RFC 1350, 2347, 2348, 2349, 7440) over IPv4 and IPv6, for many clients at once.
///
/// Only octet mode is served. In netascii a client turns CR LF into LF, and images for flash would come out damaged
/// without anybody being told, so that such requests are refused in plain words (tftp-hpa sends them unless it is told
/// `binary`; U-Boot, RedBoot, CFE, atftp and curl ask for octet).
package struct TFTPServer: Sendable {
    /// What a server is to do.
    package struct Configuration: Sendable {
        /// An IP address of this computer; nil for all, IPv4 and IPv6.
        package var address: String?
        /// UDP port; 0 for one that is free.
        package var port: Int
        package var patience: TFTPPatience
        /// Transfers at the same time, of all clients.
        package var transferLimit: Int
        /// Transfers at the same time of one IP address.
        package var transferLimitPerClient: Int
        /// Requests of one IP address that are answered: so many a second, and eight times as many at once.
        package var requestsPerSecond: Double
        package var sending: TFTPLimits
        package var receiving: TFTPLimits
        /// This program's path, quoted for a shell: for an error's advice.
        package var program: String

        package init(
            address: String? = nil, port: Int = 69, patience: TFTPPatience = TFTPPatience(), transferLimit: Int = 64,
            transferLimitPerClient: Int = 16, requestsPerSecond: Double = 16, sending: TFTPLimits = .sending,
            receiving: TFTPLimits = .receiving, program: String = "flashkeep"
        ) {
            self.address = address
            self.port = port
            self.patience = patience
            self.transferLimit = transferLimit
            self.transferLimitPerClient = transferLimitPerClient
            self.requestsPerSecond = requestsPerSecond
            self.sending = sending
            self.receiving = receiving
            self.program = program
        }
    }

    /// Serves for the length of the body, which gets the port that is listened on.
    ///
    /// When the body returns, or throws, transfers that are still going on are ended, and their clients told.
    ///
    /// - Parameter events: called from several threads; events of one transfer in their order.
    /// - Throws: `portUnavailable`, `addressNotUnderstood`, and what the body throws.
    package static func serving<Result: Sendable>(
        _ content: any TFTPContent, _ configuration: Configuration = Configuration(),
        events: @escaping @Sendable (TFTPEvent) -> Void = { _ in },
        body: (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let (requests, sink) = AsyncStream.makeStream(
            of: TFTPListener.Arrival.self, bufferingPolicy: .bufferingOldest(256))
        let listeners = try await listen(configuration, sink)
        let board = TFTPTransferBoard(content: content, configuration: configuration, events: events)
        let port = listeners.first?.localAddress?.port ?? configuration.port
        let serving = Task {
            await withDiscardingTaskGroup { group in
                for await arrival in requests where board.admits(arrival) {
                    group.addTask { await board.serve(arrival) }
                }
            }
        }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(port))
        } catch {
            result = .failure(error)
        }
        for listener in listeners { try? await listener.close().get() }
        sink.finish()
        board.stop()
        await serving.value
        return try result.get()
    }

    private static func listen(
        _ configuration: Configuration, _ sink: AsyncStream<TFTPListener.Arrival>.Continuation
    ) async throws -> [any Channel] {
        if let address = configuration.address {
            return [try await listener(on: address, port: configuration.port, configuration, sink)]
        }
        let four = try await listener(on: "0.0.0.0", port: configuration.port, configuration, sink)
        let port = four.localAddress?.port ?? configuration.port
        do {
            return [four, try await listener(on: "::", port: port, configuration, sink)]
        } catch let error as FlashkeepError where error.why != TFTPPortErrors.inUse {
            // A computer without IPv6.
            return [four]
        } catch {
            try? await four.close().get()
            throw error
        }
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
                // IPv4 has a socket of its own, so that answers go out with the addresses that were asked.
                bootstrap = bootstrap.channelOption(
                    ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 1)
            }
            return try await bootstrap.bind(to: address).get()
        } catch {
            throw TFTPPortErrors.error(error, address: address, port: port, program: configuration.program)
        }
    }
}
