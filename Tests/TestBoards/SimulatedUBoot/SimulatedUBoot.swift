package import BoardChannels
import FlashModel
import Synchronization
import TestSupport

/// A board with U-Boot at the other end of a serial line, within this process.
///
/// Time is counted, not waited for: who reads with a timeout has the answer, or the silence, at once. The same
/// dialogue always goes the same way. The board and its clock go on through all connections.
package final class SimulatedUBoot: ChannelOpening {
    private let machine: Mutex<UBootMachine>

    package init(_ scenario: UBootScenario) {
        machine = Mutex(UBootMachine(scenario))
    }

    package let traits = ChannelTraits(
        way: "serial", address: "a made-up line", mayHaveTerminal: true, isReliable: false, isSlow: true)

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        machine.withLock { $0.hangUp() }
        return try await body(SimulatedLine(self))
    }

    // MARK: For tests

    /// What happens at a command, by its number from 1, through all restarts.
    package enum Fault: Sendable {
        /// The board is reset after so many characters of the command's output.
        case reset(afterOutput: Int)
        /// The board is reset in the midst of what prints more than so many characters.
        case watchdog(afterOutput: Int)
        /// The board is reset after so many characters of the command were typed.
        case resetWhileTyping(Int)
        /// The board hangs after so many characters of output, until it is switched off.
        case hang(afterOutput: Int)
        /// Something else is printed after so many characters of output.
        case saying(String, afterOutput: Int)
    }

    /// Something that must not have been sent.
    package struct Offence: Sendable, Hashable, CustomStringConvertible {
        package enum Kind: Sendable, Hashable {
            /// A bare Enter repeats the last command.
            case bareEnter
            /// A command that writes, or that nobody allowed.
            case forbidden
            /// Characters were lost, for they came while nobody read them.
            case typedAhead
            /// A digit of a menu that writes flash.
            case menu
            /// Memory was touched that is none, or U-Boot's own.
            case memory
            /// A page of NAND was programmed that was not blank.
            case reprogrammed
        }

        package var kind: Kind
        package var text: String

        package var description: String { "\(kind): \(text)" }
    }

    package func schedule(_ fault: Fault, at command: Int) {
        machine.withLock { $0.faults[command] = fault }
    }

    /// A fault at every so-many-th command, for ever.
    package func schedule(_ fault: Fault, every count: Int) {
        machine.withLock { $0.repeatedFault = (fault, count) }
    }

    /// Switches the board on, or off and on, after some microseconds.
    package func powerOn(after delay: Int = 100_000) {
        machine.withLock { $0.powerOn(after: delay) }
    }

    package func change(_ body: (inout UBootScenario) -> Void) {
        machine.withLock { body(&$0.scenario) }
    }

    /// Bits a second of the board's console now.
    package var rate: Int? { machine.withLock { $0.rate } }
    /// Bits a second of the line's other end.
    package var lineRate: Int? { machine.withLock { $0.lineRate } }

    package var offences: [Offence] { machine.withLock { $0.offences } }
    /// All that the board received.
    package var typed: String { String(decoding: machine.withLock { $0.typed }, as: UTF8.self) }
    /// The lines that were run, as they were typed.
    package var commands: [String] { machine.withLock { $0.ran } }
    package var hardware: SimulatedHardware { machine.withLock { $0.scenario.hardware } }
    package var variables: [String: String] { machine.withLock { $0.scenario.variables } }
    /// The variables in RAM.
    package var liveVariables: [String: String] { machine.withLock { $0.variables } }
    /// Whether what it prints goes to the network.
    package var printsToNetwork: Bool { machine.withLock { $0.printsToNetwork } }
    /// How often the board started.
    package var starts: Int { machine.withLock { $0.starts } }

    /// What a command prints, without a line: its output with `\n` as the end of lines.
    package func reply(_ command: String) -> String {
        machine.withLock { machine in
            machine.run(command).text
        }
    }

    fileprivate func read(_ timeout: Duration) -> [UInt8]? {
        machine.withLock { $0.received(within: Self.microseconds(timeout)) }
    }

    /// Microseconds on the board's clock.
    fileprivate var now: Int { machine.withLock { $0.clock } }

    fileprivate func setLineRate(_ rate: Int) {
        machine.withLock { $0.lineRate = rate }
    }

    private static func microseconds(_ time: Duration) -> Int {
        let (seconds, rest) = time.components
        // Up: who waits for a part of one must not wait for nothing.
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

/// The cable, for one connection.
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
        // Nothing here waits; others must come to their turn all the same.
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
