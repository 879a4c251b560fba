private import FlashModel

/// A two-way byte stream to a board.
///
/// Reads and writes may go on at the same time, but only one reader and one writer may: a channel is leased to one
/// console. Channels are opened by ``ChannelOpening/withChannel(_:)`` and end with its closure.
package protocol BoardChannel: AnyObject, Sendable {
    /// What may be expected of the stream.
    var traits: ChannelTraits { get }

    /// The time by which ``read(timeout:)`` measures: it begins anywhere and never goes back. A simulated board counts its
    /// own.
    var time: Duration { get }

    /// The bytes that came next, at least one, as soon as there are any.
    ///
    /// - Parameter timeout: how long to wait; nil waits without end.
    /// - Throws: `CancellationError`, and the error with which the channel broke.
    func read(timeout: Duration?) async throws -> ChannelRead

    /// Sends all of the bytes, in order.
    ///
    /// - Parameter isSecret: a password: a transcript keeps only that something was sent.
    /// - Throws: ``FlashkeepError`` with `boardLost` where the board is gone.
    func write(_ bytes: [UInt8], isSecret: Bool) async throws

    /// Says that what comes now is flash data (or no longer is), which an evidence transcript only counts.
    func markBulk(_ isBulk: Bool)

    /// Bits a second of a serial line of this computer; nil where the channel has no rate of its own.
    var lineRate: Int? { get }

    /// Sets the line to another rate, once what was written has been sent.
    ///
    /// - Parameter rate: bits a second, 50 to 4,000,000.
    /// - Throws: ``FlashkeepError`` with `portUnavailable` where the channel has no rate, or its port cannot make this
    ///   one; `boardLost` where it is gone.
    func setLineRate(_ rate: Int) async throws
}

extension BoardChannel {
    package var time: Duration { ComputerTime.now }
    package func write(_ bytes: [UInt8]) async throws { try await write(bytes, isSecret: false) }
    package func markBulk(_ isBulk: Bool) {}
    package var lineRate: Int? { nil }

    package func setLineRate(_ rate: Int) async throws {
        throw FlashkeepError(
            .portUnavailable, what: "\(traits.address) cannot be set to \(rate) baud.",
            why: "It is no serial port of this computer, so its rate is somebody else's.",
            next: "Set the rate where the port is, or leave --baud out.")
    }
}

/// The time of this computer, as ``BoardChannel/time`` has it.
private enum ComputerTime {
    static let start = ContinuousClock.now
    static var now: Duration { start.duration(to: .now) }
}

/// What a read brought.
package enum ChannelRead: Sendable, Equatable {
    case bytes([UInt8])
    /// Nothing came within the time.
    case timedOut
    /// The other side closed in good order; every later read says so too.
    case closed
}

/// What may be expected of a byte stream.
package struct ChannelTraits: Sendable, Equatable {
    /// The way in, such as `ssh`, `telnet`, `serial`.
    package var way: String
    /// The address for people, without secrets.
    package var address: String
    /// Whether a terminal may stand on the board's end: echo, line editing, `login:`, and line ends made CR LF.
    package var mayHaveTerminal: Bool
    /// Whether bytes arrive as they were sent, or not at all (SSH's MAC, a pipe). A serial line loses and flips some.
    package var isReliable: Bool
    /// Whether the line, and not the board, sets the pace, so that compression pays.
    package var isSlow: Bool

    package init(way: String, address: String, mayHaveTerminal: Bool, isReliable: Bool, isSlow: Bool) {
        self.way = way
        self.address = address
        self.mayHaveTerminal = mayHaveTerminal
        self.isReliable = isReliable
        self.isSlow = isSlow
    }
}

/// Something that can open a channel for the length of a closure.
package protocol ChannelOpening: Sendable {
    /// What the channel will be, known before it is opened.
    var traits: ChannelTraits { get }

    /// Opens the channel, runs the body and closes the channel whatever happens.
    ///
    /// - Throws: ``FlashkeepError`` where it cannot be opened, and what the body throws.
    func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result
}
