import BoardChannels
import BoardConsoles
import FlashAccess
import Synchronization
import TestSupport
import Testing
import Transfers

/// YMODEM over a console whose board does not stay a receiver.
@Suite("YMODEM on a console")
struct YMODEMConversationTests {
    /// A receiver that says other things after the packet of some number, with its own clock.
    private final class Receiver: BoardChannel {
        private struct State {
            var receiver = YMODEMReceiver()
            var output: [UInt8] = [YMODEMSending.request]
            var packets: [[UInt8]] = []
            var time = Duration.zero
            var hasLeft = false
        }

        let traits = ChannelTraits(
            scheme: "serial", address: "a scripted line", mayHaveTerminal: true, isReliable: false, isSlow: true)
        private let state = Mutex(State())
        private let leavesAt: Int
        private let words: [UInt8]
        private let stays: Bool

        /// - Parameters:
        ///   - leavesAt: the number of the packet, from 1, after which the words come.
        ///   - stays: whether it goes on receiving.
        init(leavesAt: Int, words: String, stays: Bool = false) {
            self.leavesAt = leavesAt
            self.words = Array(words.utf8)
            self.stays = stays
        }

        var packets: [[UInt8]] { state.withLock { $0.packets } }
        var outcome: YMODEMReceiver.Outcome? { state.withLock { $0.receiver.outcome } }
        var time: Duration { state.withLock { $0.time } }

        func read(timeout: Duration?) async throws -> ChannelRead {
            state.withLock { state in
                guard !state.output.isEmpty else {
                    state.time += timeout ?? .seconds(3_600)
                    return .timedOut
                }
                // One at a time, as at a low rate.
                state.time += .milliseconds(1)
                return .bytes([state.output.removeFirst()])
            }
        }

        func write(_ bytes: [UInt8], isSecret: Bool) async throws {
            state.withLock { state in
                state.packets.append(bytes)
                guard !state.hasLeft else { return }
                for byte in bytes { state.output += state.receiver.take(byte) }
                guard state.packets.count == leavesAt else { return }
                state.hasLeft = !stays
                // A receiver that has left answers nothing more; only the name had its answer.
                if state.hasLeft { state.output = leavesAt == 1 ? Array(state.output.prefix(1)) : [] }
                state.output += words
            }
        }
    }

    private static let file = [UInt8](repeating: 0x0D, count: 3_000)

    private static func send(on receiver: Receiver) async throws -> (failure: String?, rest: String) {
        let console = Console(receiver)
        let failure = try await YMODEMConversation.send(
            YMODEMSending(file, name: "flashkeep"), on: console, silence: .seconds(5))
        return (failure, String(decoding: try await console.collect(quiet: .seconds(1)), as: UTF8.self))
    }

    @Test(
        "After text, no packet is sent, and the text remains to be read",
        arguments: ["\r\nRedBoot(tm) bootstrap\r\nRedBoot> ", "Can't load '<null>': Cancelled\r\nRedBoot> "], 1...4)
    func text(words: String, packet: Int) async throws {
        let receiver = Receiver(leavesAt: packet, words: words)
        let result = try await Self.send(on: receiver)
        #expect(result.failure?.contains("text") == true)
        #expect(receiver.packets.count == packet)
        #expect(result.rest.hasSuffix(words))
    }

    @Test("A few characters are noise", arguments: 1...6)
    func noise(packet: Int) async throws {
        let receiver = Receiver(leavesAt: packet, words: "C~\r8\u{7F}@\n-x", stays: true)
        let result = try await Self.send(on: receiver)
        #expect(result.failure == nil && receiver.outcome == .done(Self.file))
    }

    @Test("Text after the file is the board's report")
    func report() async throws {
        let words = "xyzModem - CRC mode, 2(SOH)/3(STX)/0(CAN) packets, 3 retries\r\n"
        // Packets: the name, three blocks, the end, and the empty name.
        for packet in 5...6 {
            let receiver = Receiver(leavesAt: packet, words: words)
            let result = try await Self.send(on: receiver)
            #expect(result.failure == nil && result.rest.hasSuffix(words))
            #expect(receiver.packets.count == packet)
        }
    }
}
