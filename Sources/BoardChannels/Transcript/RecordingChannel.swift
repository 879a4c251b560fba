private import FlashModel
private import Synchronization

/// A channel that records the traffic of another one.
package final class RecordingChannel: BoardChannel {
    /// How much of the flash data is recorded.
    package enum Detail: Sendable {
        /// Every byte.
        case everything
        /// Flash data as a count and a CRC-32: the bytes themselves are in the images.
        case withoutBulk
    }

    private struct State {
        var isBulk = false
        var bulkCount = 0
        var bulkChecksum = StreamingChecksum(.crc32)
        var secrets: [[UInt8]] = []
    }

    private let below: any BoardChannel
    private let detail: Detail
    private let now: @Sendable () -> Duration
    private let sink: @Sendable (TranscriptEntry) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - now: the time since the channel was opened.
    ///   - sink: receives the entries, in order for each direction.
    package init(
        _ below: any BoardChannel, detail: Detail, now: @escaping @Sendable () -> Duration,
        sink: @escaping @Sendable (TranscriptEntry) -> Void
    ) {
        self.below = below
        self.detail = detail
        self.now = now
        self.sink = sink
    }

    package var traits: ChannelTraits { below.traits }
    package var time: Duration { below.time }
    package var enterKey: String { below.enterKey }
    package var networkEnds: NetworkEnds? { below.networkEnds }

    package func read(timeout: Duration?) async throws -> ChannelRead {
        let read: ChannelRead
        do {
            read = try await below.read(timeout: timeout)
        } catch {
            remark("the channel broke")
            throw error
        }
        switch read {
        case .bytes(let bytes): record(bytes)
        case .closed: remark("closed by the board")
        case .timedOut: break
        }
        return read
    }

    package func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        if isSecret {
            state.withLock { $0.secrets.append(bytes.filter { $0 > 0x20 }) }
            remark("a password was sent")
        } else {
            sink(TranscriptEntry(time: now(), kind: .sent, bytes: bytes))
        }
        try await below.write(bytes, isSecret: isSecret)
    }

    package func markBulk(_ isBulk: Bool) {
        below.markBulk(isBulk)
        let ended = state.withLock { state -> (count: Int, crc: String)? in
            defer { state.isBulk = isBulk }
            guard state.isBulk, !isBulk, state.bulkCount > 0 else { return nil }
            defer {
                state.bulkCount = 0
                state.bulkChecksum = StreamingChecksum(.crc32)
            }
            return (state.bulkCount, state.bulkChecksum.finalize().hex)
        }
        if let ended { remark("\(ended.count) bytes with flash data, crc32 \(ended.crc)") }
    }

    package var lineRate: Int? { below.lineRate }

    package func setLineRate(_ rate: Int) async throws {
        try await below.setLineRate(rate)
        remark("the line is set to \(rate) bits per second")
    }

    private func record(_ bytes: [UInt8]) {
        let shown = state.withLock { state -> [UInt8]? in
            if state.isBulk, detail == .withoutBulk {
                state.bulkCount += bytes.count
                state.bulkChecksum.update(bytes)
                return nil
            }
            // A board may echo them.
            return SecretBlanking.blanked(bytes, state.secrets)
        }
        if let shown { sink(TranscriptEntry(time: now(), kind: .received, bytes: shown)) }
    }

    private func remark(_ text: String) {
        sink(TranscriptEntry(time: now(), kind: .remark, bytes: Array(text.utf8)))
    }
}

/// Opens a channel with a recorder around it.
package struct RecordingOpener: ChannelOpening {
    private let below: any ChannelOpening
    private let wrap: @Sendable (any BoardChannel) -> any BoardChannel

    /// - Parameter wrap: wraps the open channel in the recorder.
    package init(_ below: any ChannelOpening, wrap: @escaping @Sendable (any BoardChannel) -> any BoardChannel) {
        self.below = below
        self.wrap = wrap
    }

    package var traits: ChannelTraits { below.traits }

    /// What passes beside the console is flash data, which is not recorded.
    package func running(_ command: String) -> (any ChannelOpening)? { below.running(command) }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await below.withChannel { channel in try await body(wrap(channel)) }
    }
}
