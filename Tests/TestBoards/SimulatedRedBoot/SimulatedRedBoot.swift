package import BoardChannels
import FlashModel
import Synchronization
import TestSupport

/// A board with RedBoot at the other end of a serial line or a telnet connection, within this process.
///
/// Time is counted, not waited for: a read with a timeout returns the answer, or the silence, immediately. The same
/// dialogue always has the same result. The board and its clock persist across connections.
package final class SimulatedRedBoot: ChannelOpening {
    private let machine: Mutex<RedBootMachine>

    package let traits: ChannelTraits

    package init(_ scenario: RedBootScenario) {
        machine = Mutex(RedBootMachine(scenario))
        traits = ChannelTraits(
            scheme: scenario.isTelnet ? "tcp" : "serial", address: "a made-up line", mayHaveTerminal: true,
            isReliable: false, isSlow: true)
    }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        machine.withLock { $0.connect() }
        return try await body(SimulatedRedBootLine(self))
    }

    // MARK: For tests

    /// A fault at a command, by the command's number from 1, counted across restarts.
    package enum Fault: Sendable {
        /// The board resets after this many characters of the command's output: a watchdog, or the power
        /// (`malta-2006-reset` shows what follows).
        case reset(afterOutput: Int)
        /// The board hangs after this many characters of output, until it is switched off (`malta-2006-dump-abort`).
        case hang(afterOutput: Int)
        /// The board resets after this many bytes of a load by YMODEM. What arrives during the reset itself is lost; its
        /// length is an assumption (`malta-2006-reset` shows what follows).
        case resetWhileLoading(afterInput: Int)
    }

    /// Input that must never be sent.
    package struct Offence: Sendable, Hashable, CustomStringConvertible {
        package enum Kind: Sendable, Hashable {
            /// A command that is not complete in its words, that is not allowed, or that asks for what must not be done.
            case forbidden
            /// Characters were lost because they arrived while the board was not reading (PC16550D datasheet, overrun
            /// error).
            case typedAhead
            /// `$` or `+`: the debugger's stub answers from now on (`malta-2006-dollar`).
            case debugger
            /// A line of 255 characters runs by itself (`malta-2006-line-too-long`).
            case longLine
            /// An access to an address without memory, which hangs the board (`malta-2006-dump-abort`).
            case memory
        }

        package var kind: Kind
        package var text: String

        package var description: String { "\(kind): \(text)" }
    }

    package func schedule(_ fault: Fault, at command: Int) {
        machine.withLock { $0.faults[command] = fault }
    }

    /// Switches the board on, or off and on, after a delay in microseconds.
    package func powerOn(after delay: Int = 100_000) {
        machine.withLock { $0.powerAt = $0.clock + delay }
    }

    package func change(_ body: (inout RedBootScenario) -> Void) {
        machine.withLock { body(&$0.scenario) }
    }

    package var offences: [Offence] { machine.withLock { $0.offences } }
    /// Everything that the board received.
    package var typed: String { String(decoding: machine.withLock { $0.typed }, as: UTF8.self) }
    /// The executed command lines, as typed, without blanks at their ends.
    package var commands: [String] { machine.withLock { $0.ran } }
    /// How many of the executed command lines begin with these words.
    package func count(of words: String) -> Int {
        commands.count { $0 == words || $0.hasPrefix(words + " ") }
    }
    package var hardware: SimulatedHardware { machine.withLock { $0.scenario.hardware } }
    package var locked: Set<Int> { machine.withLock { $0.scenario.locked } }
    /// The number of starts of the board.
    package var starts: Int { machine.withLock { $0.starts } }
    /// The number of characters that the board has sent.
    package var sent: Int { machine.withLock { $0.sent } }
    /// Names of files that were offered over TFTP → their bytes, and those that were fetched.
    package func withFiles<Result: Sendable>(_ body: (inout RedBootFiles) -> Result) -> Result {
        machine.withLock { body(&$0.files) }
    }

    /// The output of a command, without using the line, with `\n` as line ends.
    package func reply(_ command: String) -> String {
        machine.withLock { machine in machine.run(command).text }
    }

    fileprivate func read(_ timeout: Duration) -> [UInt8]? {
        machine.withLock { $0.read(within: Self.microseconds(timeout)) }
    }

    fileprivate var now: Int { machine.withLock { $0.clock } }

    private static func microseconds(_ time: Duration) -> Int {
        let (seconds, rest) = time.components
        // Rounded up: a wait for less than a microsecond must not be a wait for nothing.
        return Int(seconds) * 1_000_000 + Int((rest + 999_999_999_999) / 1_000_000_000_000)
    }

    fileprivate func write(_ bytes: [UInt8]) {
        machine.withLock { $0.receive(bytes) }
    }
}

/// The files of a TFTP server beside a simulated board.
package struct RedBootFiles: Sendable {
    package var offered: [String: [UInt8]] = [:]
    /// Names of completely fetched files.
    package var fetched: Set<String> = []
    /// The number of loads begun.
    package var loads = 0
}

/// The cable of one connection.
private final class SimulatedRedBootLine: BoardChannel {
    private let board: SimulatedRedBoot

    init(_ board: SimulatedRedBoot) {
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
