private import BoardChannels
private import BoardConsoles

/// Carries the output of a command that sends frames from the board to this computer.
protocol FrameCarrier: AnyObject {
    /// How frames are sent on it.
    var plan: TransferPlan { get }

    /// What the shell must know before a function's command is started.
    ///
    /// - Parameter script: the text that defines the function.
    func definition(of function: String, _ script: String) -> (name: String, script: String)

    /// Starts a command.
    ///
    /// - Parameter bytes: how many bytes of flash it sends.
    /// - Throws: ``NetworkFailure`` if the carrier itself failed, and the board's console still answers.
    func start(_ command: String, for bytes: Int) async throws

    /// Returns the next bytes; nil if none came in time.
    ///
    /// - Throws: as ``start(_:for:)``.
    func bytes(within time: Duration) async throws -> [UInt8]?

    /// Whether a terminal turns each `LF` into `CR LF`.
    var mapsLineEnds: Bool { get }

    /// The longest time for a number of bytes.
    func time(for bytes: Int) -> Duration

    /// Marks what arrives on the console as flash data, or ends the mark.
    func markBulk(_ isBulk: Bool)

    /// Whether the work can go on after a command that stalled.
    var survivesStalls: Bool { get }

    /// Whether bytes arrive, although none of them is what was asked for.
    var isTalking: Bool { get }

    /// Ends a command whose frames have arrived.
    ///
    /// - Parameter rest: the bytes after the frames.
    func finish(_ command: String, rest: [UInt8]) async throws

    /// Ends a command that stalled or failed.
    func abandon(_ command: String) async throws
}

/// A carrier that uses the network beside the console.
protocol NetworkFrameCarrier: FrameCarrier {
    var method: LinuxReadMethod { get }
    /// The method and the addresses, for messages: `nc to 192.168.1.2:40000`.
    var label: String { get }
    /// Whether the network has ever worked.
    var hasDelivered: Bool { get }

    /// How the output of a command is sent, for the backup's record.
    func description(of command: String) -> String
}

/// Why a board's connection to this computer failed.
struct NetworkFailure: Error {
    /// A clause.
    var why: String
    /// Whether nothing came from the board at all, as when a firewall drops packets.
    var isSilence = false
    /// Whether another attempt would fail in the same way.
    var isFinal = false
}

/// The console itself carries the frames.
final class ConsoleCarrier: FrameCarrier {
    let plan: TransferPlan
    private let shell: ShellSession

    init(_ shell: ShellSession, _ plan: TransferPlan) {
        self.shell = shell
        self.plan = plan
    }

    func definition(of function: String, _ script: String) -> (name: String, script: String) { (function, script) }

    var survivesStalls: Bool { !plan.isReliable }
    var isTalking: Bool { shell.console.isTalking }
    var mapsLineEnds: Bool { shell.line == .mapped }

    func time(for bytes: Int) -> Duration { shell.bulkTime(bytes) }

    func markBulk(_ isBulk: Bool) { shell.console.channel.markBulk(isBulk) }

    func start(_ command: String, for bytes: Int) async throws { try await shell.start(command) }

    func bytes(within time: Duration) async throws -> [UInt8]? { try await shell.console.bytes(within: time) }

    func finish(_ command: String, rest: [UInt8]) async throws {
        shell.console.putBack(rest)
        try await shell.finish(command)
    }

    func abandon(_ command: String) async throws { try await shell.interrupt() }
}
