package import BoardChannels
import Synchronization

/// A board that never prints anything (`lab-malta-built-missed-boot-missed`: a kernel that says nothing), with its own
/// clock, so that nobody waits for it.
package final class SilentBoard: ChannelOpening {
    package let traits: ChannelTraits

    package init(scheme: String = "serial", isSlow: Bool = true) {
        traits = ChannelTraits(
            scheme: scheme, address: "a simulated line", mayHaveTerminal: true, isReliable: false, isSlow: isSlow)
    }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await body(Line(traits: traits))
    }

    private final class Line: BoardChannel {
        let traits: ChannelTraits
        private let clock = Mutex(Duration.zero)

        init(traits: ChannelTraits) { self.traits = traits }

        var time: Duration { clock.withLock { $0 } }

        func read(timeout: Duration?) async throws -> ChannelRead {
            try Task.checkCancellation()
            clock.withLock { $0 += timeout ?? .seconds(3_600) }
            await Task.yield()
            return .timedOut
        }

        func write(_ bytes: [UInt8], isSecret: Bool) async throws {
            try Task.checkCancellation()
            // 115,200 bits per second, 10 bits for each byte.
            clock.withLock { $0 += .microseconds(87) * bytes.count }
        }
    }
}

/// The output of something that never falls silent (`BackupLabTests`, aLoginOnASerialLineFullOfKernelMessages). Tests
/// choose text and pace; extremes have no evidence.
package struct Talk: Sendable, CustomStringConvertible {
    /// Repeated endlessly, so many bytes at a time.
    package var text: [UInt8]
    package var bytes: Int
    package var every: Duration

    /// - Parameter bytes: nil prints the whole text each time.
    package init(_ text: String, bytes: Int? = nil, every: Duration) {
        self.init(Array(text.utf8), bytes: bytes, every: every)
    }

    package init(_ text: [UInt8], bytes: Int? = nil, every: Duration) {
        self.text = text
        self.bytes = bytes ?? text.count
        self.every = every
    }

    package var description: String { "\(bytes) of \(text.count) bytes every \(every)" }
}

/// A line with constant output in addition to the board's own.
package final class TalkingOpener: ChannelOpening {
    private let below: any ChannelOpening
    private let talk: Talk
    private let starts: @Sendable (String) -> Bool
    private let hasRate: Bool
    private let state = Mutex(State())

    private struct State {
        var sent: [UInt8] = []
        var time = Duration.zero
        var reads = 0
    }

    /// - Parameters:
    ///   - hasRate: whether the line has a rate that can be set, without effect.
    ///   - starts: called with everything sent to the board, until it returns true: the output starts then.
    package init(
        _ below: any ChannelOpening, _ talk: Talk, hasRate: Bool = false,
        starts: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.below = below
        self.talk = talk
        self.hasRate = hasRate
        self.starts = starts
    }

    package var traits: ChannelTraits { below.traits }
    /// Everything sent to the board.
    package var sent: String { String(decoding: state.withLock { $0.sent }, as: UTF8.self) }
    /// How long the board has been listened to, by the line's own clock.
    package var time: Duration { state.withLock { $0.time } }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await below.withChannel { channel in
            let start = channel.time
            return try await body(
                TalkingLine(
                    channel, talk, rate: hasRate ? 115_200 : nil,
                    wrote: { bytes in self.state.withLock { $0.sent += bytes } },
                    hasBegun: { self.starts(self.sent) },
                    passed: { time in self.state.withLock { $0.time = time - start } }))
        }
    }
}

private final class TalkingLine: BoardChannel {
    private struct State {
        var next: Duration?
        var position = 0
        var rate: Int?
    }

    private let below: any BoardChannel
    private let talk: Talk
    private let wrote: @Sendable ([UInt8]) -> Void
    private let hasBegun: @Sendable () -> Bool
    private let passed: @Sendable (Duration) -> Void
    private let state = Mutex(State())

    init(
        _ below: any BoardChannel, _ talk: Talk, rate: Int?, wrote: @escaping @Sendable ([UInt8]) -> Void,
        hasBegun: @escaping @Sendable () -> Bool, passed: @escaping @Sendable (Duration) -> Void
    ) {
        self.below = below
        self.talk = talk
        self.wrote = wrote
        self.hasBegun = hasBegun
        self.passed = passed
        state.withLock { $0.rate = rate }
    }

    var traits: ChannelTraits { below.traits }
    var time: Duration { below.time }
    var enterKey: String { below.enterKey }
    var lineRate: Int? { state.withLock { $0.rate } ?? below.lineRate }
    func markBulk(_ isBulk: Bool) { below.markBulk(isBulk) }

    func setLineRate(_ rate: Int) async throws {
        if state.withLock({ $0.rate }) != nil { return state.withLock { $0.rate = rate } }
        try await below.setLineRate(rate)
    }

    func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        try await below.write(bytes, isSecret: isSecret)
        wrote(bytes)
    }

    func read(timeout: Duration?) async throws -> ChannelRead {
        defer { passed(time) }
        let end = time + (timeout ?? .seconds(3_600))
        while true {
            try Task.checkCancellation()
            if let said = said() { return .bytes(said) }
            let due = state.withLock { $0.next } ?? end
            let read = try await below.read(timeout: max(.zero, min(end, due) - time))
            guard read == .timedOut else { return read }
            if time >= end { return said().map { .bytes($0) } ?? .timedOut }
        }
    }

    /// The output up to now, as much as a driver keeps (Linux `drivers/tty/tty_buffer.c`, TTYB_DEFAULT_MEM_LIMIT:
    /// 65,536 bytes at first, later 640 KiB).
    private func said() -> [UInt8]? {
        let now = time
        let isOn = hasBegun()
        return state.withLock { state in
            guard isOn else { return nil }
            var next = state.next ?? now + talk.every
            defer { state.next = next }
            var said: [UInt8] = []
            while next <= now {
                if said.count < 65_536 {
                    for _ in 0..<talk.bytes where !talk.text.isEmpty {
                        said.append(talk.text[state.position % talk.text.count])
                        state.position = (state.position + 1) % talk.text.count
                    }
                }
                next += talk.every
            }
            return said.isEmpty ? nil : said
        }
    }
}
