import NIOCore

/// A transfer as its port's thread sees it: packets, times, and the next call of the content.
protocol TFTPWork: Sendable {
    var deadline: Duration? { get }
    var outcome: TFTPOutcome? { get }
    /// Whether nothing remains to be done, and nothing more is expected from the peer.
    var isOver: Bool { get }
    /// The number of bytes delivered.
    var bytes: Int { get }
    /// Whether the upload is final.
    var isCommitted: Bool { get }

    mutating func start(at now: Duration)
    mutating func take(_ packet: TFTPPacket, at now: Duration)
    mutating func tick(at now: Duration)
    mutating func fail(_ error: TFTPError)
    mutating func takeDatagrams() -> [ByteBuffer]
    /// The next call of the content; requested only while none is in progress.
    mutating func nextErrand() -> TFTPErrand?
    /// Reports a finished errand; `bytes` is the result of a read.
    mutating func did(_ errand: TFTPErrand, _ bytes: [UInt8], at now: Duration)
}

/// A call of the content.
enum TFTPErrand: Sendable {
    case read(any TFTPSource, Int)
    case write(any TFTPSink, [UInt8])
    case commit(any TFTPSink)

    /// Makes the call on this thread, if at most a disk is waited for.
    ///
    /// To hand a call to another thread and to get its result back takes two wake-ups. On a busy computer each of them
    /// takes longer than a read, for which the client waits. It does not wait for a write.
    ///
    /// - Returns: the result of a read; nil if the call was not made.
    func runAtOnce() throws -> [UInt8]? {
        switch self {
        case .read(let source, let count): try source.readAtOnce(count)
        case .write, .commit: nil
        }
    }

    /// Makes the call away from the port's thread.
    ///
    /// - Returns: the result of a read.
    func run() async throws -> [UInt8] {
        switch self {
        case .read(let source, let count): return try await source.read(count)
        case .write(let sink, let bytes): try await sink.write(bytes)
        case .commit(let sink): try await sink.commit()
        }
        return []
    }
}

/// A transfer in which the client reads.
struct TFTPSendingWork: TFTPWork {
    private var sending: TFTPSending
    private let source: any TFTPSource

    init(_ sending: TFTPSending, _ source: any TFTPSource) {
        self.sending = sending
        self.source = source
    }

    var deadline: Duration? { sending.deadline }
    var outcome: TFTPOutcome? { sending.outcome }
    var isOver: Bool { sending.outcome != nil }
    var bytes: Int { sending.acknowledgedBytes }
    var isCommitted: Bool { false }

    mutating func start(at now: Duration) { sending.start(at: now) }
    mutating func take(_ packet: TFTPPacket, at now: Duration) { sending.take(packet, at: now) }
    mutating func tick(at now: Duration) { sending.tick(at: now) }
    mutating func fail(_ error: TFTPError) { sending.fail(error) }
    mutating func takeDatagrams() -> [ByteBuffer] { sending.takeDatagrams() }

    mutating func nextErrand() -> TFTPErrand? {
        let count = sending.wantedBytes
        return count > 0 ? .read(source, count) : nil
    }

    mutating func did(_ errand: TFTPErrand, _ bytes: [UInt8], at now: Duration) {
        sending.supply(bytes, at: now)
    }
}

/// A transfer in which the client writes.
struct TFTPReceivingWork: TFTPWork {
    private var receiving: TFTPReceiving
    private let sink: any TFTPSink
    private(set) var isCommitted = false

    init(_ receiving: TFTPReceiving, _ sink: any TFTPSink) {
        self.receiving = receiving
        self.sink = sink
    }

    var deadline: Duration? { receiving.deadline }
    var outcome: TFTPOutcome? { receiving.outcome }
    var isOver: Bool { receiving.isOver }
    var bytes: Int { receiving.receivedBytes }

    mutating func start(at now: Duration) { receiving.start(at: now) }
    mutating func take(_ packet: TFTPPacket, at now: Duration) { receiving.take(packet, at: now) }
    mutating func tick(at now: Duration) { receiving.tick(at: now) }
    mutating func fail(_ error: TFTPError) { receiving.fail(error) }
    mutating func takeDatagrams() -> [ByteBuffer] { receiving.takeDatagrams() }

    mutating func nextErrand() -> TFTPErrand? {
        if let bytes = receiving.takeBytes() { return .write(sink, bytes) }
        return receiving.takeCommit() ? .commit(sink) : nil
    }

    mutating func did(_ errand: TFTPErrand, _ bytes: [UInt8], at now: Duration) {
        if case .commit = errand {
            isCommitted = true
            receiving.committed(at: now)
        } else {
            receiving.stored(at: now)
        }
    }
}
