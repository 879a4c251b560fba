import BackupBags
import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import Operations
import SystemPackage
import TestSupport
import Testing

/// Backups put back through a made-up U-Boot. Emulated boards confirm its commands (`UBootRestoreLabTests`).
@Suite("Restores through U-Boot", .serialized)
struct UBootRestoreTests {
    /// Parallel flash whose first sector is protected, and serial flash.
    private static func scenario(_ change: (inout UBootScenario) -> Void = { _ in }) -> UBootScenario {
        let nor = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 4, blockSize: 0x1000, seed: 3)
        var spi = SimulatedHardware.Flash("spi0", kind: .spiNOR, blocks: 4, blockSize: 0x1000, seed: 4)
        for place in 0x2000..<0x4000 { spi.bytes[place] = 0xFF }
        var hardware = SimulatedHardware(
            identity: BoardIdentity(), chips: [nor, spi],
            devices: [nor.device(0, "nor0", 0..<4), spi.device(1, "spi0", 0..<4)])
        hardware.isWritable = true
        var scenario = UBootScenario(hardware)
        scenario.bases["nor0"] = 0xBF00_0000
        scenario.allow("flinfo", "sf", "erase", "protect", "loady")
        change(&scenario)
        return scenario
    }

    /// Something changed in three sectors of one chip and two of the other.
    private static func damaged(_ scenario: UBootScenario) -> UBootScenario {
        var scenario = scenario
        scenario.hardware.chips["nor0"]?.bytes[0x20] ^= 0x81
        for place in 0x1000..<0x2000 { scenario.hardware.chips["nor0"]?.bytes[place] = 0xFF }
        scenario.hardware.chips["nor0"]?.bytes[0x3FFF] ^= 0x18
        scenario.hardware.chips["spi0"]?.bytes[0x800] ^= 0xFF
        for place in 0x3000..<0x3100 { scenario.hardware.chips["spi0"]?.bytes[place] = 0x5A }
        return scenario
    }

    private func reacher(_ board: SimulatedUBoot) -> SerialBoardReacher {
        SerialBoardReacher(
            opener: board, credentials: Credentials(), environment: .simulated(),
            settings: SerialBoardReacher.Settings(powerCycle: { board.powerOn() }, timing: .simulated))
    }

    private func backUp(_ scenario: UBootScenario, in folder: ScratchFolder) async throws -> FilePath {
        let report = try await Backup.run(
            reacher(SimulatedUBoot(scenario)),
            options: BackupOptions(target: folder.path.appending("bag"), folder: folder.path, reconnects: 0),
            environment: .simulated())
        return FilePath(report.bag)
    }

    private func restore(
        _ board: SimulatedUBoot, _ bag: FilePath, in folder: ScratchFolder,
        _ choice: RestoreChoice = RestoreChoice(allowed: [.bootloader]), reconnects: Int = 0
    ) async throws -> RestoreReport {
        let prepared = try await Restore.plan(bag, on: reacher(board), choice: choice)
        _ = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
        return try await Restore.run(
            prepared, on: reacher(board), before: folder.path.appending("before"), reconnects: reconnects,
            environment: .simulated())
    }

    private func isSame(_ board: SimulatedUBoot, _ scenario: UBootScenario) -> Bool {
        board.hardware.chips.allSatisfy { $0.value.bytes == scenario.hardware.chips[$0.key]?.bytes }
    }

    /// How a board is made poorer or older.
    enum Kind: CaseIterable, Sendable {
        case usual, bigEndian, noYMODEM, bigEndianWithoutYMODEM

        func change(_ scenario: inout UBootScenario) {
            switch self {
            case .usual: break
            case .bigEndian: scenario.order = .big
            case .noYMODEM: scenario.forbid("loady")
            case .bigEndianWithoutYMODEM:
                scenario.order = .big
                scenario.forbid("loady")
            }
        }
    }

    @Test("All that differs is put back, and nothing else is erased", arguments: Kind.allCases)
    func everything(_ kind: Kind) async throws {
        let scenario = Self.scenario(kind.change)
        let folder = try ScratchFolder()
        let bag = try await backUp(scenario, in: folder)
        let board = SimulatedUBoot(Self.damaged(scenario))
        let report = try await restore(board, bag, in: folder)
        #expect(isSame(board, scenario))
        #expect(report.blocksWritten == 5)
        // The sector that was blank needs no erase.
        let erases = board.hardware.chips.values.reduce(0) { $0 + $1.erases.values.reduce(0, +) }
        #expect(erases == 4 && report.erases == 4)
        #expect(board.offences.isEmpty, "\(board.offences)")
        // What was protected is so again.
        #expect(board.reply("flinfo").contains("BF000000   RO"))
        let again = try await restore(board, bag, in: folder)
        #expect(again.plan.blockCount == 0)
    }

    @Test("What a U-Boot cannot do is refused before anything is sent")
    func refusals() async throws {
        let scenario = Self.scenario()
        let folder = try ScratchFolder()
        let bag = try await backUp(scenario, in: folder)
        for missing in [["erase"], ["cp"], ["protect"], ["mw", "loady"]] {
            var poor = Self.damaged(scenario)
            for name in missing { poor.forbid(name) }
            let board = SimulatedUBoot(poor)
            let planning = try await Restore.plan(
                bag, on: reacher(board), choice: RestoreChoice(allowed: [.bootloader])
            ).planning
            #expect(planning.plan == nil && !planning.refusals.isEmpty, "without \(missing)")
            #expect(isSame(board, poor) && board.offences.isEmpty)
        }
    }

    @Test("A reset at any command of it ends in what the backup has")
    func resets() async throws {
        let scenario = Self.scenario { scenario in
            scenario.hardware.chips["spi0"] = nil
            scenario.hardware.devices.removeLast()
        }
        let folder = try ScratchFolder()
        let bag = try await backUp(scenario, in: folder)
        var damaged = scenario
        damaged.hardware.chips["nor0"]?.bytes[0x1234] ^= 0x81
        damaged.hardware.chips["nor0"]?.bytes[0x3000] ^= 0x81
        let count = try await {
            let board = SimulatedUBoot(damaged)
            _ = try await restore(board, bag, in: folder)
            return board.commands.count
        }()
        var cuts = 0
        for command in stride(from: 1, through: count, by: 1) {
            let board = SimulatedUBoot(damaged)
            board.schedule(.reset(afterOutput: 3), at: command)
            try folder.removeAll(but: "bag")
            do {
                _ = try await restore(board, bag, in: folder, reconnects: 2)
            } catch let error as FlashkeepError {
                // What was broken off is gone on with. The last is for a reset in the first words of a connection.
                let codes: [FlashkeepError.Code] = [.boardLost, .boardSilent, .writeFailed, .replyNotUnderstood]
                #expect(codes.contains(error.code), "\(command): \(error)")
                _ = try await restore(board, bag, in: folder, reconnects: 2)
            }
            #expect(isSame(board, scenario), "reset at command \(command)")
            #expect(board.offences.isEmpty, "reset at command \(command): \(board.offences)")
            cuts += 1
        }
        print("restore through U-Boot, reset at each of \(cuts) commands")
    }
}
