package import BoardChannels
private import FlashModel

/// A channel used as a dialogue: send something, wait for something.
///
/// It is leased to one task at a time and therefore a plain class that cannot be sent elsewhere: an actor would let a
/// second command begin while the first one waits for its reply.
package final class Console {
    package let channel: any BoardChannel
    /// Received and not yet used.
    private var buffer: [UInt8] = []

    package init(_ channel: any BoardChannel) {
        self.channel = channel
    }

    /// Sends text as it is; line ends are the caller's.
    package func send(_ text: String, isSecret: Bool = false) async throws {
        try await channel.write(Array(text.utf8), isSecret: isSecret)
    }

    /// Takes what was received: at once if there is something, else what comes within the time.
    ///
    /// - Returns: nil where nothing came.
    /// - Throws: ``FlashkeepError`` with `boardLost` where the channel is closed.
    package func bytes(within silence: Duration) async throws -> [UInt8]? {
        if !buffer.isEmpty {
            defer { buffer = [] }
            return buffer
        }
        switch try await channel.read(timeout: silence) {
        case .bytes(let bytes): return bytes
        case .timedOut: return nil
        case .closed: throw closed()
        }
    }

    /// Puts bytes back that were taken and not used.
    package func putBack(_ bytes: some Collection<UInt8>) {
        buffer.insert(contentsOf: bytes, at: 0)
    }

    /// Reads up to and including a pattern.
    ///
    /// - Parameters:
    ///   - pattern: at least one byte.
    ///   - silence: how long nothing may come.
    ///   - limit: the most bytes before the pattern.
    /// - Returns: what came before the pattern; nil where the board fell silent or sent more than the limit (what was
    ///   received then waits to be read).
    package func bytes(
        until pattern: [UInt8], silence: Duration, limit: Int
    ) async throws -> [UInt8]? {
        var searched = 0
        while true {
            if let range = ByteSearch.firstRange(of: pattern, in: buffer, from: max(0, searched - pattern.count + 1)) {
                let before = Array(buffer[..<range.lowerBound])
                buffer.removeSubrange(..<range.upperBound)
                return before
            }
            searched = buffer.count
            guard buffer.count <= limit else { return nil }
            switch try await channel.read(timeout: silence) {
            case .bytes(let bytes): buffer += bytes
            case .timedOut: return nil
            case .closed: throw closed()
            }
        }
    }

    /// Takes everything until the board has been silent for a while.
    ///
    /// - Parameters:
    ///   - quiet: how long it must be silent.
    ///   - longest: how long a board that never falls silent is listened to; nil is for 200 reads.
    /// - Returns: the last 64 KiB of it.
    package func collect(quiet: Duration, longest: Duration? = nil) async throws -> [UInt8] {
        var all = buffer
        buffer = []
        let end = longest.map { ContinuousClock.now + $0 }
        for _ in 0..<200 {
            if let end, ContinuousClock.now >= end { return all }
            switch try await channel.read(timeout: quiet) {
            case .bytes(let bytes):
                all += bytes
                if all.count > 65_536 { all.removeFirst(all.count - 65_536) }
            case .timedOut: return all
            case .closed:
                if all.isEmpty { throw closed() }
                return all
            }
        }
        return all
    }

    private func closed() -> FlashkeepError {
        FlashkeepError(
            .boardLost, what: "\(channel.traits.address) closed the connection.",
            why: "The board restarted, logged us out, or lost its network.",
            next: "Check the board, then run the same command again: it goes on where it was.")
    }
}

/// Finding bytes in bytes.
package enum ByteSearch {
    /// The first place of a pattern at or after `start`; nil where there is none, or the pattern is empty.
    package static func firstRange(of pattern: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Range<Int>? {
        guard let first = pattern.first, pattern.count <= bytes.count else { return nil }
        var position = max(0, start)
        let last = bytes.count - pattern.count
        while position <= last {
            guard let hit = bytes[position...].firstIndex(of: first), hit <= last else { return nil }
            if bytes[hit..<(hit + pattern.count)].elementsEqual(pattern) { return hit..<(hit + pattern.count) }
            position = hit + 1
        }
        return nil
    }
}
