private import Dispatch
import NIOCore
private import Synchronization
private import SystemPackage

/// A transfer's socket, and the messages of other threads to the thread that serves it: finished errands, and the order
/// to stop.
final class TFTPMailbox: Sendable {
    struct Mail: Sendable {
        var errand: (errand: TFTPErrand, result: Result<[UInt8], any Error>)?
        /// Why the transfer must stop; nil if it need not.
        var order: TFTPError?
        fileprivate var isClosed = false
    }

    /// To be used by one thread.
    let socket: TFTPSocket
    private let mail = Mutex(Mail())
    private let ends: (readEnd: SystemPackage.FileDescriptor, writeEnd: SystemPackage.FileDescriptor)
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now
    /// When the client last sent something, or the content was last called, in nanoseconds since ``start``.
    private let heardAt = Atomic<Int64>(0)
    /// Whether the content is being called.
    private let isWorking = Atomic<Bool>(false)

    init(_ socket: TFTPSocket) throws {
        self.socket = socket
        ends = try SystemPackage.FileDescriptor.pipe()
    }

    deinit {
        try? ends.readEnd.close()
        try? ends.writeEnd.close()
    }

    /// Readable when there is mail.
    fileprivate var bell: SystemPackage.FileDescriptor { ends.readEnd }

    /// How long the client has not been heard; zero while it has nothing to answer.
    var silence: Duration {
        guard !isWorking.load(ordering: .relaxed) else { return .zero }
        return clock.now - start - .nanoseconds(heardAt.load(ordering: .relaxed))
    }

    /// Records that the client was heard, or that it waits for the content.
    fileprivate func noteHeard(isWorking: Bool? = nil) {
        let (seconds, attoseconds) = (clock.now - start).components
        heardAt.store(seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000, ordering: .relaxed)
        if let isWorking { self.isWorking.store(isWorking, ordering: .relaxed) }
    }

    /// Reports a finished errand.
    func put(_ errand: TFTPErrand, _ result: Result<[UInt8], any Error>) {
        mail.withLock { $0.errand = (errand, result) }
        ring()
    }

    /// Orders the transfer to stop.
    ///
    /// - Parameter error: the reason, for the client.
    func stop(_ error: TFTPError) {
        mail.withLock { mail in
            mail.order = mail.order ?? error
            // After closing, the descriptor may belong to another file.
            if !mail.isClosed { socket.wake() }
        }
        ring()
    }

    /// Closes the socket.
    fileprivate func close() {
        mail.withLock { mail in
            guard !mail.isClosed else { return }
            mail.isClosed = true
            socket.close()
        }
    }

    private func ring() {
        // A full pipe, which should not happen, would wake the reader as well.
        _ = try? ends.writeEnd.writeAll([1])
    }

    fileprivate var order: TFTPError? { mail.withLock { $0.order } }

    /// Waits for mail.
    fileprivate func take() -> Mail {
        _ = try? unsafe withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) {
            unsafe try ends.readEnd.read(into: $0)
        }
        return mail.withLock { mail in
            defer { mail.errand = nil }
            return mail
        }
    }
}

/// Runs a transfer from its first packet to its last, on its own thread, which waits only for the socket.
///
/// In a transfer without windows one packet goes out and one comes back: throughput depends on how soon a packet is
/// answered. A thread needs two system calls for that, and leaves the event loops alone.
struct TFTPTransferRun<Work: TFTPWork> {
    /// The time between two progress events.
    private static var reportInterval: Duration { .seconds(1) }
    /// The maximum number of answers to strangers in one transfer.
    private static var strangerLimit: Int { 100 }

    private var work: Work
    private let client: TFTPSocket.Address
    private var receiver: TFTPSocket.Receiver
    private let size: Int?
    private let reporter: TFTPReporter
    private let mailbox: TFTPMailbox
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var isOnErrand = false
    private var isReported = false
    private var reportedAt: Duration = .zero
    private var strangersAnswered = 0
    /// The maximum wait of a receive, as set on the socket.
    private var limit: Duration = .zero
    /// The wait above which the socket's limit is set again.
    private var muchLonger: Duration = .zero

    /// - Parameters:
    ///   - packetSize: the number of bytes of a datagram to keep.
    ///   - readsAtOnce: the number of datagrams received at once.
    ///   - size: the total number of bytes, for progress events.
    ///   - mailbox: its socket is closed at the end.
    init(
        work: Work, client: SocketAddress, packetSize: Int, readsAtOnce: Int, size: Int?,
        reporter: TFTPReporter, mailbox: TFTPMailbox
    ) {
        self.work = work
        self.client = TFTPSocket.Address(client)
        receiver = TFTPSocket.Receiver(peer: self.client, packetSize: packetSize, count: readsAtOnce)
        self.size = size
        self.reporter = reporter
        self.mailbox = mailbox
        start = clock.now
    }

    /// - Returns: whether the upload is final.
    static func run(_ make: @escaping @Sendable () -> TFTPTransferRun) async -> Bool {
        await withCheckedContinuation { continuation in
            // A serial queue has its own thread while it works; Swift's own threads must not block.
            DispatchQueue(label: "flashkeep.tftp").async {
                var run = make()
                continuation.resume(returning: run.run())
            }
        }
    }

    private var now: Duration { clock.now - start }

    private mutating func run() -> Bool {
        reporter.tell(.began(size: size))
        var now = now
        work.start(at: now)
        var isEnding = false
        while true {
            settle(at: now)
            if work.isOver || isEnding { break }
            do {
                if let order = try wait(&now) {
                    work.fail(order)
                    isEnding = true
                }
            } catch {
                work.fail(TFTPError(.undefined, "The port was lost."))
                isEnding = true
            }
            work.tick(at: now)
        }
        mailbox.close()
        // The content must not be called again while it is still working.
        while isOnErrand { _ = takeMail(at: self.now) }
        return work.isCommitted
    }

    /// Waits for the next event, and handles it.
    ///
    /// - Parameter now: is set to the time after the wait.
    /// - Returns: why the transfer must stop; nil if it need not.
    private mutating func wait(_ now: inout Duration) throws -> TFTPError? {
        let left = work.deadline.map { max(.zero, $0 - now) }
        if isOnErrand {
            let ready = try mailbox.socket.wait(orFor: mailbox.bell, atMost: left)
            now = self.now
            if ready.contains(.socket) { _ = try receive(mayWait: false, at: now) }
            return ready.contains(.pipe) ? takeMail(at: now) : nil
        }
        // Only the socket can bring an event, so its own limit ends the wait. The limit is changed only when necessary,
        // which is rare: waking too early does no harm.
        let longest = left ?? .seconds(60)
        if longest < limit || longest > muchLonger {
            limit = longest
            muchLonger = longest * 4
            mailbox.socket.setLimit(longest)
        }
        let hasEmpty = try receive(mayWait: true, at: nil)
        now = self.now
        return hasEmpty ? mailbox.order : nil
    }

    /// Performs everything that the transfer requests after an event.
    private mutating func settle(at now: Duration) {
        while true {
            let datagrams = work.takeDatagrams()
            if !datagrams.isEmpty { mailbox.socket.send(datagrams, to: client) }
            report(at: now)
            guard !isOnErrand, !work.isOver, let errand = work.nextErrand() else { return }
            do {
                guard let bytes = try errand.runAtOnce() else { return send(errand) }
                mailbox.noteHeard()
                work.did(errand, bytes, at: self.now)
            } catch {
                work.fail(TFTPTransfers.told(error))
            }
        }
    }

    /// Has another thread make a call of the content.
    private mutating func send(_ errand: TFTPErrand) {
        isOnErrand = true
        let mailbox = mailbox
        mailbox.noteHeard(isWorking: true)
        Task {
            let result: Result<[UInt8], any Error>
            do {
                result = .success(try await errand.run())
            } catch {
                result = .failure(error)
            }
            mailbox.put(errand, result)
        }
    }

    /// - Parameter now: nil for the time after the wait.
    /// - Returns: as ``TFTPSocket/Receiver/receive(from:mayWait:take:)``.
    private mutating func receive(mayWait: Bool, at now: Duration?) throws -> Bool {
        var strangers: [(TFTPSocket.Address, ByteBuffer)] = []
        var isHeard = false
        let (clock, start) = (clock, start)
        let hasEmpty = try receiver.receive(from: mailbox.socket, mayWait: mayWait) { bytes, stranger in
            if let stranger {
                strangers.append((stranger, bytes))
            } else if let packet = try? TFTPPacket(decoding: bytes) {
                // A datagram that is not a packet is no reason to end a transfer.
                isHeard = true
                work.take(packet, at: now ?? clock.now - start)
            }
        }
        if isHeard { mailbox.noteHeard() }
        for (address, bytes) in strangers { answer(address, bytes) }
        return hasEmpty
    }

    /// RFC 1350 section 4: a packet from elsewhere is answered, and does not affect the transfer.
    private mutating func answer(_ stranger: TFTPSocket.Address, _ bytes: ByteBuffer) {
        if case .error = try? TFTPPacket(decoding: bytes) { return }
        guard strangersAnswered < Self.strangerLimit else { return }
        strangersAnswered += 1
        let error = TFTPError(.unknownTransfer, "This port belongs to another client's transfer.")
        mailbox.socket.send([TFTPPacket.error(error).datagram], to: stranger)
    }

    /// Waits for the messages of other threads, and handles them.
    ///
    /// - Returns: why the transfer must stop; nil if it need not.
    private mutating func takeMail(at now: Duration) -> TFTPError? {
        let mail = mailbox.take()
        if let (errand, result) = mail.errand {
            isOnErrand = false
            mailbox.noteHeard(isWorking: false)
            switch result {
            case .success(let bytes): work.did(errand, bytes, at: now)
            case .failure(let error): work.fail(TFTPTransfers.told(error))
            }
        }
        return mail.order
    }

    private mutating func report(at now: Duration) {
        if let outcome = work.outcome {
            guard !isReported else { return }
            isReported = true
            reporter.tell(
                outcome == .done ? .done(bytes: work.bytes, time: now) : .broken(outcome, bytes: work.bytes))
        } else if now - reportedAt >= Self.reportInterval {
            reportedAt = now
            reporter.tell(.advanced(bytes: work.bytes, size: size))
        }
    }
}
