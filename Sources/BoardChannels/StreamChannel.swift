internal import FlashModel
private import Glibc
private import NIOCore
private import NIOPosix
private import Synchronization

/// A channel over a socket or a character device, served by SwiftNIO's event loop.
package final class StreamChannel: BoardChannel {
    package let traits: ChannelTraits
    private let inbox: ByteInbox
    private let channel: any Channel
    /// The port's rate; nil for a socket.
    private let line: SerialLine?
    /// The number of writes so far, and the number of the pending one; 0 if none.
    private let writes = Atomic<UInt64>(0)
    private let pendingWrite = Atomic<UInt64>(0)
    private let isStuck = Atomic<Bool>(false)

    private init(traits: ChannelTraits, inbox: ByteInbox, channel: any Channel, line: SerialLine?) {
        self.line = line
        self.traits = traits
        self.inbox = inbox
        self.channel = channel
    }

    package var networkEnds: NetworkEnds? {
        guard traits.endsAtBoard, let local = channel.localAddress?.ipAddress,
            let peer = channel.remoteAddress?.ipAddress
        else { return nil }
        return NetworkEnds(local: local, peer: peer)
    }

    package func read(timeout: Duration?) async throws -> ChannelRead {
        try await inbox.next(timeout: timeout)
    }

    package func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        try Task.checkCancellation()
        let number = writes.wrappingAdd(1, ordering: .relaxed).newValue
        pendingWrite.store(number, ordering: .relaxed)
        defer { pendingWrite.store(0, ordering: .relaxed) }
        // Only closing the channel ends a write to a peer that accepts no bytes.
        let limit = Self.writePatience + .seconds(bytes.count / Self.slowestLine)
        let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) { self.giveUpWrite(number) }
        defer { alarm.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
            } onCancel: {
                channel.eventLoop.scheduleTask(in: TimeAmount(Self.lastPatience)) { self.giveUpWrite(number) }
            }
        } catch {
            try Task.checkCancellation()
            guard !isStuck.load(ordering: .relaxed) else { throw stuck() }
            throw Self.lost(traits, error)
        }
    }

    /// How long a board may accept no bytes; until then they wait in this computer.
    private static let writePatience = Duration.seconds(60)
    /// The same, once nobody waits for the write any more.
    private static let lastPatience = Duration.seconds(2)
    /// Bytes per second of the slowest line: 1200 bits per second, with a quarter lost.
    private static let slowestLine = 90

    private func giveUpWrite(_ number: UInt64) {
        guard pendingWrite.load(ordering: .relaxed) == number else { return }
        isStuck.store(true, ordering: .relaxed)
        channel.close(promise: nil)
    }

    private func stuck() -> FlashkeepError {
        FlashkeepError(
            .boardSilent, what: "\(traits.address) does not accept any bytes.",
            why: "The wait was longer than the slowest line needs.",
            next: "Check that flow control is off and the board runs, then run the same command again: it resumes.")
    }

    package var lineRate: Int? { line?.rate }

    package func setLineRate(_ rate: Int) async throws {
        guard let line else {
            throw FlashkeepError(
                .portUnavailable, what: "\(traits.address) cannot be set to \(rate) baud.",
                why: "The serial port belongs to another computer, which sets its rate.",
                next: "Set the rate there, and omit --baud.")
        }
        try await line.set(rate)
    }

    /// The error for an established connection that broke.
    private static func lost(_ traits: ChannelTraits, _ error: any Error) -> FlashkeepError {
        FlashkeepError(
            .boardLost, what: "The connection to \(traits.address) broke.", why: SystemErrorText.words(for: error),
            next: "Check the board and the cable, then run the same command again: it resumes.")
    }

    /// Connects to a TCP port for the duration of the body.
    static func connecting<Result: Sendable>(
        host: String, port: Int, timeout: Duration, traits: ChannelTraits,
        body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await running(traits: traits, body: body) { receiver in
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(timeout))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                // A telnetd answers ^C with IAC DM and sends one of the two as urgent data (RFC 854, "Synch"); taken
                // out of the stream, it would leave the other behind as text.
                .channelOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_OOBINLINE)), value: 1)
                .channelOption(.autoRead, value: false)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(receiver) }
                }
                .connect(host: host, port: port).get()
        }
    }

    /// Takes over an open descriptor of a character device for the duration of the body, and closes it.
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
        open: (InboxReceiver) async throws -> any Channel
    ) async throws -> Result {
        let receiver = InboxReceiver { Self.lost(traits, $0) }
        let inbox = receiver.inbox
        let channel = try await open(receiver)
        return try await withCleanup {
            try await body(StreamChannel(traits: traits, inbox: inbox, channel: channel, line: line))
        } cleanup: {
            try? await channel.close().get()
        }
    }
}
