package import FlashModel
private import NIOCore
private import NIOPosix
private import Synchronization

/// A TCP port of this computer to which a board connects to deliver byte streams, one at a time.
///
/// A connection counts only while one is expected, only from an expected address, and only if its first line is the
/// expected word. All others are closed without an answer.
package final class StreamListener: Sendable {
    /// The port, 1...65535.
    package let port: Int
    private let admissions: Admissions
    private let channel: any Channel

    private init(port: Int, admissions: Admissions, channel: any Channel) {
        self.port = port
        self.admissions = admissions
        self.channel = channel
    }

    /// Starts listening; ``close()`` ends it.
    ///
    /// - Parameters:
    ///   - host: an IPv4 address of this computer, or 0.0.0.0 for all of them.
    ///   - port: 0 for a free one.
    /// - Throws: `portUnavailable`.
    package static func open(host: String, port: Int = 0) async throws(FlashkeepError) -> StreamListener {
        let admissions = Admissions()
        do {
            let address = try SocketAddress(ipAddress: host, port: port)
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 8)
                .childChannelOption(.autoRead, value: false)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Doorkeeper(admissions))
                    }
                }
                .bind(to: address).get()
            return StreamListener(
                port: channel.localAddress?.port ?? port, admissions: admissions, channel: channel)
        } catch {
            throw FlashkeepError(
                .portUnavailable,
                what: "Cannot listen on TCP port \(port) of \(PrintableText.escaped(host)).",
                why: SystemErrorText.words(for: error),
                next: "Find the program that uses it with: sudo ss -ltnp 'sport = :\(port)' - and stop it.")
        }
    }

    /// Expects a stream, in place of any that was expected before.
    ///
    /// - Parameters:
    ///   - word: its first line, without the line end; at most ``longestWord`` characters. It must be new each time.
    ///   - senders: the IPv4 addresses to accept it from.
    package func expect(word: String, from senders: Set<String>) -> IncomingStream {
        let stream = IncomingStream()
        admissions.expect(
            Admissions.Expectation(
                word: Array(word.utf8.prefix(Self.longestWord)), senders: senders, stream: stream))
        return stream
    }

    /// The longest word, in bytes.
    package static let longestWord = 128

    /// Stops listening.
    package func close() async {
        admissions.expect(nil)
        try? await channel.close().get()
    }
}

/// A byte stream that a board delivers to a ``StreamListener``.
package final class IncomingStream: Sendable {
    private struct State {
        var channel: (any Channel)?
        var isClosed = false
        var refused: [String] = []
    }

    private let state = Mutex(State())
    fileprivate let receiver = InboxReceiver { error in
        FlashkeepError(
            .boardLost, what: "The board's connection to this computer broke.", why: SystemErrorText.words(for: error),
            next: "Check the board and the cable, then run the same command again: it resumes.")
    }

    /// Whether the board has connected and named the word.
    package var isConnected: Bool { state.withLock { $0.channel != nil } }

    /// The addresses of the first connections that were refused meanwhile, for an explanation.
    package var refused: [String] { state.withLock { $0.refused } }

    /// Returns the next bytes, as ``BoardChannel/read(timeout:)``; nothing comes before the board has connected.
    package func read(timeout: Duration?) async throws -> ChannelRead {
        try await receiver.inbox.next(timeout: timeout)
    }

    /// Closes the connection; a board that has not connected yet is refused from now on.
    package func close() {
        let channel = state.withLock { state in
            state.isClosed = true
            return state.channel
        }
        channel?.close(promise: nil)
        receiver.inbox.finish()
    }

    /// Takes the connection over, unless the stream was closed or has one already.
    fileprivate func adopt(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.channel == nil else { return false }
            state.channel = channel
            return true
        }
    }

    fileprivate func noteRefused(_ address: String) {
        state.withLock { state in
            if state.refused.count < 4, !state.refused.contains(address) { state.refused.append(address) }
        }
    }
}

/// What a listener lets in.
private final class Admissions: Sendable {
    struct Expectation: Sendable {
        let word: [UInt8]
        let senders: Set<String>
        let stream: IncomingStream
    }

    private let state = Mutex<Expectation?>(nil)

    /// What is expected now; nil for nothing.
    var expected: Expectation? { state.withLock { $0 } }

    func expect(_ expectation: Expectation?) {
        state.withLock { $0 = expectation }
    }

    /// Ends an expectation that was met, so that nobody else can meet it.
    func met(_ expectation: Expectation) {
        state.withLock { if $0?.stream === expectation.stream { $0 = nil } }
    }
}

/// Reads the first line of a connection, and hands the connection over or closes it.
private final class Doorkeeper: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// How long a connection may take to name the word.
    private static let patience = TimeAmount.seconds(5)

    private let admissions: Admissions
    private var expectation: Admissions.Expectation?
    private var line = ByteBuffer()
    private var isDecided = false

    init(_ admissions: Admissions) {
        self.admissions = admissions
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress
        guard let expected = admissions.expected, let address, expected.senders.contains(address) else {
            return refuse(context)
        }
        expectation = expected
        let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        loop.scheduleTask(in: Self.patience) {
            let (keeper, context) = bound.value
            if !keeper.isDecided { keeper.refuse(context) }
        }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDecided, let expectation else { return }
        var bytes = Self.unwrapInboundIn(data)
        line.writeBuffer(&bytes)
        let size = expectation.word.count
        guard line.readableBytes > size else { return }
        guard line.readBytes(length: size) == expectation.word, line.readBytes(length: 1) == [0x0A],
            expectation.stream.adopt(context.channel)
        else { return refuse(context) }
        isDecided = true
        admissions.met(expectation)
        let (receiver, rest) = (expectation.stream.receiver, line)
        do {
            try context.pipeline.syncOperations.addHandler(receiver)
        } catch {
            return refuse(context)
        }
        if rest.readableBytes > 0 { context.fireChannelRead(Self.wrapInboundOut(rest)) }
        receiver.begin(context.channel)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    typealias InboundOut = ByteBuffer

    func channelReadComplete(context: ChannelHandlerContext) {
        if isDecided { context.fireChannelReadComplete() } else { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isDecided = true
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        refuse(context)
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isDecided = true
        if let address = context.remoteAddress?.ipAddress {
            (expectation ?? admissions.expected)?.stream.noteRefused(address)
        }
        context.close(promise: nil)
    }
}

extension Doorkeeper: RemovableChannelHandler {}
