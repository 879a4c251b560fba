import NIOCore
import NIOPosix
import Testing
import Transfers

/// Questions by UDP over the loopback interface, to one host in place of all.
@Suite("Questions to all hosts of a network", .timeLimit(.minutes(1)))
struct DatagramQuestionTests {
    private static let local = IPv4Address(value: 0x7F00_0001)

    private final class Echo: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>

        /// The answers per question.
        let count: Int
        /// What comes before them.
        let stranger: [UInt8]?

        init(count: Int, stranger: [UInt8]?) {
            self.count = count
            self.stranger = stranger
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = Self.unwrapInboundIn(data)
            if let stranger {
                context.writeAndFlush(
                    Self.wrapOutboundOut(
                        AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: stranger))),
                    promise: nil)
            }
            for _ in 0..<count {
                context.write(
                    Self.wrapOutboundOut(
                        AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: envelope.data)), promise: nil)
            }
            context.flush()
        }
    }

    private func ask(
        _ questions: [[UInt8]], answers: Int, stranger: [UInt8]? = nil,
        accepts: @escaping @Sendable (DatagramQuestion.Answer) -> Bool = { _ in true }
    ) async throws -> [DatagramQuestion.Answer] {
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Echo(count: answers, stranger: stranger))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        let found = try await DatagramQuestion.ask(
            questions, at: "127.0.0.1", port: port, from: Self.local, patience: .milliseconds(300),
            accepts: accepts)
        try? await channel.close().get()
        return found
    }

    @Test("The first answers end the wait, and only so many are kept")
    func answers() async throws {
        let one = try await ask([[1, 2, 3]], answers: 1)
        #expect(one.first?.sender == Self.local && one.first?.bytes == [1, 2, 3])
        let flood = try await ask([[UInt8](repeating: 7, count: 1_400), [8]], answers: 400)
        #expect((1...32).contains(flood.count) && flood.allSatisfy { $0.bytes.count <= 1_400 })
        let large = try await ask([[UInt8](repeating: 7, count: 5_000)], answers: 1)
        #expect(large.map(\.bytes) == [[UInt8](repeating: 7, count: 2_048)])
    }

    @Test("What is no answer does not end the wait, and is not kept")
    func strangers() async throws {
        let found = try await ask([[1, 2, 3]], answers: 1, stranger: [9, 9]) { $0.bytes == [1, 2, 3] }
        #expect(found.map(\.bytes) == [[1, 2, 3]])
        #expect(try await ask([[1]], answers: 40, stranger: [9]) { $0.bytes == [2] }.isEmpty)
    }

    @Test("Nobody answers, and an address of nobody")
    func silence() async throws {
        #expect(try await ask([[1]], answers: 0).isEmpty)
        await #expect(throws: (any Error).self) {
            // TEST-NET-1 (RFC 5737): no address of this computer.
            _ = try await DatagramQuestion.ask(
                [[1]], at: "127.0.0.1", port: 9, from: IPv4Address(value: 0xC000_0201), patience: .milliseconds(50),
                accepts: { _ in true })
        }
    }
}
