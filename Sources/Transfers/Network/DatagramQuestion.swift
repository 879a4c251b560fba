import NIOCore
import NIOPosix
import Synchronization

/// A question to all hosts of a network, by UDP (RFC 919).
package enum DatagramQuestion {
    package struct Answer: Sendable, Equatable {
        package var sender: IPv4Address
        package var bytes: [UInt8]
    }

    /// The most answers kept, and the most bytes looked at of each: anybody may send any.
    private static let mostAnswers = 32
    private static let mostBytes = 2_048

    /// Sends datagrams, and collects what comes back and is an answer.
    ///
    /// - Parameters:
    ///   - destination: an IPv4 address, perhaps that of all hosts.
    ///   - host: the address of this computer in the network to ask.
    ///   - ownPort: 0 for a free one.
    ///   - patience: how long answers are collected. The first one ends it.
    ///   - accepts: whether a datagram is an answer; all others are ignored. Called by an event loop.
    /// - Throws: errors of opening a port.
    package static func ask(
        _ datagrams: [[UInt8]], at destination: String, port: Int, from host: IPv4Address, ownPort: Int = 0,
        patience: Duration, accepts: @escaping @Sendable (Answer) -> Bool
    ) async throws -> [Answer] {
        let inbox = Inbox(accepts)
        let remote = try SocketAddress(ipAddress: destination, port: port)
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.so_broadcast), value: 1)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(inbox: inbox))
                }
            }
            .bind(to: try SocketAddress(ipAddress: "\(host)", port: ownPort)).get()
        for datagram in datagrams {
            // A network without a cable refuses it.
            try? await channel.writeAndFlush(
                AddressedEnvelope(remoteAddress: remote, data: ByteBuffer(bytes: datagram))
            ).get()
        }
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end, inbox.answers.isEmpty, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
        try? await channel.close().get()
        try Task.checkCancellation()
        return inbox.answers
    }

    private final class Inbox: Sendable {
        private let kept = Mutex<[Answer]>([])
        private let accepts: @Sendable (Answer) -> Bool

        init(_ accepts: @escaping @Sendable (Answer) -> Bool) {
            self.accepts = accepts
        }

        var answers: [Answer] { kept.withLock { $0 } }

        func add(_ answer: Answer) {
            guard accepts(answer) else { return }
            kept.withLock { if $0.count < DatagramQuestion.mostAnswers { $0.append(answer) } }
        }
    }

    private final class Receiver: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        private let inbox: Inbox

        init(inbox: Inbox) {
            self.inbox = inbox
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let datagram = Self.unwrapInboundIn(data)
            guard let sender = datagram.remoteAddress.ipAddress.flatMap(IPv4Address.init) else { return }
            inbox.add(
                Answer(sender: sender, bytes: Array(datagram.data.readableBytesView.prefix(DatagramQuestion.mostBytes)))
            )
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {}
    }
}
