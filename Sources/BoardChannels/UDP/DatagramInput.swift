package import FlashModel
private import NIOCore
private import NIOPosix

/// The datagrams that one address sends to a UDP port of this computer (RFC 768), as one byte stream.
///
/// Datagrams from other senders are dropped, and so are those for which there is no room: UDP guarantees nothing, and
/// the sender cannot be slowed down.
package final class DatagramInput: ChannelInput {
    /// The port, 1...65535.
    package let port: Int
    private let inbox: ByteInbox
    private let channel: any Channel

    private init(port: Int, inbox: ByteInbox, channel: any Channel) {
        self.port = port
        self.inbox = inbox
        self.channel = channel
    }

    /// Starts listening; ``close()`` ends it.
    ///
    /// - Parameters:
    ///   - host: an IPv4 address of this computer.
    ///   - port: 0 for a free one.
    ///   - sender: the IPv4 address to accept datagrams from.
    /// - Throws: `portUnavailable`.
    package static func open(
        host: String, port: Int, from sender: String
    ) async throws(FlashkeepError) -> DatagramInput {
        let inbox = ByteInbox()
        do {
            let address = try SocketAddress(ipAddress: host, port: port)
            let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                // A board that prints sends hundreds of small datagrams at once.
                .channelOption(.socketOption(.so_rcvbuf), value: 1 << 20)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Receiver(inbox: inbox, sender: sender))
                    }
                }
                .bind(to: address).get()
            return DatagramInput(port: channel.localAddress?.port ?? port, inbox: inbox, channel: channel)
        } catch {
            throw FlashkeepError(
                .portUnavailable,
                what: "Cannot listen on UDP port \(port) of \(PrintableText.escaped(host)).",
                why: SystemErrorText.words(for: error),
                next: "Find the program that uses it with: sudo ss -lunp 'sport = :\(port)' - and stop it.")
        }
    }

    package func read(timeout: Duration?) async throws -> ChannelRead { try await inbox.next(timeout: timeout) }

    /// Stops listening.
    package func close() async {
        try? await channel.close().get()
        inbox.finish()
    }

    private final class Receiver: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        let inbox: ByteInbox
        let sender: String

        init(inbox: ByteInbox, sender: String) {
            self.inbox = inbox
            self.sender = sender
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let datagram = Self.unwrapInboundIn(data)
            guard datagram.remoteAddress.ipAddress == sender, inbox.hasRoom else { return }
            _ = inbox.deliver(datagram.data.readableBytesView)
        }

        // An ICMP error means that the peer is unreachable, which must not end the listening.
        func errorCaught(context: ChannelHandlerContext, error: any Error) {}
    }
}
