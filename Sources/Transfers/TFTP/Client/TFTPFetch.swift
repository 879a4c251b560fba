import NIOCore
import NIOPosix

/// Fetches one file from a TFTP server (RFC 1350), as bootloaders have one: `octet`, blocks of 512 bytes, no options.
///
/// The first packet's port is the server's for this transfer (section 4), and all others are ignored, as is every other
/// address.
package enum TFTPFetch {
    /// How a transfer ended.
    package enum Result: Sendable, Equatable {
        case bytes([UInt8])
        /// More bytes came than are wanted.
        case tooLong
        /// The server's error.
        case refused(TFTPError)
        /// It does not answer, or no longer.
        case silent
        /// It answers, and had not sent all in time.
        case slow
    }

    /// A server on the same cable answers at once.
    package static let patience = TFTPPatience(first: .seconds(1), longest: .seconds(2), repetitions: 5)

    /// The bytes per second below which a transfer is not worth its time: the fastest usual line has 11 KiB/s.
    private static let slowestRate = 16 << 10

    /// How long a transfer may take altogether, as there is always a peer that answers just in time.
    package static func longest(_ limit: Int) -> Duration { .seconds(20) + .seconds(max(0, limit) / slowestRate) }

    /// - Parameters:
    ///   - server: its IPv4 address.
    ///   - host: an IPv4 address of this computer.
    ///   - limit: the most bytes to accept.
    ///   - longest: how long it may take altogether; nil for ``longest(_:)``.
    /// - Throws: errors of opening a port.
    package static func file(
        _ name: String, from server: IPv4Address, port: Int = 69, at host: IPv4Address, limit: Int,
        patience: TFTPPatience = patience, longest: Duration? = nil
    ) async throws -> Result {
        let longest = longest ?? Self.longest(limit)
        let remote = try SocketAddress(ipAddress: "\(server)", port: port)
        let ended = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Result.self)
        let channel: any Channel
        do {
            channel = try await DatagramBootstrap(group: ended.futureResult.eventLoop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let receiving = TFTPReceiving(
                            asking: TFTPRequest(name: name), terms: TFTPTerms(), patience: patience)
                        try channel.pipeline.syncOperations.addHandler(
                            TFTPFetchHandler(receiving, remote, limit: limit, longest: longest, ended))
                    }
                }
                .bind(to: try SocketAddress(ipAddress: "\(host)", port: 0)).get()
        } catch {
            ended.succeed(.silent)
            throw error
        }
        return try await withTaskCancellationHandler {
            let result = try await ended.futureResult.get()
            try? await channel.close().get()
            try Task.checkCancellation()
            return result
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

/// The client's port of one transfer. All calls come from its event loop.
private final class TFTPFetchHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private var receiving: TFTPReceiving
    /// The server; its port is that of the first answer, once there was one.
    private var server: SocketAddress
    private var hasPort = false
    private let limit: Int
    private let longest: Duration
    private let ended: EventLoopPromise<TFTPFetch.Result>
    private let start = ContinuousClock.now
    private var bytes: [UInt8] = []
    private var timer: Scheduled<Void>?
    private var lastTimer: Scheduled<Void>?
    private var isOver = false

    init(
        _ receiving: TFTPReceiving, _ server: SocketAddress, limit: Int, longest: Duration,
        _ ended: EventLoopPromise<TFTPFetch.Result>
    ) {
        self.receiving = receiving
        self.server = server
        self.limit = limit
        self.longest = longest
        self.ended = ended
    }

    private var now: Duration { ContinuousClock.now - start }

    func channelActive(context: ChannelHandlerContext) {
        receiving.start(at: now)
        settle(context)
        guard !isOver else { return }
        lastTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.amount(longest)) { [self] in
            guard !isOver else { return }
            receiving.fail(TFTPError(.undefined, "It takes too long."))
            send(context)
            end(.slow)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { end(.silent) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let datagram = Self.unwrapInboundIn(data)
        let sender = datagram.remoteAddress
        guard !isOver, sender.ipAddress == server.ipAddress, !hasPort || sender.port == server.port,
            let packet = try? TFTPPacket(decoding: datagram.data)
        else { return }
        (hasPort, server) = (true, sender)
        receiving.take(packet, at: now)
        settle(context)
    }

    // An ICMP error may be about an earlier packet; silence ends the transfer.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}

    private func settle(_ context: ChannelHandlerContext) {
        guard receiving.receivedBytes <= limit else {
            receiving.fail(TFTPError(.diskFull, "At most \(limit) bytes are wanted."))
            send(context)
            return end(.tooLong)
        }
        while let piece = receiving.takeBytes() {
            bytes += piece
            receiving.stored(at: now)
        }
        if receiving.takeCommit() { receiving.committed(at: now) }
        send(context)
        switch receiving.outcome {
        case .done: end(.bytes(bytes))
        case .silent: end(.silent)
        case .refused(let error), .failed(let error): end(.refused(error))
        case nil: schedule(context)
        }
    }

    private func send(_ context: ChannelHandlerContext) {
        for datagram in receiving.takeDatagrams() {
            context.write(
                Self.wrapOutboundOut(AddressedEnvelope(remoteAddress: server, data: datagram)), promise: nil)
        }
        context.flush()
    }

    private func schedule(_ context: ChannelHandlerContext) {
        timer?.cancel()
        guard let deadline = receiving.deadline else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.amount(deadline - now)) { [self] in
            guard !isOver else { return }
            receiving.tick(at: now)
            settle(context)
        }
    }

    private static func amount(_ duration: Duration) -> TimeAmount {
        let (seconds, attoseconds) = max(.zero, duration).components
        return .nanoseconds(seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000 &+ 1)
    }

    private func end(_ result: TFTPFetch.Result) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        lastTimer?.cancel()
        ended.succeed(result)
    }
}
