import BoardAccess
import BoardChannels
import FlashModel
import LinuxFlash
import Operations
import Synchronization
import SystemPackage
import TestBoards
import TestSupport
import Testing
import UBootFlash

/// Backups of simulated boards in U-Boot, and restores to them, in a folder that exists as long.
final class UBootRestores: Sendable {
    let folder: ScratchFolder
    /// Whether the boards share a network with this computer.
    let isNetworked: Bool
    private let portIsTaken: Bool
    private let via: UBootReadMethod?
    private let seen = Mutex<[String]>([])

    init(isNetworked: Bool = false, portIsTaken: Bool = false, via: UBootReadMethod? = nil) throws {
        folder = try ScratchFolder()
        self.isNetworked = isNetworked
        self.portIsTaken = portIsTaken
        self.via = via
    }

    /// The notes shown to the user.
    var notes: [String] { seen.withLock { $0 } }

    func connector(_ board: SimulatedUBoot) -> ConsoleConnector {
        let portIsTaken = portIsTaken
        let network = BoardNetwork(via: via) { SimulatedNetworkHost(board, $0, portIsTaken: portIsTaken) }
        return ConsoleConnector(
            opener: board, credentials: Credentials(), environment: .simulated(),
            settings: ConsoleConnector.Settings(
                powerCycle: { board.powerOn() }, timing: .simulated, network: isNetworked ? network : nil),
            notify: { event in if case .note(let text) = event { self.seen.withLock { $0.append(text) } } })
    }

    func backUp(_ scenario: UBootScenario) async throws -> FilePath {
        let report = try await Backup.run(
            connector(SimulatedUBoot(scenario)),
            options: BackupOptions(target: folder.path.appending("bag"), folder: folder.path, reconnects: 0),
            environment: .simulated())
        return FilePath(report.bag)
    }

    func plan(
        _ board: SimulatedUBoot, _ bag: FilePath, _ choice: RestoreChoice = RestoreChoice(allowed: [.bootloader])
    ) async throws -> PreparedRestore {
        try await Restore.plan(bag, on: connector(board), choice: choice)
    }

    func restore(
        _ board: SimulatedUBoot, _ bag: FilePath, reconnects: Int = 0
    ) async throws -> RestoreReport {
        let prepared = try await plan(board, bag)
        _ = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
        return try await Restore.run(
            prepared, on: connector(board), before: folder.path.appending("before"), reconnects: reconnects,
            environment: .simulated())
    }

    /// Whether a board's flash equals that of a scenario.
    static func isSame(_ board: SimulatedUBoot, _ scenario: UBootScenario) -> Bool {
        board.hardware.chips.allSatisfy { $0.value.bytes == scenario.hardware.chips[$0.key]?.bytes }
    }

    /// Resets a board at each command of a restore in turn, and checks that the flash equals the backup in the end each
    /// time.
    ///
    /// - Parameter damaged: the board before the restore.
    /// - Returns: the number of commands.
    func resetAtEachCommand(_ scenario: UBootScenario, damaged: UBootScenario) async throws -> Int {
        let bag = try await backUp(scenario)
        let counter = SimulatedUBoot(damaged)
        _ = try await restore(counter, bag)
        for command in 1...counter.commands.count {
            let board = SimulatedUBoot(damaged)
            board.schedule(.reset(afterOutput: 3), at: command)
            try folder.removeAll(but: "bag")
            do {
                _ = try await restore(board, bag, reconnects: 2)
            } catch let error as FlashkeepError {
                // An interrupted restore is resumed. The last code is for a reset during the first output of a
                // connection.
                let codes: [FlashkeepError.Code] = [
                    .boardLost, .boardSilent, .writeFailed, .commandFailed, .replyNotUnderstood,
                ]
                #expect(codes.contains(error.code), "\(command): \(error)")
                _ = try await restore(board, bag, reconnects: 2)
            }
            let what = "reset at command \(command), \(counter.commands[command - 1])"
            #expect(Self.isSame(board, scenario), "\(what)")
            #expect(board.offences.isEmpty, "\(what): \(board.offences)")
        }
        return counter.commands.count
    }
}
