import BoardChannels
import FlashModel
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A line and another input, merged into one channel.
@Suite(.timeLimit(.minutes(1))) struct MergedChannelTests {
    /// A channel or an input that a test controls, with an inbox like a real one.
    private final class Source: BoardChannel, ChannelInput {
        let inbox = ByteInbox()
        let written = Mutex<[UInt8]>([])
        let bulk = Mutex<[Bool]>([])
        let traits = ChannelTraits(
            scheme: "serial", address: "made up", mayHaveTerminal: true, isReliable: false, isSlow: true)

        func read(timeout: Duration?) async throws -> ChannelRead { try await inbox.next(timeout: timeout) }
        func write(_ bytes: [UInt8], isSecret: Bool) async throws { written.withLock { $0 += bytes } }
        func markBulk(_ isBulk: Bool) { bulk.withLock { $0.append(isBulk) } }
    }

    private static func drain(_ channel: MergedChannel) async throws -> [UInt8] {
        var all: [UInt8] = []
        while case .bytes(let bytes) = try await channel.read(timeout: .milliseconds(200)) { all += bytes }
        return all
    }

    @Test func withoutAnotherItIsTheLine() async throws {
        let line = Source()
        let channel = MergedChannel(line)
        try await channel.write([1, 2])
        channel.markBulk(true)
        #expect(line.written.withLock { $0 } == [1, 2])
        #expect(line.bulk.withLock { $0 } == [true])
        _ = line.inbox.deliver([3])
        #expect(try await channel.read(timeout: nil) == .bytes([3]))
        #expect(try await channel.read(timeout: .milliseconds(10)) == .timedOut)
        line.inbox.finish()
        #expect(try await channel.read(timeout: nil) == .closed)
        #expect(channel.traits == line.traits)
    }

    /// Both deliver at the same time from separate threads; nothing is lost, and each keeps its order.
    @Test func nothingIsLostAndEachKeepsItsOrder() async throws {
        let line = Source()
        let other = Source()
        let channel = MergedChannel(line)
        channel.attach(other)
        let count = 3_000
        let deliverers = [(line, UInt8(0)), (other, UInt8(128))].map { source, mark in
            Task.detached {
                for number in 0..<count {
                    _ = source.inbox.deliver([mark | UInt8(number & 127)])
                    if number % 7 == 0 { try await Task.sleep(for: .microseconds(50)) }
                }
            }
        }
        var seen: [Bool: [UInt8]] = [true: [], false: []]
        while (seen[true] ?? []).count + (seen[false] ?? []).count < 2 * count {
            guard case .bytes(let bytes) = try await channel.read(timeout: .seconds(10)) else { break }
            for byte in bytes { seen[byte < 128, default: []].append(byte & 127) }
        }
        for deliverer in deliverers { try await deliverer.value }
        let expected = (0..<count).map { UInt8($0 & 127) }
        #expect(seen[true] == expected)
        #expect(seen[false] == expected)
    }

    @Test func whoeverSpeaksFirstIsHeardAtOnce() async throws {
        for speaks in [0, 1] {
            let sources = [Source(), Source()]
            let channel = MergedChannel(sources[0])
            channel.attach(sources[1])
            let speaker = Task {
                try await Task.sleep(for: .milliseconds(50))
                _ = sources[speaks].inbox.deliver([9])
            }
            let began = ContinuousClock.now
            #expect(try await channel.read(timeout: .seconds(20)) == .bytes([9]))
            #expect(ContinuousClock.now - began < .seconds(10))
            try await speaker.value
        }
    }

    @Test func silenceClosingAndCancelling() async throws {
        let line = Source()
        let other = Source()
        let channel = MergedChannel(line)
        channel.attach(other)
        #expect(try await channel.read(timeout: .milliseconds(30)) == .timedOut)
        // The end of the other input does not end the line.
        _ = other.inbox.deliver([5])
        other.inbox.finish()
        #expect(try await channel.read(timeout: .milliseconds(30)) == .bytes([5]))
        #expect(try await channel.read(timeout: .milliseconds(30)) == .timedOut)
        _ = line.inbox.deliver([6])
        #expect(try await channel.read(timeout: nil) == .bytes([6]))
        channel.attach(Source())
        let reader = Task { try await channel.read(timeout: nil) }
        try await Task.sleep(for: .milliseconds(30))
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
        line.inbox.finish()
        #expect(try await channel.read(timeout: .seconds(10)) == .closed)
        channel.attach(Source())
        line.inbox.finish(FlashkeepError(.boardLost, what: "lost", why: "test", next: "none"))
        #expect(try await channel.read(timeout: .seconds(10)) == .closed)
    }

    // MARK: Datagrams

    private static func send(_ datagrams: [[UInt8]], from sender: String, to port: Int) async throws {
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(to: SocketAddress(ipAddress: sender, port: 0)).get()
        let target = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        for datagram in datagrams {
            try await channel.writeAndFlush(
                AddressedEnvelope(remoteAddress: target, data: ByteBuffer(bytes: datagram))
            ).get()
        }
        try await channel.close().get()
    }

    @Test func datagramsOfOneSenderAloneAreHeard() async throws {
        let input = try await DatagramInput.open(host: "127.0.0.1", port: 0, from: "127.0.0.2")
        try await Self.send([[66, 66]], from: "127.0.0.3", to: input.port)
        try await Self.send([[1, 2], [], [3]], from: "127.0.0.2", to: input.port)
        let channel = MergedChannel(Source())
        channel.attach(input)
        #expect(try await Self.drain(channel) == [1, 2, 3])
        await input.close()
        #expect(try await input.read(timeout: .seconds(5)) == .closed)
    }

    @Test func aFloodIsBounded() async throws {
        let input = try await DatagramInput.open(host: "127.0.0.1", port: 0, from: "127.0.0.1")
        let datagram = [UInt8](repeating: 7, count: 1_400)
        for _ in 0..<4 {
            try await Self.send([[UInt8]](repeating: datagram, count: 500), from: "127.0.0.1", to: input.port)
        }
        try await Task.sleep(for: .milliseconds(200))
        guard case .bytes(let bytes) = try await input.read(timeout: .seconds(5)) else {
            Issue.record("nothing came")
            return
        }
        #expect(bytes.count <= ByteInbox.highWater + datagram.count)
        // Afterwards it receives again.
        try await Self.send([[8]], from: "127.0.0.1", to: input.port)
        #expect(try await input.read(timeout: .seconds(5)) == .bytes([8]))
        await input.close()
    }

    @Test func aPortThatIsTaken() async throws {
        let first = try await DatagramInput.open(host: "127.0.0.1", port: 0, from: "127.0.0.2")
        do {
            _ = try await DatagramInput.open(host: "127.0.0.1", port: first.port, from: "127.0.0.2")
            Issue.record("two had one port")
        } catch {
            #expect(error.code == .portUnavailable)
        }
        await first.close()
        await #expect(throws: FlashkeepError.self) {
            _ = try await DatagramInput.open(host: "nonsense", port: 0, from: "127.0.0.2")
        }
    }
}
