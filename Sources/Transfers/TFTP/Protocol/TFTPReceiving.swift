package import NIOCore

/// The receiving side of a transfer: the server, when a client writes, or the client, when it reads. Pure: packets and
/// times go in; datagrams, bytes, requests and an outcome come out.
///
/// RFC 1350 with windows (RFC 7440). The last block is acknowledged only once all bytes are safe, so that a client can
/// rely on that ACK. ``isOver`` follows with a delay: if that ACK is lost, the client asks again.
///
/// As the client, it does not answer duplicates, so that no peer can keep it busy with them: its timer alone repeats. Its
/// last ACK goes out twice, because nothing would repeat it once its port is closed.
package struct TFTPReceiving: Sendable {
    /// The number of bytes that may wait for the disk before the peer is held back.
    private static let roomBytes = 1 << 20
    /// The minimum number of bytes worth a disk operation.
    private static let pieceBytes = 256 << 10
    /// The maximum number of times that the last ACK is repeated.
    private static let lastRepetitions = 10

    /// The client's request, which stands for the ACK of block 0; nil for the server.
    private let request: TFTPRequest?
    private let terms: TFTPTerms
    private let patience: TFTPPatience
    private var outbox: [ByteBuffer] = []

    private var isStarted = false
    /// The next expected block.
    private var expected = 1
    /// The number of blocks of the current window received so far.
    private var inWindow = 0
    /// Whether the peer was already told that ``expected`` is missing.
    private var isMissingTold = false
    /// Whether an ACK is held back for the disk.
    private var isHolding = false
    private var repetitions = 0
    private var lastAcknowledgements = 0

    private var waiting: [UInt8] = []
    /// The number of bytes being stored.
    private var storing = 0
    private var hasLast = false
    private var isCommitting = false

    /// The number of bytes received, without duplicates.
    package private(set) var receivedBytes = 0
    /// When ``tick(at:)`` is due; nil if nothing is awaited.
    package private(set) var deadline: Duration?
    /// How the transfer ended; nil while it continues.
    package private(set) var outcome: TFTPOutcome?
    /// Whether nothing remains to be done, and nothing more is expected from the peer.
    package private(set) var isOver = false

    package init(terms: TFTPTerms, patience: TFTPPatience = TFTPPatience()) {
        self.init(request: nil, terms, patience)
    }

    /// The client's side, which asks for a file to read.
    ///
    /// - Parameter terms: without an answer to options.
    package init(asking request: TFTPRequest, terms: TFTPTerms, patience: TFTPPatience = TFTPPatience()) {
        self.init(request: request, terms, patience)
    }

    private init(request: TFTPRequest?, _ terms: TFTPTerms, _ patience: TFTPPatience) {
        self.request = request
        self.terms = terms
        self.patience = patience.agreed(terms)
    }

    /// Removes and returns the datagrams to send, in order.
    package mutating func takeDatagrams() -> [ByteBuffer] {
        defer { outbox.removeAll(keepingCapacity: true) }
        return outbox
    }

    /// Removes and returns the bytes to store next; nil if there are not enough yet, or others are still being stored.
    /// ``stored(at:)`` must follow.
    package mutating func takeBytes() -> [UInt8]? {
        guard outcome == nil, storing == 0, !waiting.isEmpty, hasLast || waiting.count >= Self.pieceBytes else {
            return nil
        }
        storing = waiting.count
        defer {
            waiting = []
            waiting.reserveCapacity(storing)
        }
        return waiting
    }

    /// Reports that the bytes are stored.
    package mutating func stored(at now: Duration) {
        storing = 0
        guard outcome == nil, isHolding, !hasLast, hasRoom else { return }
        isHolding = false
        acknowledge(at: now)
    }

    /// Whether all bytes are stored and must be made final: true once, and ``committed(at:)`` must follow.
    package mutating func takeCommit() -> Bool {
        guard outcome == nil, hasLast, storing == 0, waiting.isEmpty, !isCommitting else { return false }
        isCommitting = true
        return true
    }

    /// Reports that all bytes are safe.
    package mutating func committed(at now: Duration) {
        guard outcome == nil else { return }
        outcome = .done
        sendAcknowledgement()
        if request != nil { sendAcknowledgement() }
        // Twice as long as the client waits, as far as known (RFC 1350 section 6: "dallying").
        deadline = now + min(patience.wait(after: 1) * 2, .seconds(60))
    }

    /// Starts the transfer: with the client's request, the answer to the options, or otherwise an ACK of block 0.
    package mutating func start(at now: Duration) {
        guard !isStarted else { return }
        isStarted = true
        acknowledge(at: now)
    }

    /// Ends the transfer and informs the peer.
    package mutating func fail(_ error: TFTPError) {
        guard outcome == nil else { return }
        outbox.append(TFTPPacket.error(error).datagram)
        end(.failed(error))
    }

    /// Handles a packet from the peer.
    package mutating func take(_ packet: TFTPPacket, at now: Duration) {
        guard isStarted, !isOver else { return }
        switch packet {
        case .data(let block, let payload): arrived(block, payload, at: now)
        case .error(let error):
            // Once everything has arrived, the error no longer matters.
            if outcome != nil { isOver = true } else if !isCommitting { end(.refused(error)) }
        // A request that the network duplicated.
        case .read, .write: break
        case .acknowledgement, .optionAcknowledgement:
            fail(TFTPError(.illegalOperation, "Only data is expected here."))
        }
    }

    /// Performs the action that is due.
    package mutating func tick(at now: Duration) {
        guard !isOver, let deadline, now >= deadline else { return }
        if outcome != nil {
            isOver = true
            return
        }
        repetitions += 1
        guard repetitions <= patience.repetitions else {
            end(.silent)
            return
        }
        isMissingTold = false
        acknowledge(at: now)
    }

    private var hasRoom: Bool {
        waiting.count + storing < Self.roomBytes
    }

    private mutating func arrived(_ number: UInt16, _ payload: ByteBuffer, at now: Duration) {
        if outcome != nil || hasLast {
            // Only a repetition of the last block shows that its ACK was lost; other blocks are late.
            if outcome == .done, number == UInt16(truncatingIfNeeded: expected - 1),
                lastAcknowledgements < Self.lastRepetitions
            {
                lastAcknowledgements += 1
                sendAcknowledgement()
            }
            return
        }
        guard payload.readableBytes <= terms.blockSize else {
            fail(TFTPError(.illegalOperation, "A block exceeds the negotiated size."))
            return
        }
        let distance = Int(number &- UInt16(truncatingIfNeeded: expected))
        switch distance {
        case 0: accept(payload, at: now)
        case 1..<max(1, terms.windowSize):
            // A later block of this window: one before it is missing. Reported once, or each further block would report
            // it again.
            guard !isMissingTold else { return }
            isMissingTold = true
            requestAcknowledgement(at: now)
        case 0xFFFF where inWindow == 0 && request == nil:
            // The last acknowledged block: either the ACK was lost, or this is an echo; the sender can tell. Within a
            // window it is merely a duplicate.
            requestAcknowledgement(at: now)
        default: break
        }
    }

    private mutating func accept(_ payload: ByteBuffer, at now: Duration) {
        waiting.append(contentsOf: payload.readableBytesView)
        receivedBytes += payload.readableBytes
        expected += 1
        inWindow += 1
        isMissingTold = false
        repetitions = 0
        if payload.readableBytes < terms.blockSize {
            hasLast = true
            // From here on the peer waits for this side.
            deadline = nil
        } else if inWindow >= terms.windowSize {
            requestAcknowledgement(at: now)
        } else if !isHolding {
            deadline = now + patience.wait(after: 0)
        }
    }

    /// Acknowledges now, or once there is room for the blocks that the ACK will bring.
    private mutating func requestAcknowledgement(at now: Duration) {
        if hasRoom {
            acknowledge(at: now)
        } else {
            isHolding = true
            deadline = nil
        }
    }

    private mutating func acknowledge(at now: Duration) {
        inWindow = 0
        if expected == 1, let request {
            outbox.append(TFTPPacket.read(request).datagram)
        } else if expected == 1, !terms.answer.isEmpty {
            outbox.append(TFTPPacket.optionAcknowledgement(terms.answer).datagram)
        } else {
            sendAcknowledgement()
        }
        deadline = now + patience.wait(after: repetitions)
    }

    private mutating func sendAcknowledgement() {
        outbox.append(TFTPPacket.acknowledgement(block: UInt16(truncatingIfNeeded: expected - 1)).datagram)
    }

    private mutating func end(_ outcome: TFTPOutcome) {
        self.outcome = outcome
        deadline = nil
        isOver = true
        waiting = []
    }
}
