package import BoardChannels
import FlashModel
import Synchronization

/// A board whose bootloader only prints memory, at the other end of a serial line, within this process.
///
/// Time is counted, not waited for: a read with a timeout returns the answer, or the silence, immediately. The same
/// dialogue always has the same result. The board and its clock persist across connections.
package final class SimulatedLoader: ChannelOpening {
    private let machine: Mutex<LoaderMachine>

    package let traits = ChannelTraits(
        scheme: "serial", address: "a made-up line", mayHaveTerminal: true, isReliable: false, isSlow: true)

    package init(_ board: some LoaderPersonality, start: Start = .prompt) {
        machine = Mutex(LoaderMachine(board, start))
    }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        machine.withLock { $0.connect() }
        return try await body(SimulatedLoaderLine(self))
    }

    // MARK: For tests

    /// What is running when the line is opened.
    package enum Start: Sendable, CaseIterable {
        case off
        case prompt
        /// It is switched on.
        case starting
    }

    /// A fault at a command, by the command's number from 1, counted across restarts.
    package enum Fault: Sendable {
        /// The board resets after this many characters of the command's output: a watchdog, or the power.
        case reset(afterOutput: Int)
        /// The board hangs after this many characters of output, until it is switched off.
        case hang(afterOutput: Int)
    }

    /// Input that must never be sent.
    package struct Offence: Sendable, Hashable, CustomStringConvertible {
        package enum Kind: Sendable, Hashable {
            /// A command that writes, or that is unknown to the client's whitelist.
            case forbidden
            /// Characters were lost because they arrived while the board was not reading (PC16550D datasheet, overrun
            /// error).
            case typedAhead
            /// An access to an address without memory.
            case memory
        }

        package var kind: Kind
        package var text: String

        package init(kind: Kind, text: String) {
            self.kind = kind
            self.text = text
        }

        package var description: String { "\(kind): \(text)" }
    }

    package func schedule(_ fault: Fault, at command: Int) {
        machine.withLock { $0.faults[command] = fault }
    }

    /// Switches the board on, or off and on, after a delay in microseconds.
    package func powerOn(after delay: Int = 100_000) {
        machine.withLock { $0.powerAt = $0.clock + delay }
    }

    package var offences: [Offence] { machine.withLock { $0.offences } }
    /// Everything that the board received.
    package var typed: [UInt8] { machine.withLock { $0.typed } }
    /// The executed command lines, as typed, without blanks at their ends.
    package var commands: [String] { machine.withLock { $0.ran } }
    package var hardware: SimulatedHardware { machine.withLock { $0.board.hardware } }
    /// The number of starts of the board.
    package var starts: Int { machine.withLock { $0.starts } }
    /// The number of characters that the board has sent.
    package var sent: Int { machine.withLock { $0.sent } }

    /// The output of a command, without using the line, with `\n` as line ends.
    package func reply(_ command: String) -> String {
        machine.withLock { $0.board.run(command).text }
    }

    /// Asks the bootloader's TFTP server for a file.
    func serve(_ name: String, at address: String) -> [UInt8]? {
        machine.withLock { $0.serve(name, at: address) }
    }

    /// Acknowledges the last block of that.
    func endServing() { machine.withLock { $0.endServing() } }

    /// Sends the bootloader's TFTP server a file.
    func takeFile(_ bytes: [UInt8], at address: String) { machine.withLock { $0.takeFile(bytes, at: address) } }

    fileprivate func read(_ timeout: Duration) -> [UInt8]? {
        let (seconds, rest) = timeout.components
        // Rounded up: a wait for less than a microsecond must not be a wait for nothing.
        let time = Int(seconds) * 1_000_000 + Int((rest + 999_999_999_999) / 1_000_000_000_000)
        return machine.withLock { $0.read(within: time) }
    }

    fileprivate var now: Int { machine.withLock { $0.clock } }

    fileprivate func write(_ bytes: [UInt8]) {
        machine.withLock { $0.receive(bytes) }
    }
}

/// The cable of one connection.
private final class SimulatedLoaderLine: BoardChannel {
    private let board: SimulatedLoader

    init(_ board: SimulatedLoader) {
        self.board = board
    }

    var traits: ChannelTraits { board.traits }
    var time: Duration { .microseconds(board.now) }

    func read(timeout: Duration?) async throws -> ChannelRead {
        try Task.checkCancellation()
        if let bytes = board.read(timeout ?? .seconds(3600)) { return .bytes(bytes) }
        // Nothing waits here, but other tasks must still get their turn.
        await Task.yield()
        return .timedOut
    }

    func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        try Task.checkCancellation()
        board.write(bytes)
    }
}
