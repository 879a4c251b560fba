import BackupBags
import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import LinuxFlash
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing
import Transfers

/// Backups of simulated boards in RedBoot, and restores to them, in a folder that exists as long.
final class RedBootBackups: Sendable {
    let folder: ScratchFolder
    /// Whether the boards share a network with this computer.
    private let isNetworked: Bool
    /// The address that the user gives the boards.
    private let boardIP: IPv4Address?

    init(isNetworked: Bool = false, boardIP: String? = nil) throws {
        folder = try ScratchFolder()
        self.isNetworked = isNetworked
        self.boardIP = boardIP.flatMap { IPv4Address($0) }
    }

    // MARK: Boards

    /// The partitions of ``scenario(_:)``.
    static let names = ["flash0", "RedBoot", "linux", "FIS directory", "RedBoot config"]
    static let oldNames = ["flash0", "RedBoot", "linux", "RedBoot config", "FIS directory"]

    static func hardware(_ bytes: [UInt8], block: Int) -> SimulatedHardware {
        var flash = SimulatedHardware.Flash("flash0", kind: .nor, blocks: 0, blockSize: block)
        flash.bytes = bytes
        flash.chip.size = .exact(bytes.count)
        return SimulatedHardware(
            identity: BoardIdentity(), chips: [flash], devices: [flash.device(0, "flash0", 0..<bytes.count / block)])
    }

    /// A board with RedBoot, Linux and a blank area; small, since each byte costs three characters.
    static func scenario(_ change: (inout RedBootScenario) -> Void = { _ in }) -> RedBootScenario {
        var bytes = SplitMix64.bytes(0x8000, seed: 3)
        for place in 0x5000..<0x8000 { bytes[place] = 0xFF }
        var scenario = RedBootScenario(hardware(bytes, block: 0x1000))
        // As most vendors' (`redboot/current/src/version.c`): it can write its own image.
        scenario.startup = "ROMRAM"
        change(&scenario)
        if scenario.chip?.bytes.suffix(0x1000).allSatisfy({ $0 == 0xFF }) == true {
            scenario.format(
                [.init("RedBoot", 0, 0x2000), .init("linux", 0x2000, 0x2000)], configurationSize: 0x400)
        }
        return scenario
    }

    /// The devices of ``scenario(_:)``, as a survey has them.
    static func devices(_ scenario: RedBootScenario) -> [SimulatedHardware.Device] {
        guard let flash = scenario.chip else { return [] }
        var devices = [
            flash.device(0, "flash0", 0..<8), flash.device(1, "RedBoot", 0..<2), flash.device(2, "linux", 2..<4),
            flash.device(3, "FIS directory", 7..<8), flash.device(4, "RedBoot config", 7..<8),
        ]
        devices[3].partition.size = 0xC00
        devices[4].partition.size = 0x400
        devices[4].start = 0x7C00
        return devices
    }

    /// The smallest board.
    static func tiny() -> RedBootScenario {
        var scenario = RedBootScenario(hardware(SplitMix64.bytes(0x2000, seed: 6), block: 0x800))
        scenario.format([.init("RedBoot", 0, 0x800)], configurationSize: 0x200)
        return scenario
    }

    // MARK: Operations

    func connector(
        _ board: SimulatedRedBoot, over opener: (any ChannelOpening)? = nil, store: ContentStore = ContentStore()
    ) -> ConsoleConnector {
        let network = BoardNetwork(board: boardIP) { _ in SimulatedFileServer(board) }
        return ConsoleConnector(
            opener: opener ?? board, credentials: Credentials(), environment: .simulated(),
            settings: ConsoleConnector.Settings(
                powerCycle: { board.powerOn() }, store: store, timing: .simulated,
                network: isNetworked ? network : nil))
    }

    func backUp(
        _ board: SimulatedRedBoot, over opener: (any ChannelOpening)? = nil, store: ContentStore = ContentStore(),
        reconnects: Int = 5
    ) async throws -> BackupReport {
        try await Backup.run(
            connector(board, over: opener, store: store),
            options: BackupOptions(
                target: folder.path.appending("bag"), folder: folder.path, reconnects: reconnects),
            environment: .simulated())
    }

    /// Prepares a restore; the directory and RedBoot itself are allowed.
    func plan(
        _ board: SimulatedRedBoot, _ bag: FilePath, _ choice: RestoreChoice = RestoreChoice(allowed: [.bootloader])
    ) async throws -> PreparedRestore {
        try await Restore.plan(bag, on: connector(board), choice: choice)
    }

    func restore(
        _ board: SimulatedRedBoot, _ bag: FilePath, reconnects: Int = 0,
        choice: RestoreChoice = RestoreChoice(allowed: [.bootloader]), over opener: (any ChannelOpening)? = nil
    ) async throws -> RestoreReport {
        let prepared = try await Restore.plan(bag, on: connector(board, over: opener), choice: choice)
        _ = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
        return try await Restore.run(
            prepared, on: connector(board, over: opener), before: folder.path.appending("before"),
            reconnects: reconnects, environment: .simulated())
    }

    /// Whether a board's flash equals that of a scenario.
    static func isSame(_ board: SimulatedRedBoot, _ scenario: RedBootScenario) -> Bool {
        board.hardware.chips["flash0"]?.bytes == scenario.hardware.chips["flash0"]?.bytes
    }

    /// The bytes of an image.
    func image(_ report: BackupReport, _ number: Int) -> [UInt8]? {
        FileManager.default.contents(atPath: report.bag + "/" + report.manifest.images[number].path).map { Array($0) }
    }

    /// Checks what must hold after every backup.
    func check(
        _ report: BackupReport, _ board: SimulatedRedBoot, _ scenario: RedBootScenario, damagesCommands: Bool = false,
        _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(
            report.manifest.images.count == 1 && image(report, 0) == scenario.hardware.chips["flash0"]?.bytes,
            "\(comment)", sourceLocation: sourceLocation)
        #expect(
            report.summary.isProven && report.summary.isWhole, "\(comment): \(report.summary.sentences)",
            sourceLocation: sourceLocation)
        let verified = try await Verify.run(bag: FilePath(report.bag))
        #expect(verified.ok, "\(comment): \(verified.problems)", sourceLocation: sourceLocation)
        // The board is unchanged.
        #expect(
            board.hardware.chips["flash0"]?.bytes == scenario.hardware.chips["flash0"]?.bytes, "\(comment)",
            sourceLocation: sourceLocation)
        let offences = damagesCommands ? Self.harm(to: board) : board.offences
        #expect(offences.isEmpty, "\(comment): \(offences.prefix(3))", sourceLocation: sourceLocation)
        for command in board.commands
        where !Self.isReading(command) && !(damagesCommands && Self.isCutShort(command)) {
            Issue.record("\(comment): \"\(command)\" was sent", sourceLocation: sourceLocation)
        }
    }

    /// The offences on a line that changes characters, except those that it can cause by itself and that harm nothing: a
    /// character becomes a `$`, or a dash becomes an Enter (one bit) and ends a line early.
    static func harm(to board: SimulatedRedBoot) -> [SimulatedRedBoot.Offence] {
        board.offences.filter { offence in
            switch offence.kind {
            case .debugger, .typedAhead, .memory: false
            case .longLine: true
            case .forbidden: !isCutShort(offence.text.split(separator: ": ").last.map(String.init) ?? offence.text)
            }
        }
    }

    /// Whether a line is the beginning of one that only reads, and does nothing itself: without a length `dump` prints,
    /// and `fconfig` asks for what ^C leaves as it is.
    private static func isCutShort(_ command: String) -> Bool {
        ["dump -b 0x", "cksum -b 0x", "fconfig -l", "fis list -", "help fis", "= fk"].contains { whole in
            whole.hasPrefix(command) || command.hasPrefix(whole)
        }
    }

    /// Whether a command only reads.
    static func isReading(_ command: String) -> Bool {
        let words = command.split(separator: " ").map(String.init)
        switch words.first {
        case "version", "ip_address": return words.count == 1
        case "help": return words == ["help"] || words == ["help", "fis"]
        case "fis": return words.count <= 3 && words.dropFirst().first == "list"
        case "fconfig": return words.dropFirst().allSatisfy { ["-l", "-n"].contains($0) } && words.count > 1
        case "dump": return words.count == 6 && ["-s", "-1"].contains(words[5])
        case "cksum": return words.count == 5
        case "=": return words.count == 2
        // The word that no loader knows.
        default: return command.hasPrefix("zk") && words.count == 1
        }
    }
}
