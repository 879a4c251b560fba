import NIOCore

/// Receives requests on the server's well-known port, and passes on those that may be served. A faulty request is
/// answered from here, once: if the answer is lost, the client will ask again.
final class TFTPListener: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    /// A request and its sender.
    struct Arrival: Sendable {
        var request: TFTPRequest
        var direction: TFTPEvent.Direction
        var client: SocketAddress
        /// The client's IP address as text.
        var host: String
        /// The local address that the request was sent to; nil if unknown or a broadcast.
        var asked: SocketAddress?
        /// The channel for answering requests that are not served.
        var listener: any Channel
    }

    private let sink: AsyncStream<Arrival>.Continuation
    private var limit: TFTPRequestLimit
    private let start = NIODeadline.now()

    init(requestsPerSecond: Double, sink: AsyncStream<Arrival>.Continuation) {
        self.sink = sink
        limit = TFTPRequestLimit(rate: requestsPerSecond, burst: requestsPerSecond * 8)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = Self.unwrapInboundIn(data)
        let host = envelope.remoteAddress.ipAddress ?? ""
        guard limit.admits(host, at: .nanoseconds((NIODeadline.now() - start).nanoseconds)) else { return }
        do {
            switch try TFTPPacket(decoding: envelope.data) {
            case .read(let request): arrived(request, .read, envelope, host, context)
            case .write(let request): arrived(request, .write, envelope, host, context)
            // Answering an error could go on forever.
            case .error: break
            // A late packet of a transfer that does not belong to this port.
            case .data, .acknowledgement, .optionAcknowledgement:
                answer(TFTPError(.unknownTransfer, "There is no such transfer."), envelope, context)
            }
        } catch TFTPPacket.Malformation.options {
            answer(TFTPError(.optionRefused, "The options are malformed."), envelope, context)
        } catch {
            answer(TFTPError(.illegalOperation, "This is not a request."), envelope, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An error caused by one datagram is no reason to stop listening.
    }

    private func arrived(
        _ request: TFTPRequest, _ direction: TFTPEvent.Direction, _ envelope: AddressedEnvelope<ByteBuffer>,
        _ host: String, _ context: ChannelHandlerContext
    ) {
        sink.yield(
            Arrival(
                request: request, direction: direction, client: envelope.remoteAddress, host: host,
                asked: envelope.metadata?.packetInfo?.destinationAddress, listener: context.channel))
    }

    private func answer(
        _ error: TFTPError, _ envelope: AddressedEnvelope<ByteBuffer>, _ context: ChannelHandlerContext
    ) {
        let reply = AddressedEnvelope(
            remoteAddress: envelope.remoteAddress, data: TFTPPacket.error(error).datagram)
        context.writeAndFlush(Self.wrapOutboundOut(reply), promise: nil)
    }
}
