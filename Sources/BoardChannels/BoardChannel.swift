private import FlashModel

/// A two-way byte stream to a board.
///
/// Reads and writes may overlap, but there may be only one reader and one writer: a channel is leased to one console.
/// Channels are opened by ``ChannelOpening/withChannel(_:)`` and end with its closure.
package protocol BoardChannel: AnyObject, Sendable {
    /// The properties of the stream.
    var traits: ChannelTraits { get }

    /// The clock for the timeouts of ``read(timeout:)``: it starts at any value and never goes back. A simulated board
    /// has its own.
    var time: Duration { get }

    /// Returns the next bytes, at least one, as soon as there are any.
    ///
    /// - Parameter timeout: how long to wait; nil for no limit.
    /// - Throws: `CancellationError`, and the error with which the channel broke.
    func read(timeout: Duration?) async throws -> ChannelRead

    /// Sends all bytes, in order.
    ///
    /// - Parameter isSecret: whether this is a password, of which a transcript records only that something was sent.
    /// - Throws: ``FlashkeepError`` with `boardLost` if the connection is gone.
    func write(_ bytes: [UInt8], isSecret: Bool) async throws

    /// What the Enter key sends through this channel, at this moment: a line feed, which every terminal takes for Enter,
    /// unless the channel's protocol has an end of line of its own.
    var enterKey: String { get }

    /// The ends of the network connection to the board; nil if there is none, or they are unknown.
    var networkEnds: NetworkEnds? { get }

    /// Marks the bytes that follow as flash data (or ends the mark), which an evidence transcript only counts.
    func markBulk(_ isBulk: Bool)

    /// The bit rate of a serial line of this computer, in bits per second; nil if the channel has no rate.
    var lineRate: Int? { get }

    /// Sets the bit rate of the line, after everything written has been sent.
    ///
    /// - Parameter rate: bits per second, 50 to 4,000,000.
    /// - Throws: ``FlashkeepError`` with `portUnavailable` if the channel has no rate, or its port does not support
    ///   this one; `boardLost` if the port is gone.
    func setLineRate(_ rate: Int) async throws
}

extension BoardChannel {
    package var time: Duration { ComputerTime.now }
    package func write(_ bytes: [UInt8]) async throws { try await write(bytes, isSecret: false) }
    package var enterKey: String { "\n" }
    package var networkEnds: NetworkEnds? { nil }
    package func markBulk(_ isBulk: Bool) {}
    package var lineRate: Int? { nil }

    package func setLineRate(_ rate: Int) async throws {
        throw FlashkeepError(
            .portUnavailable, what: "\(traits.address) cannot be set to \(rate) baud.",
            why: "It is not a serial port of this computer, so its rate cannot be set from here.",
            next: "Set the rate on the computer that has the port, or omit --baud.")
    }
}

/// This computer's clock for ``BoardChannel/time``.
private enum ComputerTime {
    static let start = ContinuousClock.now
    static var now: Duration { start.duration(to: .now) }
}

/// The addresses of both ends of a network connection, as text.
package struct NetworkEnds: Sendable, Hashable {
    /// This computer's address.
    package var local: String
    /// The other side's address.
    package var peer: String

    package init(local: String, peer: String) {
        self.local = local
        self.peer = peer
    }
}

/// The result of a read.
package enum ChannelRead: Sendable, Equatable {
    case bytes([UInt8])
    /// Nothing arrived in time.
    case timedOut
    /// The peer closed the connection cleanly; every later read returns this too.
    case closed
}

/// The properties of a byte stream.
package struct ChannelTraits: Sendable, Equatable {
    /// The scheme of the address, which names the type of connection: `ssh`, `telnet`, `serial`.
    package var scheme: String
    /// The address for people, without secrets.
    package var address: String
    /// Whether the board's end may be a terminal: echo, line editing, `login:`, and line ends turned into CR LF.
    package var mayHaveTerminal: Bool
    /// Whether bytes arrive as they were sent, or not at all (SSH's MAC, a pipe). A serial line loses and flips some.
    package var isReliable: Bool
    /// Whether the line is slower than the board, so that compression pays.
    package var isSlow: Bool
    /// Whether its other end is the board itself, not a computer or a server to which the board's console is connected.
    package var endsAtBoard: Bool

    package init(
        scheme: String, address: String, mayHaveTerminal: Bool, isReliable: Bool, isSlow: Bool,
        endsAtBoard: Bool = false
    ) {
        self.scheme = scheme
        self.address = address
        self.mayHaveTerminal = mayHaveTerminal
        self.isReliable = isReliable
        self.isSlow = isSlow
        self.endsAtBoard = endsAtBoard
    }
}

/// Opens a channel for the duration of a closure.
package protocol ChannelOpening: Sendable {
    /// The properties of the channel, known before it is opened.
    var traits: ChannelTraits { get }

    /// Opens the channel, runs the body, and closes the channel in any case.
    ///
    /// - Throws: ``FlashkeepError`` if it cannot be opened, and what the body throws.
    func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result

    /// An opener of further channels to the same board, each to a command of its own in place of a shell; nil if there
    /// can be none. It never asks the user for anything.
    ///
    /// - Parameter command: for the board's shell.
    func running(_ command: String) -> (any ChannelOpening)?
}

extension ChannelOpening {
    package func running(_ command: String) -> (any ChannelOpening)? { nil }
}
