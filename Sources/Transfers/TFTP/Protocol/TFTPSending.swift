package import NIOCore

/// The sending side of a transfer: the server, when a client reads. Pure: packets, bytes and times go in; datagrams,
/// requests and an outcome come out.
///
/// RFC 1350 with windows (RFC 7440). It avoids the Sorcerer's Apprentice Syndrome (RFC 1123 section 4.2.3.1): without
/// windows a duplicate ACK is ignored. With windows it may mean that the first block of the window was lost, so the
/// window is sent again, but only once, and the duplicate ACK that this may cause is ignored once in the next window.
package struct TFTPSending: Sendable {
    private let terms: TFTPTerms
    private let patience: TFTPPatience
    private let size: Int?
    private var queue: TFTPBlockQueue
    private var outbox: [ByteBuffer] = []

    /// Whether the client still has to accept the options, with an ACK of block 0.
    private var isOffering = false
    private var isStarted = false
    /// The first unacknowledged block.
    private var base = 1
    /// The next block to send.
    private var next = 1
    /// The highest block ever sent.
    private var highest = 0
    private var repetitions = 0
    /// Whether this window was sent again because of an ACK.
    private var isRepeated = false
    /// Whether this window was sent again for any reason.
    private var wasSentAgain = false
    /// Whether another ACK of the block before this window may be an echo of an earlier repetition.
    private var mayBeEcho = false
    /// ``acknowledgedBytes`` at the end, when the bytes are dropped.
    private var bytesAtEnd: Int?

    /// When ``tick(at:)`` is due; nil if nothing is awaited.
    package private(set) var deadline: Duration?
    /// How the transfer ended; nil while it continues.
    package private(set) var outcome: TFTPOutcome?

    /// - Parameters:
    ///   - size: the total number of bytes, if it was announced to the client.
    package init(terms: TFTPTerms, patience: TFTPPatience = TFTPPatience(), size: Int? = nil) {
        self.terms = terms
        self.patience = patience.agreed(terms)
        self.size = size
        queue = TFTPBlockQueue(blockSize: terms.blockSize)
    }

    /// The number of bytes to supply next: 0 if enough are available. Pieces of another size are accepted too.
    package var wantedBytes: Int {
        guard outcome == nil, queue.lastBlock == nil else { return 0 }
        let ahead = max(2 * terms.windowSize, min(1_024, max(1, (512 << 10) / terms.blockSize)))
        let missing = ahead - (queue.end - next)
        return missing * 2 > ahead ? missing * terms.blockSize : 0
    }

    /// The number of bytes that the peer has acknowledged.
    package var acknowledgedBytes: Int { bytesAtEnd ?? min(max(0, base - 1) * terms.blockSize, queue.total) }

    /// Removes and returns the datagrams to send, in order.
    package mutating func takeDatagrams() -> [ByteBuffer] {
        defer { outbox.removeAll(keepingCapacity: true) }
        return outbox
    }

    /// Starts the transfer: with the answer to the options, otherwise with the first block.
    package mutating func start(at now: Duration) {
        guard !isStarted else { return }
        isStarted = true
        if terms.answer.isEmpty {
            pump(at: now)
        } else {
            isOffering = true
            sendOffer(at: now)
        }
    }

    /// Supplies the next bytes of the file.
    ///
    /// - Parameter bytes: empty at the end of the file.
    package mutating func supply(_ bytes: [UInt8], at now: Duration) {
        guard outcome == nil else { return }
        queue.append(bytes)
        if bytes.isEmpty {
            if let size, size != queue.total {
                fail(TFTPError(.undefined, "The file changed while it was being read."))
                return
            }
            queue.finish()
        }
        if isStarted, !isOffering { pump(at: now) }
    }

    /// Ends the transfer and informs the peer.
    package mutating func fail(_ error: TFTPError) {
        guard outcome == nil else { return }
        outbox.append(TFTPPacket.error(error).datagram)
        end(.failed(error))
    }

    /// Handles a packet from the peer.
    package mutating func take(_ packet: TFTPPacket, at now: Duration) {
        guard outcome == nil, isStarted else { return }
        switch packet {
        case .acknowledgement(let block): acknowledged(block, at: now)
        case .error(let error): end(.refused(error))
        // A request that the network duplicated.
        case .read, .write: break
        case .data, .optionAcknowledgement:
            fail(TFTPError(.illegalOperation, "Only acknowledgements are expected here."))
        }
    }

    /// Performs the action that is due.
    package mutating func tick(at now: Duration) {
        guard outcome == nil, let deadline, now >= deadline else { return }
        repetitions += 1
        guard repetitions <= patience.repetitions else {
            end(.silent)
            return
        }
        if isOffering {
            sendOffer(at: now)
        } else {
            sendAgain(at: now)
        }
    }

    private mutating func acknowledged(_ number: UInt16, at now: Duration) {
        // The distance from the last acknowledged block, modulo the range of block numbers.
        let distance = Int(number &- UInt16(truncatingIfNeeded: base - 1))
        if isOffering {
            guard distance == 0 else { return }
            isOffering = false
            repetitions = 0
            pump(at: now)
            return
        }
        let block = base - 1 + distance
        guard block <= highest else { return }
        if distance == 0 {
            repeated(at: now)
            return
        }
        base = block + 1
        next = base
        repetitions = 0
        mayBeEcho = wasSentAgain
        wasSentAgain = false
        isRepeated = false
        queue.drop(before: base)
        if block == queue.lastBlock {
            end(.done)
        } else {
            pump(at: now)
        }
    }

    /// Handles another ACK of the block before the window.
    private mutating func repeated(at now: Duration) {
        guard terms.windowSize > 1, next > base else { return }
        if mayBeEcho {
            mayBeEcho = false
        } else if !isRepeated {
            isRepeated = true
            sendAgain(at: now)
        }
    }

    private mutating func sendAgain(at now: Duration) {
        wasSentAgain = true
        next = base
        pump(at: now)
    }

    /// Sends the available blocks of the window.
    private mutating func pump(at now: Duration) {
        while next - base < terms.windowSize, let packet = queue.packet(next) {
            outbox.append(packet)
            next += 1
        }
        highest = max(highest, next - 1)
        deadline = next > base ? now + patience.wait(after: repetitions) : nil
    }

    private mutating func sendOffer(at now: Duration) {
        outbox.append(TFTPPacket.optionAcknowledgement(terms.answer).datagram)
        deadline = now + patience.wait(after: repetitions)
    }

    private mutating func end(_ outcome: TFTPOutcome) {
        self.outcome = outcome
        deadline = nil
        bytesAtEnd = acknowledgedBytes
        queue = TFTPBlockQueue(blockSize: terms.blockSize)
    }
}
