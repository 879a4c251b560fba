private import FlashModel
internal import NIOCore
private import NIOPosix
private import Synchronization

/// A TCP port of this computer, and the connections that come to it. It is closed with the last reference.
final class FTPListener: Sendable {
    typealias Stream = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let channel: any Channel
    private let queue: Queue

    private init(_ channel: any Channel, _ queue: Queue) {
        self.channel = channel
        self.queue = queue
    }

    deinit { close() }

    /// 1...65535.
    var port: Int { channel.localAddress?.port ?? 0 }

    func close() {
        queue.close()
        channel.close(promise: nil)
    }

    /// Waits for the next connection; nil once the port is closed, or the task is cancelled.
    func next() async -> Stream? { await queue.next() }

    /// The connections that nobody has taken yet. NIO ends the program if one is dropped without being closed.
    private final class Queue: Sendable {
        private struct State {
            var waiting: [Stream] = []
            var isClosed = false
        }

        private static let limit = 8
        private let state = Mutex(State())
        private let news: AsyncStream<Void>
        private let tell: AsyncStream<Void>.Continuation

        init() {
            (news, tell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(Queue.limit + 1))
        }

        func add(_ stream: Stream) {
            let isKept = state.withLock { state in
                guard !state.isClosed, state.waiting.count < Self.limit else { return false }
                state.waiting.append(stream)
                return true
            }
            if isKept { tell.yield() } else { FTPListener.refuse(stream) }
        }

        func next() async -> Stream? {
            while true {
                let stream = state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
                if let stream { return stream }
                var news = news.makeAsyncIterator()
                guard await news.next() != nil else { return nil }
            }
        }

        func close() {
            let left = state.withLock { state in
                state.isClosed = true
                defer { state.waiting = [] }
                return state.waiting
            }
            tell.finish()
            for stream in left { FTPListener.refuse(stream) }
        }
    }

    /// Closes a connection that is not used.
    static func refuse(_ stream: Stream) {
        Task { try? await stream.executeThenClose { _, _ in } }
    }

    /// Listens at a free port.
    ///
    /// - Throws: ``FlashkeepError`` with `portUnavailable`.
    static func open(_ host: String) async throws -> FTPListener {
        let queue = Queue()
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 4)
                .childChannelInitializer { channel in
                    // Here, and not later: what comes before there is a handler would be lost.
                    channel.eventLoop.makeCompletedFuture {
                        queue.add(try Stream(wrappingChannelSynchronously: channel))
                    }
                }
                .bind(to: try SocketAddress(ipAddress: host, port: 0)).get()
            return FTPListener(channel, queue)
        } catch {
            throw FlashkeepError(
                .portUnavailable, what: "Cannot listen on a TCP port of \(PrintableText.escaped(host)).",
                why: "\(error)", next: "Check that this is an address of this computer.")
        }
    }
}
