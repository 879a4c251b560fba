package import NIOCore

/// The side of a transfer that gets the bytes: the server, when a client writes. Pure: packets and times go in;
/// datagrams, bytes, wishes and an outcome come out.
///
/// RFC 1350 with windows (RFC 7440). The last block is acknowledged only once all bytes are safe, so that a client that
/// was told so need not doubt. After that ``isOver`` comes with a delay: should that ACK be lost, the client asks again.
package struct TFTPReceiving: Sendable {
    /// Bytes that may wait for the disk before the other side is held back.
    private static let roomBytes = 1 << 20
    /// Bytes that are worth a trip to the disk.
    private static let pieceBytes = 256 << 10
    /// How often the last ACK is sent again.
    private static let lastRepetitions = 10

    private let terms: TFTPTerms
    private let patience: TFTPPatience
    private var outbox: [ByteBuffer] = []

    private var isStarted = false
    /// The block that is to come next.
    private var expected = 1
    /// Blocks of the window that have come.
    private var inWindow = 0
    /// Whether the other side was told that ``expected`` is missing.
    private var isMissingTold = false
    /// Whether an ACK waits for the disk.
    private var isHolding = false
    private var repetitions = 0
    private var lastAcknowledgements = 0

    private var waiting: [UInt8] = []
    /// Bytes on their way to the disk.
    private var storing = 0
    private var hasLast = false
    private var isCommitting = false

    /// Bytes that have come, without doubles.
    package private(set) var receivedBytes = 0
    /// When ``tick(at:)`` is due; nil where nothing is awaited.
    package private(set) var deadline: Duration?
    /// How it ended; nil while it goes on.
    package private(set) var outcome: TFTPOutcome?
    /// Whether nothing more is to be done, nor to be expected from the other side.
    package private(set) var isOver = false

    package init(terms: TFTPTerms, patience: TFTPPatience = TFTPPatience()) {
        self.terms = terms
        self.patience = patience.agreed(terms)
    }

    /// Datagrams to be sent, in order; they are taken away.
    package mutating func takeDatagrams() -> [ByteBuffer] {
        defer { outbox.removeAll(keepingCapacity: true) }
        return outbox
    }

    /// Bytes to be stored now, behind all before; nil where there are none yet, or others are still on their way.
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

    /// The bytes that were taken are stored.
    package mutating func stored(at now: Duration) {
        storing = 0
        guard outcome == nil, isHolding, !hasLast, hasRoom else { return }
        isHolding = false
        acknowledge(at: now)
    }

    /// Whether all bytes are stored and are to be made final: true once, and ``committed(at:)`` must follow.
    package mutating func takeCommit() -> Bool {
        guard outcome == nil, hasLast, storing == 0, waiting.isEmpty, !isCommitting else { return false }
        isCommitting = true
        return true
    }

    /// All bytes are safe.
    package mutating func committed(at now: Duration) {
        guard outcome == nil else { return }
        outcome = .done
        sendAcknowledgement()
        // Twice as long as the client waits, as far as that is known (RFC 1350 section 6: "dallying").
        deadline = now + min(patience.wait(after: 1) * 2, .seconds(60))
    }

    /// Begins: with the answer to the options, or else with an ACK of block 0.
    package mutating func start(at now: Duration) {
        guard !isStarted else { return }
        isStarted = true
        acknowledge(at: now)
    }

    /// Ends the transfer and tells the other side.
    package mutating func fail(_ error: TFTPError) {
        guard outcome == nil else { return }
        outbox.append(TFTPPacket.error(error).datagram)
        end(.failed(error))
    }

    /// Takes what the other side sent.
    package mutating func take(_ packet: TFTPPacket, at now: Duration) {
        guard isStarted, !isOver else { return }
        switch packet {
        case .data(let block, let payload): arrived(block, payload, at: now)
        case .error(let error):
            // Once all has come it is no longer of interest.
            if outcome != nil { isOver = true } else if !isCommitting { end(.refused(error)) }
        // A request that the network doubled.
        case .read, .write: break
        case .acknowledgement, .optionAcknowledgement:
            fail(TFTPError(.illegalOperation, "Only data is expected here."))
        }
    }

    /// Does what is due.
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
            // Only the last block again says that its ACK was lost; others are late.
            if outcome == .done, number == UInt16(truncatingIfNeeded: expected - 1),
                lastAcknowledgements < Self.lastRepetitions
            {
                lastAcknowledgements += 1
                sendAcknowledgement()
            }
            return
        }
        guard payload.readableBytes <= terms.blockSize else {
            fail(TFTPError(.illegalOperation, "A block is larger than was agreed."))
            return
        }
        let distance = Int(number &- UInt16(truncatingIfNeeded: expected))
        switch distance {
        case 0: accept(payload, at: now)
        case 1..<max(1, terms.windowSize):
            // Of this window, and one before it is missing. Said once, else each of the others would say it again.
            guard !isMissingTold else { return }
            isMissingTold = true
            requestAcknowledgement(at: now)
        case 0xFFFF where inWindow == 0:
            // The last that was acknowledged: the ACK was lost, or this is an echo; the sender can tell. Within a
            // window it is nothing but a double.
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
            // From here on it is this side that is waited for.
            deadline = nil
        } else if inWindow >= terms.windowSize {
            requestAcknowledgement(at: now)
        } else if !isHolding {
            deadline = now + patience.wait(after: 0)
        }
    }

    /// Acknowledges, or does so when there is room for what that brings.
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
        if expected == 1, !terms.answer.isEmpty {
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
