private import FlashModel
internal import NIOCore
private import Synchronization

/// Runs an FTP server for uploads during a closure (RFC 959; passive mode only). It gives nothing: what it accepts, and
/// from whom, is up to the content. There is no login: any user and password will do.
///
/// - Parameters:
///   - content: receives the uploads, by name.
///   - host: an IPv4 address of this computer, or 0.0.0.0 for all of them.
///   - body: gets the TCP port of the server.
/// - Throws: `portUnavailable`, and what the body throws.
package func withFTPServer<Result: Sendable>(
    _ content: any TFTPContent, host: String, _ body: (_ port: Int) async throws -> Result
) async throws -> Result {
    let listener = try await FTPListener.open(host)
    defer { listener.close() }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            let clients = Shared(0)
            await withDiscardingTaskGroup { sessions in
                while let client = await listener.next() {
                    guard clients.add(1) <= FTPClient.limit else {
                        _ = clients.add(-1)
                        FTPListener.refuse(client)
                        continue
                    }
                    sessions.addTask {
                        await FTPClient.serve(client, content, host: host)
                        _ = clients.add(-1)
                    }
                }
            }
        }
        defer { group.cancelAll() }
        return try await body(listener.port)
    }
}

/// A number that several tasks change.
private final class Shared: Sendable {
    private let number: Atomic<Int>

    init(_ value: Int) { number = Atomic(value) }

    var value: Int { number.load(ordering: .relaxed) }

    func add(_ change: Int) -> Int { number.wrappingAdd(change, ordering: .relaxed).newValue }
}

/// A client of an FTP server.
private enum FTPClient {
    /// The most clients at a time.
    static let limit = 8
    /// How long a client may take until it sends its file, and until it ends after that.
    private static let patience = Duration.seconds(20)

    /// Serves a client until it quits, or takes too long.
    static func serve(_ client: FTPListener.Stream, _ content: any TFTPContent, host: String) async {
        let peer = client.channel.remoteAddress?.ipAddress
        let local = client.channel.localAddress?.ipAddress.flatMap { IPv4Address($0) }
        guard let peer else { return FTPListener.refuse(client) }
        // Whatever happens on the connection ends it; the board's program reports it, and the content was told.
        try? await client.executeThenClose { inbound, outbound in
            let commands = Shared(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    repeat { try await Task.sleep(for: patience) } while commands.value > 0
                }
                group.addTask {
                    var session = FTPSession(outbound, content, host: host, client: peer, local: local)
                    try await session.run(inbound) { isBusy in _ = commands.add(isBusy ? 1 : -1) }
                }
                // The first to end ends the other.
                try await group.next()
                group.cancelAll()
            }
        }
    }
}

/// One client of an FTP server.
private struct FTPSession {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let content: any TFTPContent
    private let host: String
    private let client: String
    private let local: IPv4Address?
    /// The port for the next upload's data.
    private var data: FTPListener?

    init(
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ content: any TFTPContent, host: String,
        client: String, local: IPv4Address?
    ) {
        self.outbound = outbound
        self.content = content
        self.host = host
        self.client = client
        self.local = local
    }

    mutating func run(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, isAtWork: (Bool) -> Void) async throws {
        try await say(FTPReply(220, "Flashkeep waits for an upload."))
        var line: [UInt8] = []
        for try await buffer in inbound {
            for byte in buffer.readableBytesView {
                guard byte == 0x0A else {
                    guard line.count < FTPCommand.limit else { return }
                    line.append(byte)
                    continue
                }
                if line.last == 0x0D { line.removeLast() }
                let command = FTPCommand(line)
                line = []
                isAtWork(true)
                try await answer(command)
                isAtWork(false)
                if command == .quit { return }
            }
        }
    }

    private mutating func answer(_ command: FTPCommand) async throws {
        switch command {
        case .user: try await say(FTPReply(331, "Any password will do."))
        case .password: try await say(FTPReply(230, "Logged in."))
        case .system: try await say(FTPReply(215, "UNIX Type: L8"))
        case .type(let isImage):
            try await say(isImage ? FTPReply(200, "Image.") : FTPReply(504, "Only TYPE I is supported."))
        case .passive, .extendedPassive:
            let listener = try await FTPListener.open(host)
            data = listener
            let port = listener.port
            if command == .passive, let local {
                try await say(.passive(local, port: port))
            } else {
                try await say(.extendedPassive(port: port))
            }
        case .allocate: try await say(FTPReply(202, "Not needed."))
        case .store(let name): try await store(name)
        case .noOperation: try await say(FTPReply(200, "OK."))
        case .quit: try await say(FTPReply(221, "Goodbye."))
        case .other: try await say(FTPReply(502, "Not supported."))
        }
    }

    private mutating func store(_ name: String) async throws {
        guard let listener = data else { return try await say(FTPReply(425, "Use PASV first.")) }
        data = nil
        let sink: any TFTPSink
        do {
            sink = try await content.open(writing: name, size: nil, client: client)
        } catch let error as TFTPError {
            return try await say(FTPReply(550, error.message))
        }
        do {
            try await say(FTPReply(150, "Send it."))
            try await receive(listener, sink)
            try await sink.commit()
        } catch {
            await sink.discard()
            let message = (error as? TFTPError)?.message ?? "The connection broke."
            return try await say(FTPReply(426, message))
        }
        try await say(FTPReply(226, "Received."))
    }

    /// Passes the first connection from the client to a sink. The client is held back while the sink works.
    private func receive(_ listener: FTPListener, _ sink: any TFTPSink) async throws {
        while let connection = await listener.next() {
            guard connection.channel.remoteAddress?.ipAddress == client else {
                FTPListener.refuse(connection)
                continue
            }
            return try await connection.executeThenClose { bytes, _ in
                for try await buffer in bytes { try await sink.write(Array(buffer.readableBytesView)) }
            }
        }
        throw TFTPError(.undefined, "There was no data connection.")
    }

    private func say(_ reply: FTPReply) async throws {
        try await outbound.write(ByteBuffer(string: reply.line))
    }
}
