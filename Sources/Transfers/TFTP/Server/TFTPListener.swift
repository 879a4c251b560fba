import NIOCore

/// Takes requests on the server's well-known port, and hands on those that may be served. What is wrong with a request
/// is answered from here, once: an answer that is lost will be asked for again.
final class TFTPListener: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    /// A request and where it came from.
    struct Arrival: Sendable {
        var request: TFTPRequest
        var direction: TFTPEvent.Direction
        var client: SocketAddress
        /// The client's IP address as text.
        var host: String
        /// The address of this computer that was asked; nil where it is not known, or a broadcast.
        var asked: SocketAddress?
        /// To answer what is not begun.
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
            // An answer to an error would never end.
            case .error: break
            // A late packet of a transfer that this port never had.
            case .data, .acknowledgement, .optionAcknowledgement:
                answer(TFTPError(.unknownTransfer, "There is no such transfer."), envelope, context)
            }
        } catch TFTPPacket.Malformation.options {
            answer(TFTPError(.optionRefused, "The options are broken."), envelope, context)
        } catch {
            answer(TFTPError(.illegalOperation, "This is no request."), envelope, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What one datagram brought about is no reason to stop listening.
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
