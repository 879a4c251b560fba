import NIOCore

/// A transfer's own port: hands packets to the transfer and datagrams to the socket, keeps its time, and sends content
/// on its errands. All on one event loop, which never waits.
final class TFTPTransferHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    /// The server stops: the client is told.
    struct Stop: Sendable {}

    /// Between two reports.
    private static let reportInterval: Duration = .seconds(1)

    private var work: any TFTPWork
    private let client: SocketAddress
    private let size: Int?
    private let reporter: TFTPReporter
    /// Kept once the port is closed and no errand is under way: whether what was written is final.
    private let finished: EventLoopPromise<Bool>

    private let start = NIODeadline.now()
    /// At most one alarm, which may ring too early: setting it anew for each packet would cost more than the packet.
    private var alarm: Scheduled<Void>?
    private var alarmAt: Duration = .zero
    private var isOnErrand = false
    private var isReported = false
    private var isClosed = false
    private var reportedAt: Duration = .zero
    private var strangersAnswered = 0

    init(
        work: any TFTPWork, client: SocketAddress, size: Int?, reporter: TFTPReporter, finished: EventLoopPromise<Bool>
    ) {
        self.work = work
        self.client = client
        self.size = size
        self.reporter = reporter
        self.finished = finished
    }

    private var now: Duration { .nanoseconds((NIODeadline.now() - start).nanoseconds) }

    func channelActive(context: ChannelHandlerContext) {
        reporter.tell(.began(size: size))
        work.start(at: now)
        settle(context)
        context.flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = Self.unwrapInboundIn(data)
        guard envelope.remoteAddress == client else {
            stranger(envelope, context)
            return
        }
        // What is no packet at all is no reason to end a transfer.
        guard let packet = try? TFTPPacket(decoding: envelope.data) else { return }
        work.take(packet, at: now)
        settle(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is Stop else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        work.fail(TFTPError(.undefined, "The server stops."))
        settle(context)
        context.flush()
        close(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        alarm?.cancel()
        work.fail(TFTPError(.undefined, "The port was lost."))
        report()
        finishIfIdle()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Such as a route that is gone for a moment: the next repetition may find it again.
    }

    /// RFC 1350 section 4: a packet from elsewhere is answered, and changes nothing here.
    private func stranger(_ envelope: AddressedEnvelope<ByteBuffer>, _ context: ChannelHandlerContext) {
        if case .error = try? TFTPPacket(decoding: envelope.data) { return }
        guard strangersAnswered < 100 else { return }
        strangersAnswered += 1
        let error = TFTPPacket.error(TFTPError(.unknownTransfer, "This port is another client's."))
        context.write(
            Self.wrapOutboundOut(AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: error.datagram)),
            promise: nil)
    }

    /// Does all that the transfer wants after something happened to it; what is written is yet to be flushed.
    private func settle(_ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        for datagram in work.takeDatagrams() {
            context.write(
                Self.wrapOutboundOut(AddressedEnvelope(remoteAddress: client, data: datagram)), promise: nil)
        }
        report()
        if work.isOver {
            context.flush()
            close(context)
            return
        }
        sendOnErrand(context)
        setAlarm(context)
    }

    private func close(_ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        isClosed = true
        alarm?.cancel()
        context.close(promise: nil)
        finishIfIdle()
    }

    private func finishIfIdle() {
        if isClosed, !isOnErrand { finished.succeed(work.isCommitted) }
    }

    private func report() {
        if let outcome = work.outcome {
            guard !isReported else { return }
            isReported = true
            reporter.tell(
                outcome == .done ? .done(bytes: work.bytes, time: now) : .broken(outcome, bytes: work.bytes))
        } else {
            let now = now
            guard now - reportedAt >= Self.reportInterval else { return }
            reportedAt = now
            reporter.tell(.advanced(bytes: work.bytes, size: size))
        }
    }

    private func sendOnErrand(_ context: ChannelHandlerContext) {
        guard !isOnErrand, let errand = work.nextErrand() else { return }
        isOnErrand = true
        let loop = context.eventLoop
        let back = NIOLoopBound((self, context), eventLoop: loop)
        Task {
            let result: Result<[UInt8], any Error>
            do {
                result = .success(try await errand.run())
            } catch {
                result = .failure(error)
            }
            loop.execute {
                let (handler, context) = back.value
                handler.isBack(errand, result, context)
            }
        }
    }

    private func isBack(_ errand: TFTPErrand, _ result: Result<[UInt8], any Error>, _ context: ChannelHandlerContext) {
        isOnErrand = false
        switch result {
        case .success(let bytes): work.did(errand, bytes, at: now)
        case .failure(let error): work.fail(TFTPTransferBoard.told(error))
        }
        guard !isClosed else {
            finishIfIdle()
            return
        }
        settle(context)
        context.flush()
    }

    private func setAlarm(_ context: ChannelHandlerContext) {
        guard let deadline = work.deadline else { return }
        if alarm != nil, alarmAt <= deadline { return }
        alarm?.cancel()
        alarmAt = deadline
        let back = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        alarm = context.eventLoop.scheduleTask(
            deadline: start + .nanoseconds(Self.nanoseconds(deadline))
        ) {
            let (handler, context) = back.value
            handler.alarm = nil
            handler.work.tick(at: handler.now)
            handler.settle(context)
            context.flush()
        }
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 2 : whole + attoseconds / 1_000_000_000
    }
}
