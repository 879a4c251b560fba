import BackupBags
import BoardChannels
import BoardConsoles
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing
import UBootFlash

/// Restores through a simulated U-Boot. Emulated boards confirm its commands (`UBootRestoreLabTests`).
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

    /// The same board with changes in three sectors of one chip and two of the other.
    private static func damaged(_ scenario: UBootScenario) -> UBootScenario {
        var scenario = scenario
        scenario.hardware.chips["nor0"]?.bytes[0x20] ^= 0x81
        for place in 0x1000..<0x2000 { scenario.hardware.chips["nor0"]?.bytes[place] = 0xFF }
        scenario.hardware.chips["nor0"]?.bytes[0x3FFF] ^= 0x18
        scenario.hardware.chips["spi0"]?.bytes[0x800] ^= 0xFF
        for place in 0x3000..<0x3100 { scenario.hardware.chips["spi0"]?.bytes[place] = 0x5A }
        return scenario
    }

    /// Variants of the board with fewer or older features.
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
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        let board = SimulatedUBoot(Self.damaged(scenario))
        let report = try await restores.restore(board, bag)
        #expect(UBootRestores.isSame(board, scenario))
        #expect(report.blocksWritten == 5)
        // The blank sector needs no erase.
        let erases = board.hardware.chips.values.reduce(0) { $0 + $1.erases.values.reduce(0, +) }
        #expect(erases == 4 && report.erases == 4)
        #expect(board.offences.isEmpty, "\(board.offences)")
        // The protected sector is protected again.
        #expect(board.reply("flinfo").contains("BF000000   RO"))
        let again = try await restores.restore(board, bag)
        #expect(again.plan.blockCount == 0)
    }

    @Test("What a U-Boot cannot do is refused before anything is sent")
    func refusals() async throws {
        let scenario = Self.scenario()
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        for missing in [["erase"], ["cp"], ["protect"], ["mw", "loady"]] {
            var poor = Self.damaged(scenario)
            for name in missing { poor.forbid(name) }
            let board = SimulatedUBoot(poor)
            let planning = try await restores.plan(board, bag).planning
            #expect(planning.plan == nil && !planning.refusals.isEmpty, "without \(missing)")
            #expect(UBootRestores.isSame(board, poor) && board.offences.isEmpty)
        }
    }

    /// In block 0, at its end, in block 1, and at the end of that: an image must not become commands.
    @Test("A reset during a load: no byte of the image is typed at a prompt", arguments: [60, 133, 700, 133 + 1_029])
    func resetsWhileLoading(_ count: Int) async throws {
        let scenario = Self.scenario()
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        let counter = SimulatedUBoot(Self.damaged(scenario))
        _ = try await restores.restore(counter, bag)
        let command = try #require(counter.commands.firstIndex { $0.hasPrefix("loady") }) + 1
        try restores.folder.removeAll(but: "bag")
        let board = SimulatedUBoot(Self.damaged(scenario))
        board.schedule(.resetWhileLoading(afterInput: count), at: command)
        _ = try await restores.restore(board, bag, reconnects: 2)
        #expect(UBootRestores.isSame(board, scenario))
        #expect(board.starts == 2 && board.offences.isEmpty, "\(board.offences)")
        #expect(board.commands.allSatisfy { command in command.utf8.allSatisfy { (0x20...0x7E).contains($0) } })
    }

    @Test("A reset at any command of it ends in what the backup has")
    func resets() async throws {
        let scenario = Self.scenario { scenario in
            scenario.hardware.chips["spi0"] = nil
            scenario.hardware.devices.removeLast()
            scenario.hardware.tears = true
        }
        var damaged = scenario
        damaged.hardware.chips["nor0"]?.bytes[0x1234] ^= 0x81
        damaged.hardware.chips["nor0"]?.bytes[0x3000] ^= 0x81
        let cuts = try await UBootRestores().resetAtEachCommand(scenario, damaged: damaged)
        print("restore through U-Boot, reset at each of \(cuts) commands")
    }
}
