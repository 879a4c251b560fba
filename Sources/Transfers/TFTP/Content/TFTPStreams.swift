private import Synchronization

/// Bytes in memory, for a client to read.
package actor TFTPMemorySource: TFTPSource {
    package nonisolated let size: Int?
    private let bytes: [UInt8]
    private let whenRead: @Sendable () -> Void
    private var place = 0

    /// - Parameter whenRead: called after the last byte was handed out.
    package init(_ bytes: [UInt8], whenRead: @escaping @Sendable () -> Void = {}) {
        self.bytes = bytes
        self.whenRead = whenRead
        size = bytes.count
    }

    package func read(_ count: Int) async throws -> [UInt8] {
        let piece = bytes[place...].prefix(max(1, count))
        place += piece.count
        if place == bytes.count { whenRead() }
        return Array(piece)
    }

    package func close() async {}
}

/// Bytes produced by closures, for a client to read.
package struct TFTPStreamSource: TFTPSource {
    package let size: Int?
    private let next: @Sendable (_ count: Int) async throws -> [UInt8]
    private let end: @Sendable () async -> Void

    /// - Parameters:
    ///   - size: the total size in bytes; nil if unknown.
    ///   - close: as ``TFTPSource/close()``.
    ///   - read: as ``TFTPSource/read(_:)``.
    package init(
        size: Int? = nil, close: @escaping @Sendable () async -> Void = {},
        read: @escaping @Sendable (_ count: Int) async throws -> [UInt8]
    ) {
        self.size = size
        next = read
        end = close
    }

    package func read(_ count: Int) async throws -> [UInt8] { try await next(count) }

    package func close() async { await end() }
}

/// Keeps a client's upload in memory.
package final class TFTPMemorySink: TFTPSink {
    private struct State {
        var bytes: [UInt8] = []
        var isWhole = false
    }

    /// The maximum size in bytes.
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: the maximum size in bytes; a larger upload fails.
    package init(limit: Int) {
        self.limit = max(0, limit)
    }

    /// The upload; nil until it is complete.
    package var bytes: [UInt8]? {
        state.withLock { $0.isWhole ? $0.bytes : nil }
    }

    package func write(_ bytes: [UInt8]) async throws {
        try state.withLock { state throws(TFTPError) in
            guard bytes.count <= limit - state.bytes.count else {
                throw TFTPError(.diskFull, "At most \(limit) bytes are accepted.")
            }
            state.bytes += bytes
        }
    }

    package func commit() async throws {
        state.withLock { $0.isWhole = true }
    }

    package func discard() async {
        state.withLock { $0 = State() }
    }
}

/// Passes a client's upload to closures, piece by piece. The client is held back while they work.
package struct TFTPStreamSink: TFTPSink {
    private let take: @Sendable (_ bytes: [UInt8]) async throws -> Void
    private let finish: @Sendable () async throws -> Void
    private let drop: @Sendable () async -> Void

    /// - Parameters:
    ///   - commit: as ``TFTPSink/commit()``.
    ///   - discard: as ``TFTPSink/discard()``.
    ///   - write: as ``TFTPSink/write(_:)``.
    package init(
        commit: @escaping @Sendable () async throws -> Void = {}, discard: @escaping @Sendable () async -> Void = {},
        write: @escaping @Sendable (_ bytes: [UInt8]) async throws -> Void
    ) {
        take = write
        finish = commit
        drop = discard
    }

    package func write(_ bytes: [UInt8]) async throws { try await take(bytes) }

    package func commit() async throws { try await finish() }

    package func discard() async { await drop() }
}
