import NIOCore
private import Synchronization

/// Passes the bytes of an event loop's channel to an inbox, and reads on only while there is room. The channel must not
/// read by itself (`autoRead`).
final class InboxReceiver: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    let inbox: ByteInbox
    private let reader: Reader
    private let lost: @Sendable (any Error) -> any Error

    /// - Parameter lost: the error for a connection that broke.
    init(lost: @escaping @Sendable (any Error) -> any Error) {
        let reader = Reader()
        self.reader = reader
        self.lost = lost
        inbox = ByteInbox(resume: { reader.goOn() })
    }

    /// Resumes the event loop's reading when there is room again.
    private final class Reader: Sendable {
        private let channel = Mutex<(any Channel)?>(nil)

        func attach(_ channel: any Channel) {
            self.channel.withLock { $0 = channel }
        }

        func goOn() {
            channel.withLock { $0 }?.read()
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context.channel)
    }

    /// Begins to read from a channel that is already active.
    func begin(_ channel: any Channel) {
        reader.attach(channel)
        channel.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        _ = inbox.deliver(Self.unwrapInboundIn(data).readableBytesView)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Only the inbox knows whether there is room: a second flag here could miss the moment in which the reader
        // emptied it, and reading would never resume.
        if inbox.hasRoom { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        inbox.finish()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inbox.finish(lost(error))
        context.close(promise: nil)
    }
}
