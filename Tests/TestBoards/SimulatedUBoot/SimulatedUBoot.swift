package import BoardChannels
import FlashModel
import Synchronization
import TestSupport

/// A board with U-Boot at the other end of a serial line, within this process.
///
/// Time is counted, not waited for: a read with a timeout returns the answer, or the silence, immediately. The same
/// dialogue always has the same result. The board and its clock persist across connections.
package final class SimulatedUBoot: ChannelOpening {
    private let machine: Mutex<UBootMachine>

    package init(_ scenario: UBootScenario) {
        machine = Mutex(UBootMachine(scenario))
    }

    package let traits = ChannelTraits(
        scheme: "serial", address: "a made-up line", mayHaveTerminal: true, isReliable: false, isSlow: true)

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        machine.withLock { $0.hangUp() }
        return try await body(SimulatedLine(self))
    }

    // MARK: For tests

    /// A fault at a command, by the command's number from 1, counted across restarts.
    package enum Fault: Sendable {
        /// The board resets after this many characters of the command's output (`vexpress-2013.07-data-abort-reset`;
        /// `UBootLabTests`, aResetInTheMiddleIsGoneOnFrom).
        case reset(afterOutput: Int)
        /// The board resets in the middle of any output of more than this many characters: a watchdog that a long
        /// command does not feed. Without a recording; reports about OpenNuvoton's U-Boot 2016.11 for NUC970 tell of
        /// resets at the prompt.
        case watchdog(afterOutput: Int)
        /// The board resets after this many characters of the command were typed. Without a recording.
        case resetWhileTyping(Int)
        /// The board resets after this many bytes of a load by YMODEM. What arrives during the reset itself is lost. Its
        /// length is an assumption.
        case resetWhileLoading(afterInput: Int)
        /// The board hangs after this many characters of output, until it is switched off (`arm-mtd-hang-past-end`).
        case hang(afterOutput: Int)
        /// Other text is printed after this many characters of output, as drivers print it
        /// (`vexpress-2013.07-data-abort-reset`: `smc911x: …`).
        case saying(String, afterOutput: Int)
    }

    /// Input that must never be sent.
    package struct Offence: Sendable, Hashable, CustomStringConvertible {
        package enum Kind: Sendable, Hashable {
            /// A bare Enter repeats the last command (`malta-bare-enter`).
            case bareEnter
            /// A command that writes, or that is not allowed.
            case forbidden
            /// Characters were lost because they arrived while the board was not reading (`malta-typeahead`; PC16550D
            /// datasheet, overrun error).
            case typedAhead
            /// A menu digit that writes flash (Ralink's U-Boot 1.1.3, `lib_mips/board.c`, board_init_r).
            case menu
            /// An access to an address without memory, or to U-Boot's own memory
            /// (`vexpress-2013.07-data-abort-reset`).
            case memory
            /// A page of NAND that was not blank was programmed (`sandbox-2026.07-nand-rw`: the chip refuses it).
            case reprogrammed
        }

        package var kind: Kind
        package var text: String

        package var description: String { "\(kind): \(text)" }
    }

    package func schedule(_ fault: Fault, at command: Int) {
        machine.withLock { $0.faults[command] = fault }
    }

    /// Repeats a fault at every `count`th command, without end.
    package func schedule(_ fault: Fault, every count: Int) {
        machine.withLock { $0.repeatedFault = (fault, count) }
    }

    /// Switches the board on, or off and on, after a delay in microseconds
    /// (`lab-malta-built-missed-boot-after-power-cycle`).
    package func powerOn(after delay: Int = 100_000) {
        machine.withLock { $0.powerOn(after: delay) }
    }

    package func change(_ body: (inout UBootScenario) -> Void) {
        machine.withLock { body(&$0.scenario) }
    }

    /// The current rate of the board's console in bits per second.
    package var rate: Int? { machine.withLock { $0.rate } }
    /// The rate of the other end of the line in bits per second.
    package var lineRate: Int? { machine.withLock { $0.lineRate } }

    package var offences: [Offence] { machine.withLock { $0.offences } }
    /// Everything that the board received.
    package var typed: String { String(decoding: machine.withLock { $0.typed }, as: UTF8.self) }
    /// The executed command lines, as typed.
    package var commands: [String] { machine.withLock { $0.ran } }
    /// How many of the executed command lines begin with this word.
    package func count(of command: String) -> Int {
        commands.count { $0.split(separator: " ").first.map(String.init) == command }
    }
    package var hardware: SimulatedHardware { machine.withLock { $0.scenario.hardware } }
    package var variables: [String: String] { machine.withLock { $0.scenario.variables } }
    /// The variables in RAM.
    package var liveVariables: [String: String] { machine.withLock { $0.variables } }
    /// Whether its output goes to the network.
    package var printsToNetwork: Bool { machine.withLock { $0.printsToNetwork } }
    /// The number of starts of the board.
    /// The board's clock, from when it was made.
    package var time: Duration { .microseconds(now) }
    package var starts: Int { machine.withLock { $0.starts } }

    /// The output of a command, without using the line, with `\n` as line ends.
    package func reply(_ command: String) -> String {
        machine.withLock { machine in
            machine.run(command).text
        }
    }

    fileprivate func read(_ timeout: Duration) -> [UInt8]? {
        machine.withLock { $0.received(within: Self.microseconds(timeout)) }
    }

    /// The board's clock in microseconds.
    fileprivate var now: Int { machine.withLock { $0.clock } }

    fileprivate func setLineRate(_ rate: Int) {
        machine.withLock { $0.lineRate = rate }
    }

    private static func microseconds(_ time: Duration) -> Int {
        let (seconds, rest) = time.components
        // Rounded up: a wait for less than a microsecond must not be a wait for nothing.
        return Int(seconds) * 1_000_000 + Int((rest + 999_999_999_999) / 1_000_000_000_000)
    }

    // MARK: The network

    func readNetwork(_ timeout: Duration) -> [UInt8]? {
        machine.withLock { $0.readNetwork(within: Self.microseconds(timeout)) }
    }

    func hearNetwork(_ isHeard: Bool) { machine.withLock { $0.isNetworkHeard = isHeard } }

    func withUploads<Result: Sendable>(_ body: (inout UBootUploads) -> Result) -> Result {
        machine.withLock { body(&$0.uploads) }
    }

    fileprivate func write(_ bytes: [UInt8]) {
        machine.withLock { $0.receive($0.garbled(bytes)) }
    }
}

/// The cable of one connection.
private final class SimulatedLine: BoardChannel {
    private let board: SimulatedUBoot

    init(_ board: SimulatedUBoot) {
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

    var lineRate: Int? { board.lineRate }

    func setLineRate(_ rate: Int) async throws {
        try Task.checkCancellation()
        guard board.lineRate != nil else {
            throw FlashkeepError(.portUnavailable, what: "No rate.", why: "Made so.", next: "Leave it.")
        }
        board.setLineRate(rate)
    }
}
