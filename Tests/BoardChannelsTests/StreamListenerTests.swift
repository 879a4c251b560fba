import BoardChannels
import FlashModel
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A port on which a board delivers byte streams.
@Suite(.timeLimit(.minutes(1))) struct StreamListenerTests {
    private static func withListener(_ body: (StreamListener) async throws -> Void) async throws {
        let listener = try await StreamListener.open(host: "127.0.0.1")
        do {
            try await body(listener)
        } catch {
            await listener.close()
            throw error
        }
        await listener.close()
    }

    /// Connects from an address of the loopback network, and sends.
    private static func connect(
        to listener: StreamListener, from address: String = "127.0.0.1", _ pieces: [[UInt8]]
    ) async throws -> any Channel {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(to: try SocketAddress(ipAddress: address, port: 0))
            .connect(host: "127.0.0.1", port: listener.port).get()
        for piece in pieces {
            // A connection that is refused may be closed before all is sent.
            try? await channel.writeAndFlush(ByteBuffer(bytes: piece)).get()
            try await Task.sleep(for: .milliseconds(5))
        }
        return channel
    }

    private static func all(_ stream: IncomingStream) async throws -> [UInt8] {
        var all: [UInt8] = []
        while case .bytes(let bytes) = try await stream.read(timeout: .seconds(10)) { all += bytes }
        return all
    }

    @Test("The word and the bytes arrive in any pieces", arguments: [1, 3, 4, 5, 100])
    func pieces(size: Int) async throws {
        try await Self.withListener { listener in
            let stream = listener.expect(word: "word", from: ["127.0.0.1"])
            #expect(try await stream.read(timeout: .milliseconds(10)) == .timedOut)
            #expect(!stream.isConnected)
            let text = Array("word\n\nbytes\n".utf8)
            let pieces = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min($0 + size, text.count)]) }
            let client = try await Self.connect(to: listener, pieces)
            try await client.close().get()
            #expect(try await Self.all(stream) == Array("\nbytes\n".utf8))
            #expect(stream.isConnected && stream.refused.isEmpty)
        }
    }

    @Test("Nobody else is let in")
    func strangers() async throws {
        try await Self.withListener { listener in
            let early = try await Self.connect(to: listener, [Array("word\nX".utf8)])
            try await early.closeFuture.get()

            let stream = listener.expect(word: "word", from: ["127.0.0.1"])
            for (address, text) in [
                ("127.0.0.2", "word\nX"), ("127.0.0.1", "wore\nX"), ("127.0.0.1", "wordX"), ("127.0.0.1", "\n\n\n\n\n"),
            ] {
                let stranger = try await Self.connect(to: listener, from: address, [Array(text.utf8)])
                try await stranger.closeFuture.get()
            }
            #expect(!stream.isConnected)
            #expect(Set(stream.refused) == ["127.0.0.1", "127.0.0.2"])

            let client = try await Self.connect(to: listener, [Array("word\ngood".utf8)])
            #expect(try await stream.read(timeout: .seconds(10)) == .bytes(Array("good".utf8)))
            // The word is used up.
            let second = try await Self.connect(to: listener, [Array("word\nbad".utf8)])
            try await second.closeFuture.get()
            try await client.close().get()
            #expect(try await stream.read(timeout: .seconds(10)) == .closed)
        }
    }

    @Test("A silent connection does not keep the board out")
    func silent() async throws {
        try await Self.withListener { listener in
            let stream = listener.expect(word: "word", from: ["127.0.0.1"])
            let silent = try await Self.connect(to: listener, [])
            let client = try await Self.connect(to: listener, [Array("word\nhere".utf8)])
            #expect(try await stream.read(timeout: .seconds(10)) == .bytes(Array("here".utf8)))
            try await silent.closeFuture.get()
            try await client.close().get()
        }
    }

    @Test("A later word replaces an earlier one, and a closed stream takes nobody")
    func replaced() async throws {
        try await Self.withListener { listener in
            let first = listener.expect(word: "first", from: ["127.0.0.1"])
            let second = listener.expect(word: "second", from: ["127.0.0.1"])
            let late = try await Self.connect(to: listener, [Array("first\nbytes".utf8)])
            try await late.closeFuture.get()
            #expect(!first.isConnected)
            second.close()
            let refused = try await Self.connect(to: listener, [Array("second\n".utf8)])
            try await refused.closeFuture.get()
            #expect(!second.isConnected)
            #expect(try await second.read(timeout: .seconds(10)) == .closed)
        }
    }

    @Test("A slow reader slows the board down, and loses nothing")
    func slowReader() async throws {
        try await Self.withListener { listener in
            let stream = listener.expect(word: "w", from: ["127.0.0.1"])
            let size = 40 << 20
            let client = try await Self.connect(to: listener, [Array("w\n".utf8)])
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 7) }
            let written = client.eventLoop.makePromise(of: Void.self)
            let isWritten = Atomic<Bool>(false)
            written.futureResult.whenComplete { _ in
                isWritten.store(true, ordering: .relaxed)
                client.close(promise: nil)
            }
            client.writeAndFlush(ByteBuffer(bytes: bytes), promise: written)
            try await Task.sleep(for: .milliseconds(500))
            let isDone = isWritten.load(ordering: .relaxed)
            #expect(!isDone)
            #expect(try await Self.all(stream) == bytes)
        }
    }

    @Test func aPortInUseIsAnError() async throws {
        try await Self.withListener { listener in
            await #expect(throws: FlashkeepError(.portUnavailable, what: "", why: "", next: "")) {
                _ = try await StreamListener.open(host: "127.0.0.1", port: listener.port)
            }
        }
    }
}
