import BoardAccess
import EVAFlash
import FlashModel
import NIOCore
import NIOPosix
import Testing
import Transfers

/// The search in several networks of this computer, which are addresses of its own here.
@Suite("The search for AVM's loaders in networks", .serialized, .timeLimit(.minutes(1)))
struct EVAFinderTests {
    /// A host that answers each datagram with others.
    private final class Host: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>

        let answers: [[UInt8]]

        init(_ answers: [[UInt8]]) {
            self.answers = answers
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let client = Self.unwrapInboundIn(data).remoteAddress
            for answer in answers {
                context.writeAndFlush(
                    Self.wrapOutboundOut(AddressedEnvelope(remoteAddress: client, data: ByteBuffer(bytes: answer))),
                    promise: nil)
            }
        }
    }

    private static let box = "127.0.0.9"
    /// The answer of a box at that address.
    private static let answer: [UInt8] = [0, 0, 0x12, 1, 2, 0, 0, 0, 9, 0, 0, 127, 0, 0, 0, 0]

    private static func networks(_ addresses: [String]) throws -> [HostInterface] {
        let netmask = try #require(IPv4Address("255.255.255.0"))
        return try addresses.map {
            HostInterface(name: "eth0", address: try #require(IPv4Address($0)), netmask: netmask)
        }
    }

    /// Searches from some addresses for a host that answers.
    private func find(
        from addresses: [String], answers: [[UInt8]], patience: Duration = .milliseconds(400)
    ) async throws -> IPv4Address? {
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Host(answers))
                }
            }
            .bind(host: Self.box, port: 0).get()
        let port = try #require(channel.localAddress?.port)
        let networks = try Self.networks(addresses)
        let finder = EVAFinder(interfaces: { networks }, destination: Self.box, port: port, patience: patience)
        do {
            let found = try await finder.find()
            try? await channel.close().get()
            return found
        } catch {
            try? await channel.close().get()
            throw error
        }
    }

    @Test("A box is found, behind a stranger's answer and a network in which no port can be opened")
    func found() async throws {
        let box = IPv4Address(Self.box)
        #expect(try await find(from: ["127.0.0.1"], answers: [Self.answer]) == box)
        #expect(try await find(from: ["127.0.0.1"], answers: [[1, 2, 3], [], Self.answer]) == box)
        // TEST-NET-2 (RFC 5737): no address of this computer.
        #expect(try await find(from: ["198.51.100.1", "127.0.0.1"], answers: [Self.answer]) == box)
        #expect(try await find(from: ["127.0.0.1", "198.51.100.1"], answers: [Self.answer]) == box)
    }

    @Test("Nobody, or only strangers, answer; no network can be asked")
    func lost() async throws {
        #expect(try await find(from: ["127.0.0.1"], answers: []) == nil)
        #expect(try await find(from: ["127.0.0.1", "198.51.100.1"], answers: [[1, 2, 3]]) == nil)
        #expect(try await find(from: [], answers: [Self.answer]) == nil)
        let error = await #expect(throws: FlashkeepError.self) {
            _ = try await find(from: ["198.51.100.1", "203.0.113.1"], answers: [Self.answer])
        }
        #expect(error?.code == .portUnavailable)
    }

    @Test("All networks are asked at once")
    func together() async throws {
        let start = ContinuousClock.now
        let addresses = (1...8).map { "127.0.0.\($0)" }
        #expect(try await find(from: addresses, answers: [], patience: .seconds(1)) == nil)
        #expect(ContinuousClock.now - start < .seconds(5))
    }
}
