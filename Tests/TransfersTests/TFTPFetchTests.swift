import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing
import Transfers

/// The client that reads, against this program's own server over real loopback sockets, and against made-up ones.
@Suite("TFTP client", .timeLimit(.minutes(2))) struct TFTPFetchTests {
    private static let local = IPv4Address(value: 0x7F00_0001)
    private static let patience = TFTPPatience(first: .milliseconds(200), longest: .milliseconds(400), repetitions: 3)

    private func fetch(
        _ name: String, port: Int, limit: Int, longest: Duration? = nil
    ) async throws -> TFTPFetch.Result {
        try await TFTPFetch.file(
            name, from: Self.local, port: port, at: Self.local, limit: limit, patience: Self.patience, longest: longest)
    }

    @Test(
        "Files arrive whole, with an empty last block if they need one",
        arguments: [0, 1, 511, 512, 513, 1 << 20, 512 * 65_536 + 3])
    func whole(_ count: Int) async throws {
        let catalog = TFTPCatalog()
        let bytes = SplitMix64.bytes(count, seed: 4)
        catalog.offer("file", bytes: bytes)
        let result = try await TFTPServerTests().serving(catalog) { try await fetch("file", port: $0, limit: count) }
        #expect(result == .bytes(bytes))
    }

    @Test("More than is wanted, a refusal, and silence are told apart")
    func failures() async throws {
        let catalog = TFTPCatalog()
        catalog.offer("file", bytes: SplitMix64.bytes(5_000, seed: 4))
        try await TFTPServerTests().serving(catalog) { port in
            #expect(try await fetch("file", port: port, limit: 4_999) == .tooLong)
            guard case .refused(let error) = try await fetch("other", port: port, limit: 10) else {
                Issue.record("it was not refused")
                return
            }
            #expect(error.code == .fileNotFound)
        }
        // A port at which nobody answers.
        let mute = try await Peer.start { _ in [] }
        #expect(try await fetch("file", port: mute.port, limit: 10) == .silent)
        // The request, and its repetitions.
        #expect(mute.received.allSatisfy { if case .read(let request) = $0 { request.options.isEmpty } else { false } })
        #expect(mute.received.count == 4)
        await mute.stop()
    }

    private static func data(_ number: UInt16, _ count: Int) -> TFTPPacket {
        .data(block: number, payload: ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: count))
    }

    @Test("Lost, doubled and hostile packets")
    func packets() async throws {
        let seen = Mutex(0)
        let peer = try await Peer.start { packet in
            let number = seen.withLock { count in
                count += 1
                return count
            }
            switch packet {
            // The first request is lost.
            case .read: return number == 1 ? [] : [Self.data(1, 512), Self.data(1, 512)]
            case .acknowledgement(1): return [Self.data(3, 7), Self.data(2, 512), Self.data(1, 512)]
            case .acknowledgement(2): return [Self.data(3, 7)]
            default: return []
            }
        }
        let expected = [UInt8](repeating: 1, count: 512) + [UInt8](repeating: 2, count: 512) + [3, 3, 3, 3, 3, 3, 3]
        #expect(try await fetch("file", port: peer.port, limit: 2_000) == .bytes(expected))
        await peer.stop()
        for bad in [
            TFTPPacket.optionAcknowledgement([]), .acknowledgement(block: 0), Self.data(1, 513),
            .error(TFTPError(.undefined, "x")),
        ] {
            let peer = try await Peer.start { packet in if case .read = packet { [bad] } else { [] } }
            guard case .refused = try await fetch("file", port: peer.port, limit: 2_000) else {
                Issue.record("\(bad) was taken")
                continue
            }
            await peer.stop()
        }
    }

    @Test("Nothing that it sends is a request to write")
    func readsOnly() async throws {
        let peer = try await Peer.start { packet in
            if case .read = packet {
                [.data(block: 1, payload: ByteBuffer(repeating: 1, count: 512))]
            } else {
                [.data(block: 2, payload: ByteBuffer())]
            }
        }
        _ = try await fetch("file", port: peer.port, limit: 2_000)
        for packet in peer.received {
            switch packet {
            case .read, .acknowledgement: break
            default: Issue.record("\(packet) was sent")
            }
        }
        await peer.stop()
    }

    @Test("A peer that repeats a block for ever is not answered, and given up", arguments: [0, 1, 2] as [UInt16])
    func repetition(_ number: UInt16) async throws {
        // Each packet that it gets makes it send twenty: who answers them never comes to an end.
        let peer = try await Peer.start { packet in
            switch packet {
            case .read where number > 0: [Self.data(1, 512), Self.data(1, 512)]
            case .acknowledgement(1) where number == 2: [Self.data(2, 512)] + Self.repeated(2)
            default: Self.repeated(number)
            }
        }
        #expect(try await fetch("file", port: peer.port, limit: 1 << 20) == .silent)
        // Requests and ACKs, with three repetitions of the last one.
        #expect(peer.received.count <= 3 + 4, "\(peer.received.count)")
        await peer.stop()
    }

    private static func repeated(_ number: UInt16) -> [TFTPPacket] { (0..<20).map { _ in data(number, 512) } }

    @Test("A peer that answers each packet, and never ends, is given up in time")
    func slow() async throws {
        let peer = try await Peer.start { packet in
            switch packet {
            case .read: [Self.data(1, 512)]
            case .acknowledgement(let block): [Self.data(block &+ 1, 512)]
            default: []
            }
        }
        let result = try await fetch("file", port: peer.port, limit: 1 << 40, longest: .milliseconds(200))
        #expect(result == .slow)
        await peer.stop()
        #expect(TFTPFetch.longest(0) > .seconds(11) && TFTPFetch.longest(512 << 10) < .seconds(60))
    }

    @Test("Packets from another address, and from another port than the first one's, are ignored")
    func intruders() async throws {
        let foreign = try await Peer.start(at: "127.0.0.2") { _ in [] }
        let other = try await Peer.start { _ in [] }
        let seen = Mutex<[String: Int]>([:])
        let peer = try await Peer.start { packet, client in
            let number = seen.withLock { seen in
                seen["\(packet)", default: 0] += 1
                return seen["\(packet)"]
            }
            // What comes first is the intruder's; the peer answers the repetition alone.
            switch (packet, number) {
            case (.read, 1):
                foreign.send(Self.data(1, 7), to: client)
                return []
            case (.read, _): return [Self.data(1, 512)]
            case (.acknowledgement(1), 1):
                other.send(Self.data(2, 9), to: client)
                foreign.send(Self.data(2, 9), to: client)
                return []
            case (.acknowledgement(1), _): return [Self.data(2, 5)]
            default: return []
            }
        }
        let expected = [UInt8](repeating: 1, count: 512) + [UInt8](repeating: 2, count: 5)
        #expect(try await fetch("file", port: peer.port, limit: 2_000) == .bytes(expected))
        for peer in [foreign, other, peer] { await peer.stop() }
    }

    @Test("The last block is acknowledged twice, as nothing repeats that later")
    func lastAcknowledgement() async throws {
        let peer = try await Peer.start { packet in if case .read = packet { [Self.data(1, 3)] } else { [] } }
        #expect(try await fetch("file", port: peer.port, limit: 10) == .bytes([1, 1, 1]))
        for _ in 0..<100 where peer.received.count < 3 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(peer.received.dropFirst() == [.acknowledgement(block: 1), .acknowledgement(block: 1)])
        await peer.stop()
    }

    /// A server that answers each packet as told, from the port that was asked.
    private final class Peer: Sendable {
        let port: Int
        private let channel: any Channel
        private let log: Log

        final class Log: Sendable {
            let packets = Mutex<[TFTPPacket]>([])
        }

        private init(_ channel: any Channel, _ log: Log) {
            self.channel = channel
            self.log = log
            port = channel.localAddress?.port ?? 0
        }

        var received: [TFTPPacket] { log.packets.withLock { $0 } }

        static func start(
            at address: String = "127.0.0.1", _ answer: @escaping @Sendable (TFTPPacket) -> [TFTPPacket]
        ) async throws -> Peer {
            try await start(at: address) { packet, _ in answer(packet) }
        }

        static func start(
            at address: String = "127.0.0.1",
            _ answer: @escaping @Sendable (TFTPPacket, _ client: SocketAddress) -> [TFTPPacket]
        ) async throws -> Peer {
            let log = Log()
            let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Handler(answer: answer, log: log))
                    }
                }
                .bind(host: address, port: 0).get()
            return Peer(channel, log)
        }

        func stop() async { try? await channel.close().get() }

        /// Sends a packet that nobody has asked for.
        func send(_ packet: TFTPPacket, to client: SocketAddress) {
            channel.writeAndFlush(AddressedEnvelope(remoteAddress: client, data: packet.datagram), promise: nil)
        }

        private final class Handler: ChannelInboundHandler, Sendable {
            typealias InboundIn = AddressedEnvelope<ByteBuffer>
            typealias OutboundOut = AddressedEnvelope<ByteBuffer>

            let answer: @Sendable (TFTPPacket, _ client: SocketAddress) -> [TFTPPacket]
            let log: Log

            init(answer: @escaping @Sendable (TFTPPacket, _ client: SocketAddress) -> [TFTPPacket], log: Log) {
                self.answer = answer
                self.log = log
            }

            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                let envelope = Self.unwrapInboundIn(data)
                guard let packet = try? TFTPPacket(decoding: envelope.data) else { return }
                log.packets.withLock { $0.append(packet) }
                for reply in answer(packet, envelope.remoteAddress) {
                    context.write(
                        Self.wrapOutboundOut(
                            AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: reply.datagram)),
                        promise: nil)
                }
                context.flush()
            }
        }
    }
}
