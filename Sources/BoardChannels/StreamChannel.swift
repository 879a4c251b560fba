internal import FlashModel
private import NIOCore
private import NIOPosix
private import Synchronization

/// A channel over a socket or a character device, served by the event loop of SwiftNIO.
package final class StreamChannel: BoardChannel {
    package let traits: ChannelTraits
    private let inbox: ByteInbox
    private let channel: any Channel
    /// The port's rate; nil for a socket.
    private let line: SerialLine?

    private init(traits: ChannelTraits, inbox: ByteInbox, channel: any Channel, line: SerialLine?) {
        self.line = line
        self.traits = traits
        self.inbox = inbox
        self.channel = channel
    }

    package func read(timeout: Duration?) async throws -> ChannelRead {
        try await inbox.next(timeout: timeout)
    }

    package func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        do {
            try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        } catch {
            throw Self.lost(traits, error)
        }
    }

    package var lineRate: Int? { line?.rate }

    package func setLineRate(_ rate: Int) async throws {
        guard let line else {
            throw FlashkeepError(
                .portUnavailable, what: "\(traits.address) cannot be set to \(rate) baud.",
                why: "The serial port is another computer's, which sets its rate.",
                next: "Set the rate there, and leave --baud out.")
        }
        try await line.set(rate)
    }

    /// The error of a connection that was there and broke.
    private static func lost(_ traits: ChannelTraits, _ error: any Error) -> FlashkeepError {
        FlashkeepError(
            .boardLost, what: "The connection to \(traits.address) broke.", why: SystemErrorText.words(for: error),
            next: "Check the board and the cable, then run the same command again: it goes on where it was.")
    }

    /// Connects to a TCP port for the length of the body.
    static func connecting<Result: Sendable>(
        host: String, port: Int, timeout: Duration, traits: ChannelTraits,
        body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await running(traits: traits, body: body) { receiver in
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(timeout))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.autoRead, value: false)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(receiver) }
                }
                .connect(host: host, port: port).get()
        }
    }

    /// Takes over an open descriptor of a character device (and closes it) for the length of the body.
    static func owning<Result: Sendable>(
        descriptor: CInt, traits: ChannelTraits, line: SerialLine? = nil,
        body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await running(traits: traits, line: line, body: body) { receiver in
            try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.autoRead, value: false)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(receiver) }
                }
                .takingOwnershipOfDescriptor(inputOutput: descriptor).get()
        }
    }

    private static func running<Result: Sendable>(
        traits: ChannelTraits, line: SerialLine? = nil, body: (any BoardChannel) async throws -> Result,
        open: (Receiver) async throws -> any Channel
    ) async throws -> Result {
        let reader = Reader()
        let inbox = ByteInbox(resume: { reader.goOn() })
        let channel = try await open(Receiver(inbox: inbox, traits: traits, reader: reader))
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(
                try await body(StreamChannel(traits: traits, inbox: inbox, channel: channel, line: line)))
        } catch {
            result = .failure(error)
        }
        try? await channel.close().get()
        return try result.get()
    }

    /// Lets the event loop read on once there is room again.
    private final class Reader: Sendable {
        private let channel = Mutex<(any Channel)?>(nil)

        func attach(_ channel: any Channel) {
            self.channel.withLock { $0 = channel }
        }

        func goOn() {
            channel.withLock { $0 }?.read()
        }
    }

    /// Hands what the event loop read to the inbox, and reads on only while there is room.
    private final class Receiver: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        let inbox: ByteInbox
        let traits: ChannelTraits
        let reader: Reader

        init(inbox: ByteInbox, traits: ChannelTraits, reader: Reader) {
            self.inbox = inbox
            self.traits = traits
            self.reader = reader
        }

        func channelActive(context: ChannelHandlerContext) {
            reader.attach(context.channel)
            context.read()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            _ = inbox.deliver(Self.unwrapInboundIn(data).readableBytesView)
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            // The inbox alone knows whether there is room: a second memory of it here could miss the moment in which
            // the reader emptied it, and nobody would ever read again.
            if inbox.hasRoom { context.read() }
        }

        func channelInactive(context: ChannelHandlerContext) {
            inbox.finish()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            inbox.finish(StreamChannel.lost(traits, error))
            context.close(promise: nil)
        }
    }
}
