import Foundation
import NIOCore
import NIOPosix
import SystemPackage
import TestSupport
import Testing
import Transfers

/// Packet by packet.
extension TFTPServerTests {
    /// A client socket for sending single packets.
    final class Socket: Sendable {
        private final class Inbox: ChannelInboundHandler, Sendable {
            typealias InboundIn = AddressedEnvelope<ByteBuffer>

            let arrived: AsyncStream<AddressedEnvelope<ByteBuffer>>.Continuation

            init(_ arrived: AsyncStream<AddressedEnvelope<ByteBuffer>>.Continuation) {
                self.arrived = arrived
            }

            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                arrived.yield(Self.unwrapInboundIn(data))
            }
        }

        let channel: any Channel
        private let stream: AsyncStream<AddressedEnvelope<ByteBuffer>>

        init() async throws {
            let (stream, arrived) = AsyncStream.makeStream(of: AddressedEnvelope<ByteBuffer>.self)
            self.stream = stream
            channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Inbox(arrived))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
        }

        func send(_ bytes: ByteBuffer, to address: SocketAddress) async throws {
            try await channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: bytes)).get()
        }

        func send(_ packet: TFTPPacket, to address: SocketAddress) async throws {
            try await send(packet.datagram, to: address)
        }

        /// The next packet and its sender; nil after some seconds.
        func next(seconds: Int = 10) async throws -> (packet: TFTPPacket, from: SocketAddress)? {
            let stream = stream
            let envelope = await withTaskGroup { group in
                group.addTask {
                    var iterator = stream.makeAsyncIterator()
                    return await iterator.next()
                }
                group.addTask {
                    try? await Task.sleep(for: .seconds(seconds))
                    return nil
                }
                let first = await group.next() ?? nil
                group.cancelAll()
                return first
            }
            return try envelope.map { (try TFTPPacket(decoding: $0.data), $0.remoteAddress) }
        }

        func error() async throws -> TFTPError.Code? {
            if case .error(let error) = try await next()?.packet { error.code } else { nil }
        }
    }

    func address(_ port: Int) throws -> SocketAddress { try SocketAddress(ipAddress: "127.0.0.1", port: port) }

    @Test func refusalsHaveTheirCodes() async throws {
        let served = try ScratchFolder("tftp-served")
        try served.write("secret", "../\(served.path.lastComponent?.string ?? "")-outside")
        try served.write("here", "there/file")
        try served.link("out", to: "../\(served.path.lastComponent?.string ?? "")-outside")
        try served.link("far", to: "/etc")
        try served.link("near", to: "there/file")
        try served.write("hidden", ".hidden")
        defer { try? FileManager.default.removeItem(atPath: served.path.string + "-outside") }
        let events = Events()
        try await serving(try Self.folder(served), events) { port in
            let server = try address(port)
            let cases: [(TFTPPacket, TFTPError.Code)] = [
                (.read(.init(name: "none")), .fileNotFound), (.read(.init(name: "there/none/x")), .fileNotFound),
                (.read(.init(name: "there/file/x")), .fileNotFound), (.read(.init(name: "there")), .accessViolation),
                (.read(.init(name: "out")), .accessViolation), (.read(.init(name: "far/passwd")), .accessViolation),
                (.read(.init(name: "../x")), .accessViolation), (.read(.init(name: "there/../../x")), .accessViolation),
                (.read(.init(name: "/etc/passwd")), .accessViolation),
                (.read(.init(name: ".hidden")), .accessViolation),
                (.read(.init(name: "a\u{1B}[2J")), .accessViolation),
                (.read(.init(name: "there//file")), .accessViolation),
                (.read(.init(name: "..\\x")), .accessViolation), (.read(.init(name: ".")), .accessViolation),
                (.read(.init(name: "near", mode: "netascii")), .illegalOperation),
                (.read(.init(name: "near", mode: "mail")), .illegalOperation),
                (.write(.init(name: "near")), .fileExists), (.write(.init(name: "there/file")), .fileExists),
                (.write(.init(name: "none/file")), .fileNotFound), (.write(.init(name: "../file")), .accessViolation),
                (.write(.init(name: "far/file")), .accessViolation), (.write(.init(name: "out")), .fileExists),
                (.write(.init(name: "big", options: [.init("tsize", "1000000000000000000")])), .diskFull),
                (.acknowledgement(block: 1), .unknownTransfer),
            ]
            for (packet, code) in cases {
                let socket = try await Socket()
                try await socket.send(packet, to: server)
                #expect(try await socket.error() == code, "\(packet)")
                try await socket.channel.close()
            }
            for (bytes, code) in [
                ("\0\u{1}n\0octet\0x\0", TFTPError.Code.optionRefused), ("\0\u{9}", .illegalOperation),
            ] {
                let socket = try await Socket()
                try await socket.send(ByteBuffer(string: bytes), to: server)
                #expect(try await socket.error() == code)
                try await socket.channel.close()
            }
            let socket = try await Socket()
            try await socket.send(.read(.init(name: "near")), to: server)
            #expect(
                try await socket.next()?.packet == .data(block: 1, payload: ByteBuffer(string: "here")),
                "A link within the folder is followed.")
            try await socket.channel.close()
        }
        #expect(Set(served.snapshot("").keys) == ["out", "far", "near", "there", "there/file", ".hidden"])
    }

    @Test func nothingIsWrittenWhereThatIsNotAllowed() async throws {
        let served = try ScratchFolder("tftp-served")
        try await serving(try Self.folder(served, isWritable: false)) { port in
            let socket = try await Socket()
            try await socket.send(.write(.init(name: "file")), to: try address(port))
            #expect(try await socket.error() == .accessViolation)
            try await socket.channel.close()
        }
        #expect(served.snapshot("").isEmpty)
    }

    @Test func aStrangerIsToldAndChangesNothing() async throws {
        let served = try ScratchFolder("tftp-served")
        try served.write(Self.bytes(600), "file")
        try await serving(try Self.folder(served)) { port in
            let (client, stranger) = (try await Socket(), try await Socket())
            try await client.send(.read(.init(name: "file")), to: try address(port))
            let first = try #require(try await client.next())
            #expect(first.from.port != port)
            try await stranger.send(.acknowledgement(block: 1), to: first.from)
            #expect(try await stranger.error() == .unknownTransfer)
            try await client.send(.acknowledgement(block: 1), to: first.from)
            // Packets repeated in the meantime are not an answer to this.
            var last = try await client.next()?.packet
            while last == first.packet { last = try await client.next()?.packet }
            #expect(last == .data(block: 2, payload: ByteBuffer(bytes: Self.bytes(600)[512...])))
            try await client.channel.close()
            try await stranger.channel.close()
        }
    }

    @Test func whatBreaksOffLeavesNothingBehind() async throws {
        let served = try ScratchFolder("tftp-served")
        let events = Events()
        try await serving(try Self.folder(served), events) { port in
            let client = try await Socket()
            try await client.send(.write(.init(name: "file")), to: try address(port))
            let first = try #require(try await client.next())
            try await client.send(.data(block: 1, payload: ByteBuffer(repeating: 7, count: 512)), to: first.from)
            #expect(
                try await events.wait { if case .broken(.silent, bytes: 512) = $0 { true } else { false } })

            let other = try await Socket()
            try await other.send(.write(.init(name: "file")), to: try address(port))
            let answer = try #require(try await other.next())
            try await other.send(.error(TFTPError(.undefined, "changed my mind")), to: answer.from)
            #expect(try await events.wait { if case .broken(.refused, bytes: 0) = $0 { true } else { false } })
            try await client.channel.close()
            try await other.channel.close()
        }
        #expect(served.snapshot("").isEmpty)
    }

    @Test func theEndOfTheServerIsToldToItsClients() async throws {
        let served = try ScratchFolder("tftp-served")
        try served.write(Self.bytes(6_000), "file")
        let client = try await Socket()
        let from = try await serving(try Self.folder(served)) { port in
            try await client.send(.read(.init(name: "file")), to: try address(port))
            return try #require(try await client.next()).from
        }
        var code: TFTPError.Code?
        while let next = try await client.next() {
            #expect(next.from == from)
            if case .error(let error) = next.packet {
                code = error.code
                break
            }
        }
        #expect(code == .undefined)
        try await client.channel.close()
    }

    /// A client that died, or sends request after request from other ports, keeps nobody out for long.
    @Test(arguments: [(1, 64), (64, 1)]) func theSilentGiveWay(_ limits: (all: Int, perClient: Int)) async throws {
        let served = try ScratchFolder("tftp-served")
        try served.write(Self.bytes(6_000), "file")
        let configuration = TFTPServer.Configuration(
            addresses: ["127.0.0.1"], port: 0, patience: TFTPPatience(first: .seconds(30)),
            transferLimit: limits.all, transferLimitPerClient: limits.perClient,
            silenceBeforeGivingWay: .milliseconds(600), requestsPerSecond: 1_000)
        try await withTFTPServer(try Self.folder(served), configuration) { server in
            let (first, second) = (try await Socket(), try await Socket())
            let server = try address(server.port)
            try await first.send(.read(.init(name: "file")), to: server)
            _ = try await first.next()
            try await Task.sleep(for: .milliseconds(700))
            try await second.send(.read(.init(name: "file")), to: server)
            guard case .data = try await second.next()?.packet else {
                Issue.record("the second is not served")
                return
            }
            #expect(try await first.error() == .undefined)
            try await first.channel.close()
            try await second.channel.close()
        }
    }

    @Test func tooManyAreTurnedAway() async throws {
        let served = try ScratchFolder("tftp-served")
        try served.write(Self.bytes(6_000), "file")
        try await serving(try Self.folder(served), transfers: 1) { port in
            let (first, second) = (try await Socket(), try await Socket())
            try await first.send(.read(.init(name: "file")), to: try address(port))
            _ = try await first.next()
            try await second.send(.read(.init(name: "file")), to: try address(port))
            #expect(try await second.error() == .undefined)
            try await first.channel.close()
            try await second.channel.close()
        }
    }
}
