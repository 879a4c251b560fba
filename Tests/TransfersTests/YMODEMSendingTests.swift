import TestSupport
import Testing
import Transfers

/// The sending side of YMODEM.
@Suite struct YMODEMSendingTests {
    /// Runs a transfer.
    ///
    /// - Parameter damage: alters packets on their way to the receiver.
    /// - Returns: what arrived, and whether the sender believes that it did.
    private func transfer(
        _ bytes: [UInt8], damage: (inout [UInt8]) -> Void = { _ in }
    ) -> (received: YMODEMReceiver.Outcome?, isDone: Bool) {
        var sending = YMODEMSending(bytes, name: "a b;c")
        var receiver = YMODEMReceiver()
        // The receiver asks repeatedly before the first block.
        var queue: [UInt8] = [0x43, 0x43]
        for _ in 0..<10_000 {
            let step = queue.isEmpty ? sending.timedOut() : sending.take(queue.removeFirst())
            switch step {
            case .wait: continue
            case .send(var packet):
                damage(&packet)
                for byte in packet { queue += receiver.take(byte) }
            case .done: return (receiver.outcome, true)
            case .failed(let last):
                for byte in last { queue += receiver.take(byte) }
                return (receiver.outcome, false)
            }
        }
        return (receiver.outcome, false)
    }

    @Test func checksum() {
        // The check value of CRC-16/XMODEM in CRC catalogues.
        #expect(YMODEMSending.checksum(Array("123456789".utf8)) == 0x31C3)
    }

    @Test func firstBlockNamesFileAndSize() {
        var sending = YMODEMSending([UInt8](repeating: 7, count: 1234), name: "fw/../x.bin")
        guard case .send(let packet) = sending.take(0x43) else {
            Issue.record("nothing was sent")
            return
        }
        #expect(packet.count == 133 && packet.prefix(3) == [1, 0, 0xFF])
        #expect(packet[3...].starts(with: Array("fw..x.bin\0".utf8) + Array("1234\0".utf8)))
    }

    @Test(arguments: [0, 1, 127, 128, 1023, 1024, 1025, 4096, 300_000])
    func everySizeArrives(_ size: Int) {
        var random = SplitMix64(state: UInt64(size))
        let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        let result = transfer(bytes)
        #expect(result.isDone && result.received == .done(bytes))
    }

    @Test(arguments: 1...40)
    func damagedBlocksAreSentAgain(_ seed: UInt64) {
        var random = SplitMix64(state: seed)
        let bytes = (0..<5_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let result = transfer(bytes) { packet in
            // Damage keeps the length: a real receiver repeats its request if bytes are missing, which this one does
            // not.
            guard packet.count > 1, Int.random(in: 0..<3, using: &random) == 0 else { return }
            packet[Int.random(in: 3..<packet.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        #expect(result.isDone && result.received == .done(bytes))
    }

    @Test func aReceiverThatGivesUpEndsIt() {
        var sending = YMODEMSending([1, 2, 3], name: "x")
        _ = sending.take(0x43)
        #expect(sending.take(0x18) == .wait)
        #expect(sending.take(0x18) == .failed([]))
    }

    @Test func silenceEndsItAfterALimit() {
        for start in [[], [0x43], [0x43, 0x06], [0x43, 0x06, 0x43]] as [[UInt8]] {
            var sending = YMODEMSending([1, 2, 3], name: "x")
            for byte in start { _ = sending.take(byte) }
            let steps = (0..<20).map { _ in sending.timedOut() }
            #expect(steps.contains(.failed([0x18, 0x18, 0x18])), "after \(start)")
        }
    }

    @Test("Words end it: without a word in return, and as a success once everything was sent")
    func words() {
        for (start, isDone) in [
            ([], false), ([0x43], false), ([0x43, 0x06], false), ([0x43, 0x06, 0x43], false),
            ([0x43, 0x06, 0x43, 0x06], true), ([0x43, 0x06, 0x43, 0x06, 0x06], true),
            ([0x43, 0x06, 0x43, 0x06, 0x06, 0x43], true),
        ] as [([UInt8], Bool)] {
            var sending = YMODEMSending([1, 2, 3], name: "x")
            for byte in start { _ = sending.take(byte) }
            #expect(sending.interrupted() == (isDone ? .done : .failed([])), "after \(start)")
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = SplitMix64(state: 9)
        for _ in 0..<2_000 {
            var sending = YMODEMSending(
                [UInt8](repeating: 1, count: Int.random(in: 0..<3_000, using: &random)), name: "x")
            for _ in 0..<40 {
                _ = sending.take([0x43, 0x06, 0x15, 0x18, 0x00, 0xFF].randomElement(using: &random) ?? 0)
                if Int.random(in: 0..<5, using: &random) == 0 { _ = sending.timedOut() }
            }
        }
    }
}
