private import FlashModel
internal import NIOCore
private import NIOPosix

/// A TCP port of this computer, and the connections that come to it. It is closed with the last reference.
final class FTPListener: Sendable {
    typealias Stream = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// The connections, in their order. Nothing is read from them yet.
    let connections: AsyncStream<any Channel>
    private let channel: any Channel
    private let end: AsyncStream<any Channel>.Continuation

    private init(
        _ channel: any Channel, _ connections: AsyncStream<any Channel>, _ end: AsyncStream<any Channel>.Continuation
    ) {
        self.channel = channel
        self.connections = connections
        self.end = end
    }

    deinit { close() }

    /// 1...65535.
    var port: Int { channel.localAddress?.port ?? 0 }

    func close() {
        end.finish()
        channel.close(promise: nil)
    }

    /// Listens at a free port.
    ///
    /// - Throws: ``FlashkeepError`` with `portUnavailable`.
    static func open(_ host: String) async throws -> FTPListener {
        let (connections, end) = AsyncStream.makeStream(of: (any Channel).self, bufferingPolicy: .bufferingOldest(8))
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 4)
                .childChannelOption(.autoRead, value: false)
                .childChannelInitializer { channel in
                    // Too many at a time, or nobody waits for them any more.
                    if case .enqueued = end.yield(channel) {} else { channel.close(promise: nil) }
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
                .bind(to: try SocketAddress(ipAddress: host, port: 0)).get()
            return FTPListener(channel, connections, end)
        } catch {
            throw FlashkeepError(
                .portUnavailable, what: "Cannot listen on a TCP port of \(PrintableText.escaped(host)).",
                why: "\(error)", next: "Check that this is an address of this computer.")
        }
    }

    /// Runs the body with the bytes of a connection, and closes it.
    static func withStream<Result: Sendable>(
        _ channel: any Channel,
        _ body: (NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws ->
            Result
    ) async throws -> Result {
        let stream = try await channel.eventLoop.submit { try Stream(wrappingChannelSynchronously: channel) }.get()
        return try await stream.executeThenClose { inbound, outbound in
            try await channel.setOption(.autoRead, value: true).get()
            return try await body(inbound, outbound)
        }
    }
}
