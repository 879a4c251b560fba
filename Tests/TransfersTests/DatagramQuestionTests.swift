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

        init(count: Int) {
            self.count = count
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = Self.unwrapInboundIn(data)
            for _ in 0..<count {
                context.write(
                    Self.wrapOutboundOut(
                        AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: envelope.data)), promise: nil)
            }
            context.flush()
        }
    }

    private func ask(_ questions: [[UInt8]], answers: Int) async throws -> [DatagramQuestion.Answer] {
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Echo(count: answers))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        let found = try await DatagramQuestion.ask(
            questions, at: "127.0.0.1", port: port, from: Self.local, patience: .milliseconds(300))
        try? await channel.close().get()
        return found
    }

    @Test("The first answers end the wait, and only so many are kept")
    func answers() async throws {
        let one = try await ask([[1, 2, 3]], answers: 1)
        #expect(one.first?.sender == Self.local && one.first?.bytes == [1, 2, 3])
        let flood = try await ask([[UInt8](repeating: 7, count: 1_400), [8]], answers: 400)
        #expect((1...32).contains(flood.count) && flood.allSatisfy { $0.bytes.count <= 1_400 })
    }

    @Test("Nobody answers, and an address of nobody")
    func silence() async throws {
        #expect(try await ask([[1]], answers: 0).isEmpty)
        await #expect(throws: (any Error).self) {
            // TEST-NET-1 (RFC 5737): no address of this computer.
            _ = try await DatagramQuestion.ask(
                [[1]], at: "127.0.0.1", port: 9, from: IPv4Address(value: 0xC000_0201), patience: .milliseconds(50))
        }
    }
}
