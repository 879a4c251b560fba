package import NIOCore

/// The side of a transfer that sends the bytes: the server, when a client reads. Pure: packets, bytes and times go in;
/// datagrams, wishes and an outcome come out.
///
/// RFC 1350 with windows (RFC 7440). The Sorcerer's Apprentice (RFC 1123 section 4.2.3.1) is kept out so: without a
/// window an ACK that was there before is ignored. With one it may mean that the first block of the window was lost, so
/// the window is sent again, but only once, and what that may bring forth is ignored once in the next window.
package struct TFTPSending: Sendable {
    private let terms: TFTPTerms
    private let patience: TFTPPatience
    private let size: Int?
    private var queue: TFTPBlockQueue
    private var outbox: [ByteBuffer] = []

    /// Whether the client has yet to accept the options, with an ACK of block 0.
    private var isOffering = false
    private var isStarted = false
    /// The first block that is not acknowledged.
    private var base = 1
    /// The block that is sent next.
    private var next = 1
    /// The highest block that was ever sent.
    private var highest = 0
    private var repetitions = 0
    /// Whether this window was sent again because of an ACK.
    private var isRepeated = false
    /// Whether it was sent again for whatever reason.
    private var wasSentAgain = false
    /// Whether another ACK of the block before this window may be an echo of an earlier repetition.
    private var mayBeEcho = false
    /// ``acknowledgedBytes``, once it is over and the bytes are forgotten.
    private var bytesAtEnd: Int?

    /// When ``tick(at:)`` is due; nil where nothing is awaited.
    package private(set) var deadline: Duration?
    /// How it ended; nil while it goes on.
    package private(set) var outcome: TFTPOutcome?

    /// - Parameters:
    ///   - size: how many bytes there will be, where that was told to the client.
    package init(terms: TFTPTerms, patience: TFTPPatience = TFTPPatience(), size: Int? = nil) {
        self.terms = terms
        self.patience = patience.agreed(terms)
        self.size = size
        queue = TFTPBlockQueue(blockSize: terms.blockSize)
    }

    /// Bytes that would be welcome: 0 where enough are here. What comes in pieces of another size is welcome too.
    package var wantedBytes: Int {
        guard outcome == nil, queue.lastBlock == nil else { return 0 }
        let ahead = max(2 * terms.windowSize, min(1_024, max(1, (512 << 10) / terms.blockSize)))
        let missing = ahead - (queue.end - next)
        return missing * 2 > ahead ? missing * terms.blockSize : 0
    }

    /// Bytes that the other side has for certain.
    package var acknowledgedBytes: Int { bytesAtEnd ?? min(max(0, base - 1) * terms.blockSize, queue.total) }

    /// Datagrams to be sent, in order; they are taken away.
    package mutating func takeDatagrams() -> [ByteBuffer] {
        defer { outbox.removeAll(keepingCapacity: true) }
        return outbox
    }

    /// Begins: with the answer to the options, or else with the first block.
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

    /// Puts in what comes next of the file.
    ///
    /// - Parameter bytes: none at the end of the file.
    package mutating func supply(_ bytes: [UInt8], at now: Duration) {
        guard outcome == nil else { return }
        queue.append(bytes)
        if bytes.isEmpty {
            if let size, size != queue.total {
                fail(TFTPError(.undefined, "The file changed while it was read."))
                return
            }
            queue.finish()
        }
        if isStarted, !isOffering { pump(at: now) }
    }

    /// Ends the transfer and tells the other side.
    package mutating func fail(_ error: TFTPError) {
        guard outcome == nil else { return }
        outbox.append(TFTPPacket.error(error).datagram)
        end(.failed(error))
    }

    /// Takes what the other side sent.
    package mutating func take(_ packet: TFTPPacket, at now: Duration) {
        guard outcome == nil, isStarted else { return }
        switch packet {
        case .acknowledgement(let block): acknowledged(block, at: now)
        case .error(let error): end(.refused(error))
        // A request that the network doubled.
        case .read, .write: break
        case .data, .optionAcknowledgement:
            fail(TFTPError(.illegalOperation, "Only acknowledgements are expected here."))
        }
    }

    /// Does what is due.
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
        // How far it is from the last block that is known to be there, in the circle of block numbers.
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

    /// The block before the window was acknowledged once more.
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

    /// Sends what there is of the window.
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
