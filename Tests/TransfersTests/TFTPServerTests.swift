import FlashModel
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transfers

/// The server over real loopback sockets, with third-party clients.
@Suite(.timeLimit(.minutes(2))) struct TFTPServerTests {
    private final class Events: Sendable {
        private let all = Mutex<[TFTPEvent]>([])

        func add(_ event: TFTPEvent) { all.withLock { $0.append(event) } }

        var kinds: [TFTPEvent.Kind] { all.withLock { $0.map(\.kind) } }

        /// Waits for a matching event, 20 s at most.
        func wait(for matches: (TFTPEvent.Kind) -> Bool) async throws -> Bool {
            for _ in 0..<400 {
                if kinds.contains(where: matches) { return true }
                try await Task.sleep(for: .milliseconds(50))
            }
            return false
        }
    }

    private static let counter = Atomic<Int>(0)

    private static func folder(_ scratch: ScratchFolder, isWritable: Bool = true) throws -> TFTPFolder {
        try TFTPFolder(scratch.path, isWritable: isWritable) {
            "n\(counter.add(1, ordering: .relaxed).newValue)"
        }
    }

    private static func bytes(_ count: Int, seed: UInt64 = 5) -> [UInt8] {
        var random = SplitMix64(state: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes += $0 } }
        return Array(bytes.prefix(count))
    }

    private static let patience = TFTPPatience(first: .milliseconds(500), longest: .seconds(1), repetitions: 4)

    private func serving<Result: Sendable>(
        _ content: any TFTPContent, _ events: Events = Events(), address: String = "127.0.0.1",
        transfers: Int = 64, body: (Int) async throws -> Result
    ) async throws -> Result {
        let configuration = TFTPServer.Configuration(
            addresses: [address], port: 0, patience: Self.patience, transferLimit: transfers, requestsPerSecond: 1_000)
        return try await withTFTPServer(content, configuration, observer: { events.add($0) }) {
            try await body($0.port)
        }
    }

    // MARK: Third-party clients

    private static func program(_ name: String) -> FilePath? {
        ["/usr/bin/", "/usr/local/bin/", "/bin/"].map { FilePath($0 + name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.string) }
    }

    private static func skip(_ program: String) {
        print("Skipped: \(program) is not installed; Scripts/setup test installs it.")
    }

    struct Client: Sendable, CustomTestStringConvertible {
        var program: String
        var testDescription: String
        var get: @Sendable (_ host: String, _ port: Int, _ name: String, _ local: String) -> [String]
        var put: @Sendable (_ host: String, _ port: Int, _ name: String, _ local: String) -> [String]
    }

    private static func atftp(_ options: [(String, String)]) -> Client {
        let all = options.flatMap { ["--option", "\($0.0) \($0.1)"] }
        return Client(
            program: "atftp", testDescription: "atftp \(options.map { "\($0.0)=\($0.1)" })",
            get: { all + ["-g", "-r", $2, "-l", $3, $0, "\($1)"] },
            put: { all + ["-p", "-r", $2, "-l", $3, $0, "\($1)"] })
    }

    private static func curl(_ options: [String], _ description: String) -> Client {
        @Sendable func url(_ host: String, _ port: Int, _ name: String) -> String {
            "tftp://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(name)"
        }
        return Client(
            program: "curl", testDescription: description,
            get: { options + ["-s", "--max-time", "60", "-o", $3, url($0, $1, $2)] },
            put: { options + ["-s", "--max-time", "60", "-T", $3, url($0, $1, $2)] })
    }

    static let clients = [
        atftp([]), atftp([("blksize", "1428"), ("tsize", "0")]), atftp([("blksize", "8192"), ("windowsize", "8")]),
        atftp([("blksize", "1468"), ("windowsize", "16")]), atftp([("timeout", "2"), ("blksize", "65464")]),
        Client(
            program: "tftp", testDescription: "tftp-hpa",
            get: { ["-m", "binary", $0, "\($1)", "-c", "get", $2, $3] },
            put: { ["-m", "binary", $0, "\($1)", "-c", "put", $3, $2] }),
        curl([], "curl"), curl(["--tftp-blksize", "1468"], "curl, 1468"),
        curl(["--tftp-no-options"], "curl, no options"),
    ]

    @Test(arguments: clients, ["127.0.0.1", "::1"])
    func othersReadAndWrite(client: Client, host: String) async throws {
        guard let program = Self.program(client.program) else {
            Self.skip(client.program)
            return
        }
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        try await serving(try Self.folder(served), address: host) { port in
            for size in [0, 1, 512, 1_468 * 3, 300_001] {
                let content = Self.bytes(size)
                try served.write(content, "get-\(size)")
                let got = local.path.appending("got-\(size)")
                try await TestProgram.run(program, client.get(host, port, "get-\(size)", got.string))
                // curl makes no file if there were no bytes.
                #expect(ScratchFolder.read(got) == content, "\(size)")

                try local.write(content, "put-\(size)")
                // curl does not send empty files over TFTP.
                if size == 0, client.program == "curl" { continue }
                try await TestProgram.run(
                    program, client.put(host, port, "put-\(size)", local.path.appending("put-\(size)").string))
                #expect(ScratchFolder.read(served.path.appending("put-\(size)")) == content, "\(size)")
            }
        }
        #expect(served.snapshot("").keys.allSatisfy { !$0.hasPrefix(".") })
    }

    @Test func blockNumbersGoAroundWithOthers() async throws {
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        let content = Self.bytes(64 * 65_600 + 7)
        try served.write(content, "large")
        try await serving(try Self.folder(served)) { port in
            for client in [
                Self.curl(["--tftp-blksize", "64"], "curl"), Self.atftp([("blksize", "64"), ("windowsize", "16")]),
            ] {
                guard let program = Self.program(client.program) else { continue }
                let got = local.path.appending(client.program)
                try await TestProgram.run(program, client.get("127.0.0.1", port, "large", got.string))
                #expect(ScratchFolder.read(got) == content, "\(client.testDescription)")
            }
        }
    }

    @Test func manyAtOnce() async throws {
        guard let curl = Self.program("curl") else { return Self.skip("curl") }
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        let content = Self.bytes(700_000)
        try served.write(content, "image")
        let configuration = TFTPServer.Configuration(
            addresses: ["127.0.0.1"], port: 0, transferLimitPerClient: 64, requestsPerSecond: 1_000)
        try await withTFTPServer(try Self.folder(served), configuration) { server in
            let port = server.port
            try await withThrowingTaskGroup { group in
                for number in 0..<24 {
                    let got = local.path.appending("got-\(number)")
                    group.addTask {
                        try await TestProgram.run(
                            curl, ["-s", "--max-time", "60", "-o", got.string, "tftp://127.0.0.1:\(port)/image"])
                    }
                }
                try await group.waitForAll()
            }
        }
        for number in 0..<24 { #expect(ScratchFolder.read(local.path.appending("got-\(number)")) == content) }
    }

    /// After a write the server waits a while in case the client missed its last acknowledgement.
    @Test func whatIsDoneKeepsNobodyOut() async throws {
        guard let curl = Self.program("curl") else { return Self.skip("curl") }
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        let content = Self.bytes(3_000)
        try local.write(content, "dump")
        let configuration = TFTPServer.Configuration(
            addresses: ["127.0.0.1"], port: 0, patience: TFTPPatience(first: .seconds(30)), transferLimit: 3,
            transferLimitPerClient: 2, requestsPerSecond: 1_000)
        let clock = ContinuousClock()
        let start = clock.now
        try await withTFTPServer(try Self.folder(served), configuration) { server in
            for number in 0..<10 {
                let succeeded = try await TestProgram.run(
                    curl,
                    [
                        "-s", "--max-time", "20", "-T", local.path.appending("dump").string,
                        "tftp://127.0.0.1:\(server.port)/dump-\(number)",
                    ])
                #expect(succeeded, "write \(number)")
            }
        }
        for number in 0..<10 { #expect(ScratchFolder.read(served.path.appending("dump-\(number)")) == content) }
        // No transfer was waited for to its end, which would take a minute.
        #expect(clock.now - start < .seconds(50))
    }

    // MARK: Packet by packet

    /// A client socket for sending single packets.
    private final class Socket: Sendable {
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

    private func address(_ port: Int) throws -> SocketAddress { try SocketAddress(ipAddress: "127.0.0.1", port: port) }

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

    // MARK: Streams

    /// Bytes generated while they are read, of a size that is not known in advance.
    private struct Stream: TFTPContent {
        struct NoWriting: Error {}

        actor Source: TFTPSource {
            nonisolated let size: Int? = nil
            private var left: ArraySlice<UInt8>

            init(_ bytes: [UInt8]) {
                left = bytes[...]
            }

            func read(_ count: Int) async throws -> [UInt8] {
                let piece = left.prefix(min(count, 777))
                left = left.dropFirst(piece.count)
                return Array(piece)
            }

            func close() async {}
        }

        var bytes: [UInt8]

        func open(reading name: String, client: String) async throws -> any TFTPSource { Source(bytes) }

        func open(writing name: String, size: Int?, client: String) async throws -> any TFTPSink { throw NoWriting() }
    }

    @Test func streamsAreServedToo() async throws {
        guard let curl = Self.program("curl") else { return Self.skip("curl") }
        let local = try ScratchFolder("tftp-local")
        let content = Self.bytes(100_000)
        try await serving(Stream(bytes: content)) { port in
            let got = local.path.appending("got").string
            try await TestProgram.run(curl, ["-s", "--max-time", "60", "-o", got, "tftp://127.0.0.1:\(port)/any"])
            #expect(ScratchFolder.read(FilePath(got)) == content)
            let client = try await Socket()
            try await client.send(.write(.init(name: "file")), to: try address(port))
            #expect(try await client.error() == .undefined)
            try await client.channel.close()
        }
    }

    // MARK: Ports

    @Test func aPortThatIsTakenIsNamed() async throws {
        let served = try ScratchFolder("tftp-served")
        let folder = try Self.folder(served)
        try await serving(folder) { port in
            do {
                let configuration = TFTPServer.Configuration(addresses: ["127.0.0.1"], port: port)
                try await withTFTPServer(folder, configuration) { _ in }
                Issue.record("Two servers have one port.")
            } catch let error as FlashkeepError {
                #expect(error.code == .portUnavailable)
                #expect(error.next.contains("ss -lunp") && error.what.contains("\(port)"))
            }
        }
        let rights = TFTPPortErrors.error(
            IOError(errnoCode: EACCES, reason: "bind"), address: "0.0.0.0", port: 69, program: "/opt/flashkeep")
        #expect(rights.next.contains("sudo setcap cap_net_bind_service=+ep /opt/flashkeep"))
        #expect(rights.next.contains("--dport 69 -j REDIRECT"))
    }

    @Test func addressesAreChecked() async throws {
        let folder = try Self.folder(try ScratchFolder("tftp-served"))
        for (address, code) in [
            ("nowhere", FlashkeepError.Code.addressNotUnderstood), ("192.0.2.77", .portUnavailable),
        ] {
            do {
                try await withTFTPServer(folder, .init(addresses: [address], port: 0)) { _ in }
                Issue.record("\(address)")
            } catch let error as FlashkeepError {
                #expect(error.code == code)
            }
        }
    }

    @Test func bothFamiliesShareAPort() async throws {
        guard let curl = Self.program("curl") else { return Self.skip("curl") }
        let served = try ScratchFolder("tftp-served")
        try served.write("here", "file")
        let local = try ScratchFolder("tftp-local")
        try await withTFTPServer(try Self.folder(served), .init(port: 0)) { server in
            let port = server.port
            #expect(server.addresses == ["0.0.0.0", "::"])
            for (number, host) in ["127.0.0.1", "[::1]"].enumerated() {
                let got = local.path.appending("got-\(number)").string
                try await TestProgram.run(curl, ["-s", "--max-time", "20", "-o", got, "tftp://\(host):\(port)/file"])
                #expect(ScratchFolder.read(FilePath(got)) == Array("here".utf8), "\(host)")
            }
        }
    }
}
