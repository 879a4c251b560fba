internal import BoardChannels
internal import FlashAccess
internal import FlashModel

/// How a transfer ended.
enum EVATransferEnd: Sendable, Hashable {
    /// All bytes of the partition came.
    case complete
    /// The loader does not send the partition.
    ///
    /// - Parameter words: its reply.
    case refused(words: String)
    /// The transfer stopped too early.
    ///
    /// - Parameters:
    ///   - offset: the number of bytes that came.
    ///   - why: a clause.
    case cut(offset: Int, why: String)
}

extension EVASession {
    /// Receives the bytes of a whole partition. The loader does not signal the end: it is where the partition's table says.
    ///
    /// - Parameters:
    ///   - size: of the partition, in bytes.
    ///   - data: opens a connection to a port of the loader.
    ///   - each: called for each run of bytes, with its offset.
    /// - Throws: errors of the control connection, of opening the data connection, and of `each`.
    func retrieve(
        _ name: EVAPartitionName, size: Int, data: (Int) -> any ChannelOpening,
        each: (Int, [UInt8]) async throws -> Void
    ) async throws -> EVATransferEnd {
        let port: Int
        switch try await passivePort() {
        case .success(let number): port = number
        case .failure(let refusal): return .refused(words: refusal.words)
        }
        // The loader connects nothing later: the connection must stand before the command (Freetz `tools/recover-eva`).
        return try await data(port).withChannel { channel in
            let reply = try await ask(.retrieve(name))
            guard reply.isPreliminary else { return .refused(words: reply.words) }
            channel.markBulk(true)
            defer { channel.markBulk(false) }
            let end = try await Self.receive(size, limits, from: channel, each: each)
            guard case .cut(let offset, let why) = end, let words = try await words(within: limits.farewell) else {
                return end
            }
            return offset == 0 ? .refused(words: words) : .cut(offset: offset, why: "\(why): \(words)")
        }
    }

    private struct Refusal: Error {
        var words: String
    }

    private func passivePort() async throws -> Result<Int, Refusal> {
        let usual = try await ask(.passive(.usual))
        if let port = usual.passivePort { return .success(port) }
        let other = usual.isUnknownCommand ? try await ask(.passive(.hidden)) : usual
        guard let port = other.passivePort else { return .failure(Refusal(words: other.words)) }
        return .success(port)
    }

    private static func receive(
        _ size: Int, _ limits: EVALimits, from channel: any BoardChannel,
        each: (Int, [UInt8]) async throws -> Void
    ) async throws -> EVATransferEnd {
        var offset = 0
        var mark = (time: channel.time, offset: 0)
        while offset < size {
            let read: ChannelRead
            do {
                read = try await channel.read(timeout: limits.silence)
            } catch let error as FlashkeepError {
                return .cut(offset: offset, why: PlainText.line(error.why))
            }
            switch read {
            case .bytes(let bytes):
                let part = bytes.prefix(size - offset)
                try await each(offset, Array(part))
                offset += part.count
            case .closed: return .cut(offset: offset, why: "the loader ended the transfer")
            case .timedOut: return .cut(offset: offset, why: "no more bytes came")
            }
            if channel.time - mark.time > limits.silence {
                guard offset - mark.offset >= limits.leastBytes else {
                    return .cut(offset: offset, why: "hardly any more bytes came")
                }
                mark = (channel.time, offset)
            }
        }
        return .complete
    }

    /// The loader's words about a transfer that failed; nil if it says nothing.
    private func words(within limit: Duration) async throws -> String? {
        guard let reply = try await pending(within: limit), reply.code >= 400 else { return nil }
        return reply.words
    }
}
