import FlashModel
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transfers

/// The server within the process, as operations use it: named contents, sinks, and events.
@Suite(.timeLimit(.minutes(2))) struct TFTPCatalogTests {
    private static let configuration = TFTPServer.Configuration(
        addresses: ["127.0.0.1"], port: 0,
        patience: TFTPPatience(first: .milliseconds(300), longest: .milliseconds(600), repetitions: 4),
        requestsPerSecond: 1_000)

    private static func bytes(_ count: Int) -> [UInt8] { SplitMix64.bytes(count, seed: 11) }

    private static func kinds(_ server: TFTPServer, until isLast: (TFTPEvent) -> Bool) async -> [TFTPEvent] {
        var events: [TFTPEvent] = []
        for await event in server.events {
            events.append(event)
            if isLast(event) { break }
        }
        return events
    }

    private static func isEnd(_ event: TFTPEvent) -> Bool {
        switch event.kind {
        case .done, .refused, .broken: true
        case .began, .advanced: false
        }
    }

    /// A source that returns at most 1000 bytes at a time, whatever is requested.
    private static func stream(_ bytes: [UInt8]) -> TFTPStreamSource {
        let left = Mutex(bytes[...])
        return TFTPStreamSource { count in
            left.withLock { left in
                defer { left = left.dropFirst(1_000) }
                return Array(left.prefix(1_000))
            }
        }
    }

    @Test func offersAreReadAndExpectationsWritten() async throws {
        let catalog = TFTPCatalog()
        let image = Self.bytes(70_001)
        let folder = try ScratchFolder("tftp-offer")
        try folder.write(image, "image")
        catalog.offer("memory", bytes: image)
        catalog.offer("file", file: folder.path.appending("image"))
        catalog.offer("none", file: folder.path.appending("none"))
        catalog.offer("stream") { client in
            #expect(client == "127.0.0.1")
            return Self.stream(image)
        }
        let known = TFTPMemorySink(limit: 100_000)
        catalog.expect("known", size: image.count) { _, _ in known }
        let pieces = Mutex<[UInt8]>([])
        let commits = Mutex(0)
        catalog.expect("unknown", limit: 100_000) { announced, _ in
            #expect(announced == nil)
            return TFTPStreamSink(commit: { commits.withLock { $0 += 1 } }) { bytes in
                pieces.withLock { $0 += bytes }
            }
        }
        try await withTFTPServer(catalog, Self.configuration) { server in
            #expect(server.addresses == ["127.0.0.1"])
            for name in ["memory", "file", "stream"] {
                let client = try await TFTPTestClient(server.port)
                #expect(try await client.get(name) == .success(image), "\(name)")
                let events = await Self.kinds(server, until: Self.isEnd)
                #expect(events.first?.kind == .began(size: name == "stream" ? nil : image.count))
                #expect(events.allSatisfy { $0.name == name && $0.direction == .read })
                guard case .done(bytes: image.count, _) = events.last?.kind else {
                    Issue.record("\(events)")
                    return
                }
            }
            for name in ["none", "known", "elsewhere"] {
                let client = try await TFTPTestClient(server.port)
                guard case .failure(let error) = try await client.get(name) else {
                    Issue.record("\(name) was served")
                    return
                }
                #expect(error.code == .fileNotFound)
                #expect(await Self.kinds(server, until: Self.isEnd).map(\.kind) == [.refused(error)])
            }
            for (name, options) in [("known", [TFTPOption("tsize", "\(image.count)")]), ("unknown", [])] {
                let client = try await TFTPTestClient(server.port)
                #expect(try await client.put(name, image, options) == nil)
                _ = await Self.kinds(server, until: Self.isEnd)
                // The upload is complete, and is not overwritten.
                let again = try await TFTPTestClient(server.port)
                #expect(try await again.put(name, image)?.code == .fileExists)
                _ = await Self.kinds(server, until: Self.isEnd)
            }
            #expect(known.bytes == image)
            #expect(pieces.withLock { $0 } == image)
            #expect(commits.withLock { $0 } == 1)
        }
    }

    @Test func sizesAreHeld() async throws {
        let catalog = TFTPCatalog()
        let sink = TFTPMemorySink(limit: 100_000)
        let (exact, large) = (Self.bytes(9_000), Self.bytes(90_000))
        catalog.expect("exact", size: exact.count) { _, _ in sink }
        catalog.expect("limited", limit: exact.count) { _, _ in sink }
        try await withTFTPServer(catalog, Self.configuration) { (server) async throws in
            func put(_ name: String, _ bytes: [UInt8], _ options: [TFTPOption] = []) async throws -> TFTPError? {
                var result: TFTPError?
                for _ in 0..<500 {
                    result = try await TFTPTestClient(server.port).put(name, bytes, options)
                    _ = await Self.kinds(server, until: Self.isEnd)
                    guard result?.message == "This file is already being written." else { break }
                    // The client learns that a transfer broke before its sink has been discarded.
                    try await Task.sleep(for: .milliseconds(10))
                }
                return result
            }
            #expect(try await put("exact", Self.bytes(8_999))?.message == "9000 bytes are expected, but 8999 arrived.")
            #expect(try await put("exact", large)?.code == .diskFull)
            #expect(try await put("exact", exact, [.init("tsize", "9001")])?.message.contains("9000") == true)
            #expect(try await put("limited", large)?.code == .diskFull)
            #expect(try await put("limited", large, [.init("tsize", "90000")])?.code == .diskFull)
            #expect(try await put("other", exact)?.code == .accessViolation)
            #expect(sink.bytes == nil)
            // None of this prevented a correct upload.
            #expect(try await put("exact", exact) == nil)
            #expect(sink.bytes == exact)
            catalog.withdraw("exact")
            #expect(try await put("exact", exact)?.code == .accessViolation)
        }
    }

    @Test func eventsEndWithTheServer() async throws {
        let catalog = TFTPCatalog()
        catalog.offer("file", bytes: Self.bytes(5_000))
        let (server, client) = try await withTFTPServer(catalog, Self.configuration) { server in
            let client = try await TFTPTestClient(server.port)
            try await client.ask("file")
            // The transfer has begun once a packet arrives.
            await client.hear()
            return (server, client)
        }
        let events = await Self.kinds(server) { _ in false }
        #expect(events.first?.kind == .began(size: 5_000))
        #expect(events.last.map(Self.isEnd) == true)
        try await client.close()
    }

    /// Garbage, foreign packets and endless requests, to the server's port and to that of a transfer.
    @Test func floodsAreNoTrouble() async throws {
        let image = Self.bytes(200_000)
        let catalog = TFTPCatalog()
        catalog.offer("image", bytes: image)
        try await withTFTPServer(catalog, Self.configuration) { server in
            let client = try await TFTPTestClient(server.port)
            let flood = try await TFTPTestClient(server.port)
            let transfer = Mutex<SocketAddress?>(nil)
            let flooding = Task {
                var random = SplitMix64(state: 3)
                let known = try SocketAddress(ipAddress: "127.0.0.1", port: server.port)
                var sent = 0
                while !Task.isCancelled {
                    var bytes = ByteBuffer()
                    bytes.writeInteger(UInt16.random(in: 0...8, using: &random))
                    for _ in 0..<Int.random(in: 0...40, using: &random) {
                        bytes.writeInteger(UInt8.random(in: 0...255, using: &random))
                    }
                    try await flood.send(bytes, to: transfer.withLock { sent % 2 == 0 ? $0 : nil } ?? known)
                    sent += 1
                }
                return sent
            }
            let result = try await client.get("image") { from in transfer.withLock { $0 = from } }
            #expect(result == .success(image))
            // For a whole second.
            try await Task.sleep(for: .seconds(1))
            flooding.cancel()
            #expect(try await flooding.value > 100)
            let other = try await TFTPTestClient(server.port)
            #expect(try await other.get("image") == .success(image))
            try await flood.close()
        }
    }

    @Test func clientsThatAskWithoutEndAreHeldBack() {
        var limit = TFTPRequestLimit(rate: 2, burst: 16, capacity: 4)
        #expect((0..<100).filter { _ in limit.admits("a", at: .zero) }.count == 16)
        let isOtherAdmitted = limit.admits("b", at: .zero)
        #expect(isOtherAdmitted)
        #expect((0..<100).filter { _ in limit.admits("a", at: .seconds(3)) }.count == 6)
        // Many addresses do not use unlimited memory; the clients idle for longest are forgotten first.
        #expect((0..<1_000).filter { limit.admits("\($0)", at: .seconds(3)) }.count == 1_000)
        #expect(limit.count <= 4)
    }

    @Test func theAddressTowardABoardIsFound() async throws {
        #expect(try await TFTPServer.localAddress(toward: "127.0.0.1") == "127.0.0.1")
        #expect(try await TFTPServer.localAddress(toward: "127.0.0.77").hasPrefix("127.0.0."))
        await #expect(throws: FlashkeepError.self) { try await TFTPServer.localAddress(toward: "router.lan") }
    }
}

/// A simple client, without windows.
private final class TFTPTestClient: Sendable {
    typealias Envelope = AddressedEnvelope<ByteBuffer>

    private final class Inbox: ChannelInboundHandler, Sendable {
        typealias InboundIn = Envelope

        let arrived: AsyncStream<Envelope>.Continuation

        init(_ arrived: AsyncStream<Envelope>.Continuation) {
            self.arrived = arrived
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            arrived.yield(Self.unwrapInboundIn(data))
        }
    }

    private let channel: any Channel
    private let stream: AsyncStream<Envelope>
    private let port: Int

    init(_ port: Int) async throws {
        self.port = port
        let (stream, arrived) = AsyncStream.makeStream(of: Envelope.self)
        self.stream = stream
        channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Inbox(arrived)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async throws { try await channel.close().get() }

    private func send(_ packet: TFTPPacket, to address: SocketAddress) async throws {
        try await send(packet.datagram, to: address)
    }

    func send(_ bytes: ByteBuffer, to address: SocketAddress) async throws {
        try await channel.writeAndFlush(Envelope(remoteAddress: address, data: bytes)).get()
    }

    func ask(_ name: String) async throws {
        try await send(.read(TFTPRequest(name: name)), to: SocketAddress(ipAddress: "127.0.0.1", port: port))
    }

    /// Waits for the server's first packet.
    func hear() async {
        for await _ in stream { return }
    }

    func get(
        _ name: String, began: (SocketAddress) -> Void = { _ in }
    ) async throws -> Result<[UInt8], TFTPError> {
        // Like every client: a request may be lost, or delayed by a flood of others.
        let asking = Task {
            while !Task.isCancelled {
                try await ask(name)
                try await Task.sleep(for: .seconds(3))
            }
        }
        defer { asking.cancel() }
        var bytes: [UInt8] = []
        var block: UInt16 = 0
        var transfer: SocketAddress?
        for await envelope in stream {
            if block == 0 { began(envelope.remoteAddress) }
            asking.cancel()
            guard transfer ?? envelope.remoteAddress == envelope.remoteAddress else { continue }
            transfer = envelope.remoteAddress
            switch try TFTPPacket(decoding: envelope.data) {
            case .data(let number, let payload):
                if number == block &+ 1 {
                    block = number
                    bytes += payload.readableBytesView
                }
                try await send(.acknowledgement(block: block), to: envelope.remoteAddress)
                guard payload.readableBytes == 512 else {
                    try await close()
                    return .success(bytes)
                }
            case .error(let error):
                try await close()
                return .failure(error)
            default: continue
            }
        }
        return .success(bytes)
    }

    /// - Returns: the server's error.
    func put(_ name: String, _ bytes: [UInt8], _ options: [TFTPOption] = []) async throws -> TFTPError? {
        let server = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        try await send(.write(TFTPRequest(name: name, options: options)), to: server)
        let last = bytes.count / 512 + 1
        var next = 0
        for await envelope in stream {
            switch try TFTPPacket(decoding: envelope.data) {
            case .acknowledgement(UInt16(truncatingIfNeeded: next)), .optionAcknowledgement:
                guard next < last else {
                    try await close()
                    return nil
                }
                next += 1
                let payload = bytes[((next - 1) * 512)...].prefix(512)
                try await send(
                    .data(block: UInt16(truncatingIfNeeded: next), payload: ByteBuffer(bytes: payload)),
                    to: envelope.remoteAddress)
            case .error(let error):
                try await close()
                return error
            default: continue
            }
        }
        return nil
    }
}
