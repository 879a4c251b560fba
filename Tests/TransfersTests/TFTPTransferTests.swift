import NIOCore
import TestSupport
import Testing
import Transfers

/// Both sides of a transfer over a wire that loses, duplicates and delays, in simulated time.
@Suite struct TFTPTransferTests {
    struct Wire: Sendable, CustomTestStringConvertible {
        var name: String
        /// Per 1000 datagrams.
        var lost = 0
        var doubled = 0
        var delayed = 0

        var testDescription: String { name }

        static let clean = Wire(name: "clean")
        static let lossy = Wire(name: "lossy", lost: 60)
        static let doubling = Wire(name: "doubling", doubled: 100)
        static let always = Wire(name: "always doubling", doubled: 1_000)
        static let reordering = Wire(name: "reordering", delayed: 100)
        static let awful = Wire(name: "awful", lost: 50, doubled: 50, delayed: 50)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var block: Int
        var window: Int
        var size: Int
        var wire: Wire

        var testDescription: String { "\(size) bytes, blksize \(block), windowsize \(window), \(wire.name)" }
    }

    struct Tally {
        var received: [UInt8] = []
        var dataDatagrams = 0
        var time: Duration = .zero
        var sent: TFTPOutcome?
        var got: TFTPOutcome?
    }

    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 11) }
    }

    /// Both sides of a transfer, and the datagrams in transit between them.
    private struct Simulation {
        private struct Flying {
            var at: Duration
            var order: Int
            var isForReceiver: Bool
            var bytes: ByteBuffer
        }

        private let wire: Wire
        private let content: [UInt8]
        private var random: SplitMix64
        private var sending: TFTPSending
        private var receiving: TFTPReceiving
        private var tally = Tally()
        private var flying: [Flying] = []
        private var now: Duration = .zero
        private var order = 0
        private var read = 0
        /// The receiver is a client here, whose request started the sender.
        private var isReceiverStarted = false

        init(_ test: Case, _ content: [UInt8], seed: UInt64, answer: Bool) {
            wire = test.wire
            self.content = content
            random = SplitMix64(state: seed)
            let options = answer ? [TFTPOption("blksize", "\(test.block)")] : []
            let terms = TFTPTerms(blockSize: test.block, windowSize: test.window, answer: options)
            let plain = TFTPTerms(blockSize: test.block, windowSize: test.window)
            let patience = TFTPPatience(first: .seconds(1), longest: .seconds(4), repetitions: 40)
            sending = TFTPSending(terms: terms, patience: patience, size: content.count)
            receiving = TFTPReceiving(terms: plain, patience: patience)
        }

        private mutating func pick(_ chance: Int) -> Bool {
            chance > 0 && Int.random(in: 0..<1_000, using: &random) < chance
        }

        private mutating func post(_ datagrams: [ByteBuffer], forReceiver: Bool) {
            for datagram in datagrams {
                if forReceiver { tally.dataDatagrams += 1 }
                if pick(wire.lost) { continue }
                for _ in 0..<(pick(wire.doubled) ? 2 : 1) {
                    let delay = pick(wire.delayed) ? Int.random(in: 1...1_500, using: &random) : 1
                    order += 1
                    flying.append(
                        Flying(
                            at: now + .milliseconds(delay), order: order, isForReceiver: forReceiver, bytes: datagram))
                }
            }
        }

        private mutating func settle() {
            while sending.wantedBytes > 0 {
                // Occasionally fewer than requested.
                let wanted = pick(200) ? max(1, sending.wantedBytes / 3) : sending.wantedBytes
                let piece = content[read..<min(content.count, read + wanted)]
                read += piece.count
                sending.supply(Array(piece), at: now)
            }
            while let piece = receiving.takeBytes() {
                tally.received += piece
                receiving.stored(at: now)
            }
            if receiving.takeCommit() { receiving.committed(at: now) }
            let (data, answers) = (sending.takeDatagrams(), receiving.takeDatagrams())
            post(data, forReceiver: true)
            post(answers, forReceiver: false)
        }

        private mutating func arrive(_ packet: TFTPPacket, isForReceiver: Bool) {
            guard isForReceiver else { return sending.take(packet, at: now) }
            if !isReceiverStarted {
                isReceiverStarted = true
                receiving.start(at: now)
                // A client sends nothing before the first packet, which is answered below.
                _ = receiving.takeDatagrams()
            }
            if case .optionAcknowledgement = packet {
                // A client acknowledges the offer every time.
                post([TFTPPacket.acknowledgement(block: 0).datagram], forReceiver: false)
            } else {
                receiving.take(packet, at: now)
            }
        }

        mutating func run() -> Tally {
            sending.start(at: now)
            settle()
            while sending.outcome == nil || !receiving.isOver {
                let next = flying.indices.min { (flying[$0].at, flying[$0].order) < (flying[$1].at, flying[$1].order) }
                let deadlines = [sending.deadline, receiving.deadline].compactMap { $0 }
                let due = (deadlines + (next.map { [flying[$0].at] } ?? [])).min()
                guard let due, due < .seconds(20_000) else { break }
                now = max(now, due)
                if let next, flying[next].at <= now {
                    let packet = flying.remove(at: next)
                    guard let decoded = try? TFTPPacket(decoding: packet.bytes) else { continue }
                    arrive(decoded, isForReceiver: packet.isForReceiver)
                } else {
                    sending.tick(at: now)
                    receiving.tick(at: now)
                }
                settle()
            }
            tally.time = now
            tally.sent = sending.outcome
            tally.got = receiving.outcome
            return tally
        }
    }

    private static func run(_ test: Case, _ content: [UInt8], seed: UInt64, answer: Bool) -> Tally {
        var simulation = Simulation(test, content, seed: seed, answer: answer)
        return simulation.run()
    }

    static let cases: [Case] = [8, 512, 1_468, 65_464].flatMap { block in
        [1, 2, 7, 64].flatMap { window in
            [.clean, .lossy, .doubling, .reordering, .awful].flatMap { (wire: Wire) in
                let blocks = block > 2_000 ? [0, 1, 3] : [0, 1, window, 130]
                return blocks.flatMap { count in
                    [-1, 0, 1].compactMap { more in
                        let size = count * block + more
                        return size < 0 ? nil : Case(block: block, window: window, size: size, wire: wire)
                    }
                }
            }
        }
    }

    @Test func everythingArrivesWhateverTheWireDoes() {
        let content = Self.bytes(65_464 * 3 + 1)
        for (number, test) in Self.cases.enumerated() {
            let bytes = Array(content.prefix(test.size))
            let tally = Self.run(test, bytes, seed: UInt64(number), answer: number % 2 == 0)
            #expect(tally.got == .done, "\(test.testDescription)")
            #expect(tally.received == bytes, "\(test.testDescription)")
            // The last acknowledgements may all be lost; then the sender does not know.
            #expect(tally.sent == .done || test.wire.lost > 0, "\(test.testDescription)")
            if test.wire.name == "clean" {
                #expect(tally.dataDatagrams == test.size / test.block + 1 + (number % 2 == 0 ? 1 : 0))
            }
        }
    }

    @Test(arguments: [1, 2, 16, 64])
    func theSorcerersApprenticeIsNotAtWork(window: Int) {
        let test = Case(block: 16, window: window, size: 16 * 2_000, wire: .always)
        let tally = Self.run(test, Self.bytes(test.size), seed: 7, answer: true)
        #expect(tally.got == .done && tally.sent == .done)
        // Every datagram arrives twice. Without a window this causes no transmissions.
        #expect(tally.dataDatagrams <= (window == 1 ? 2_010 : 2_001 * 2 + window), "\(tally.dataDatagrams)")
    }

    @Test(arguments: [1, 64])
    func blockNumbersGoAround(window: Int) {
        let size = 8 * (65_536 + 70)
        for wire in [Wire.clean, Wire(name: "a little lossy", lost: 1, doubled: 1)] {
            let content = Self.bytes(size)
            let tally = Self.run(
                Case(block: 8, window: window, size: size, wire: wire), content, seed: 3, answer: true)
            #expect(tally.got == .done)
            #expect(tally.received == content)
        }
    }

    @Test func aLostFirstBlockOfAWindowCostsNoTimeout() {
        var sending = TFTPSending(terms: TFTPTerms(blockSize: 8, windowSize: 4))
        sending.supply(Self.bytes(64), at: .zero)
        sending.supply([], at: .zero)
        sending.start(at: .zero)
        #expect(sending.takeDatagrams().count == 4)
        sending.take(.acknowledgement(block: 0), at: .milliseconds(1))
        #expect(sending.takeDatagrams().count == 4)
        // Only once.
        sending.take(.acknowledgement(block: 0), at: .milliseconds(2))
        #expect(sending.takeDatagrams().isEmpty)
        // Continues after what was acknowledged (RFC 7440 section 4).
        sending.take(.acknowledgement(block: 2), at: .milliseconds(3))
        let blocks: [UInt16] = sending.takeDatagrams().map { datagram in
            if case .data(let block, _)? = try? TFTPPacket(decoding: datagram) { block } else { 0 }
        }
        #expect(blocks == [3, 4, 5, 6])
        // An acknowledgement of blocks that were never sent.
        sending.take(.acknowledgement(block: 60), at: .milliseconds(4))
        #expect(sending.takeDatagrams().isEmpty)
        #expect(sending.outcome == nil)
    }

    @Test func silenceEndsATransferAfterALimit() {
        let patience = TFTPPatience(first: .seconds(1), longest: .seconds(8), repetitions: 5)
        var sending = TFTPSending(terms: TFTPTerms(), patience: patience)
        sending.supply([1, 2, 3], at: .zero)
        sending.supply([], at: .zero)
        sending.start(at: .zero)
        var waits: [Duration] = []
        var now: Duration = .zero
        while let deadline = sending.deadline {
            waits.append(deadline - now)
            now = deadline
            sending.tick(at: now)
        }
        #expect(waits == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(8), .seconds(8)])
        #expect(sending.outcome == .silent)
        var receiving = TFTPReceiving(terms: TFTPTerms(), patience: patience)
        receiving.start(at: .zero)
        while let deadline = receiving.deadline { receiving.tick(at: deadline) }
        #expect(receiving.outcome == .silent && receiving.isOver)
    }

    @Test func whatDoesNotBelongEndsATransfer() {
        var sending = TFTPSending(terms: TFTPTerms())
        sending.start(at: .zero)
        sending.take(.data(block: 1, payload: ByteBuffer()), at: .zero)
        guard case .failed(let error) = sending.outcome else {
            Issue.record("\(sending)")
            return
        }
        #expect(error.code == .illegalOperation)

        var receiving = TFTPReceiving(terms: TFTPTerms(blockSize: 8))
        receiving.start(at: .zero)
        receiving.take(.data(block: 1, payload: ByteBuffer(repeating: 1, count: 9)), at: .zero)
        guard case .failed(let error) = receiving.outcome else {
            Issue.record("\(receiving)")
            return
        }
        #expect(error.code == .illegalOperation)

        var refused = TFTPSending(terms: TFTPTerms(answer: [.init("blksize", "9")]))
        refused.start(at: .zero)
        refused.take(.error(TFTPError(.optionRefused, "no")), at: .zero)
        #expect(refused.outcome == .refused(TFTPError(.optionRefused, "no")))
    }

    @Test func aFileThatShrankIsNotPassedOffAsWhole() {
        var sending = TFTPSending(terms: TFTPTerms(), size: 1_000)
        sending.start(at: .zero)
        sending.supply(Self.bytes(600), at: .zero)
        sending.supply([], at: .zero)
        guard case .failed = sending.outcome else {
            Issue.record("\(sending)")
            return
        }
    }

    @Test func aSlowDiskHoldsTheSenderBack() {
        var receiving = TFTPReceiving(terms: TFTPTerms(blockSize: 65_464))
        receiving.start(at: .zero)
        _ = receiving.takeDatagrams()
        var block: UInt16 = 0
        var isBusy = false
        repeat {
            block += 1
            receiving.take(.data(block: block, payload: ByteBuffer(repeating: 1, count: 65_464)), at: .zero)
            if !isBusy { isBusy = receiving.takeBytes() != nil }
        } while !receiving.takeDatagrams().isEmpty && block < 100
        #expect(block < 100)
        #expect(receiving.deadline == nil)
        receiving.stored(at: .seconds(100))
        // Much is still waiting, but there is room again.
        let (answers, more) = (receiving.takeDatagrams(), receiving.takeBytes())
        #expect(answers.count == 1 || more != nil)
    }

    @Test func theLastAcknowledgementWaitsForTheDiskAndIsRepeated() {
        var receiving = TFTPReceiving(terms: TFTPTerms())
        receiving.start(at: .zero)
        _ = receiving.takeDatagrams()
        let last = TFTPPacket.data(block: 1, payload: ByteBuffer(bytes: [1, 2]))
        receiving.take(last, at: .zero)
        receiving.take(last, at: .zero)
        #expect(receiving.takeDatagrams().isEmpty)
        let early = receiving.takeCommit()
        #expect(receiving.takeBytes() == [1, 2])
        receiving.stored(at: .zero)
        let commits = [early, receiving.takeCommit(), receiving.takeCommit()]
        #expect(commits == [false, true, false])
        receiving.committed(at: .zero)
        #expect(receiving.takeDatagrams() == [TFTPPacket.acknowledgement(block: 1).datagram])
        receiving.take(last, at: .seconds(1))
        #expect(receiving.takeDatagrams() == [TFTPPacket.acknowledgement(block: 1).datagram])
        receiving.tick(at: .seconds(60))
        #expect(receiving.isOver && receiving.outcome == .done)
    }

    /// Any packets in any order: no trap, no endless answers.
    @Test func randomPacketsNeverTrap() {
        var random = SplitMix64(state: 9)
        var (mostSent, mostAnswers) = (0, 0)
        for _ in 0..<2_000 {
            let terms = TFTPTerms(
                blockSize: 8, windowSize: [1, 3, 64, 32_767].randomElement(using: &random) ?? 1,
                answer: Bool.random(using: &random) ? [.init("blksize", "8")] : [])
            var sending = TFTPSending(terms: terms)
            var receiving = TFTPReceiving(terms: terms)
            sending.supply(Self.bytes(Int.random(in: 0...400, using: &random)), at: .zero)
            sending.start(at: .zero)
            receiving.start(at: .zero)
            for step in 0..<60 {
                let now = Duration.milliseconds(step * 100)
                let block = UInt16.random(in: 0...(Bool.random(using: &random) ? 8 : .max), using: &random)
                if Bool.random(using: &random) {
                    sending.take(.acknowledgement(block: block), at: now)
                    receiving.take(.data(block: block, payload: ByteBuffer(repeating: 1, count: 8)), at: now)
                }
                sending.tick(at: now)
                receiving.tick(at: now)
                if step == 30 { sending.supply([], at: now) }
                let (sent, answers) = (sending.takeDatagrams(), receiving.takeDatagrams())
                mostSent = max(mostSent, sent.count)
                mostAnswers = max(mostAnswers, answers.count)
                if receiving.takeBytes() != nil { receiving.stored(at: now) }
            }
        }
        // No window exceeds the number of blocks, and each packet has at most one answer.
        #expect(mostSent <= 100 && mostAnswers <= 2)
    }
}
