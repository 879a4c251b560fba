import BackupBags
import FlashAccess
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// Restores of NAND through a simulated U-Boot. No board in QEMU has NAND in U-Boot, so the behaviour of the commands
/// is taken from U-Boot's source and recordings of its sandbox (`UBootSimulatorTests` compares).
@Suite("Restores of NAND through U-Boot", .serialized)
struct UBootNANDRestoreTests {
    /// The command that accesses the chip.
    enum Way: String, CaseIterable, Sendable {
        case nand, mtd
    }

    private typealias Change = (inout SimulatedHardware.Flash) -> Void

    private static let size = 0x800
    private static let bad: Set<Int> = [1, 4]

    /// Six erase blocks of four pages: two are bad, one is blank, one has blank pages in its middle.
    private static func scenario(_ way: Way, _ change: (inout UBootScenario) -> Void = { _ in }) -> UBootScenario {
        var nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: size, pageSize: 0x200, oobSize: 16, badBlocks: bad, seed: 5)
        for place in 3 * size + 0x200..<3 * size + 0x600 { nand.bytes[place] = 0xFF }
        var hardware = SimulatedHardware(
            identity: BoardIdentity(), chips: [nand], devices: [nand.device(0, "nand0", 0..<6)])
        hardware.isWritable = true
        var scenario = UBootScenario(hardware)
        scenario.allow(way.rawValue, "loady")
        change(&scenario)
        return scenario
    }

    /// The same board with changes in the first block, the blank one, the one with blank pages, and the last one.
    private static func damaged(_ scenario: UBootScenario, _ change: Change = { _ in }) -> UBootScenario {
        var scenario = scenario
        guard var flash = scenario.hardware.chips["nand0"] else { return scenario }
        flash.bytes[0x21] ^= 0x81
        flash.bytes[2 * size + 0x300] ^= 0x5A
        flash.bytes[3 * size + 0x250] ^= 0x0F
        for place in 5 * size..<6 * size { flash.bytes[place] = 0xFF }
        change(&flash)
        scenario.hardware.chips["nand0"] = flash
        return scenario
    }

    /// The ranges of the chip in erase or write commands.
    private static func ranges(_ board: SimulatedUBoot, _ verb: String) -> [Range<Int>] {
        board.commands.compactMap { command in
            let words = command.split(separator: " ").map(String.init)
            guard words.count > 3, words[1] == verb, ["nand", "mtd"].contains(words[0]) else { return nil }
            let numbers = words.suffix(2).compactMap { Int($0, radix: 16) }
            return numbers.count == 2 ? numbers[0]..<numbers[0] + numbers[1] : nil
        }
    }

    private func expectGoodBlocksOnly(_ board: SimulatedUBoot, sourceLocation: SourceLocation = #_sourceLocation) {
        for range in Self.ranges(board, "erase") + Self.ranges(board, "write") {
            let blocks = Set([range.lowerBound / Self.size, (range.upperBound - 1) / Self.size])
            #expect(blocks.count == 1, "\(range) lies in two blocks", sourceLocation: sourceLocation)
            #expect(blocks.isDisjoint(with: Self.bad), "\(range) is bad", sourceLocation: sourceLocation)
        }
        let words = Set(board.commands.flatMap { $0.split(separator: " ").map(String.init) })
        let forbidden: Set = ["scrub", "markbad", "write.raw", "erase.chip", "erase.part", "erase.spread"]
        #expect(words.isDisjoint(with: forbidden), sourceLocation: sourceLocation)
        #expect(board.offences.isEmpty, "\(board.offences)", sourceLocation: sourceLocation)
    }

    @Test("Good blocks that differ are put back, page by page, and no bad one is touched", arguments: Way.allCases)
    func everything(_ way: Way) async throws {
        let scenario = Self.scenario(way)
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        let board = SimulatedUBoot(Self.damaged(scenario))
        let report = try await restores.restore(board, bag)
        #expect(UBootRestores.isSame(board, scenario))
        #expect(report.blocksWritten == 4 && report.erases == 4)
        expectGoodBlocksOnly(board)
        #expect(report.plan.parts.first?.method.name == "\(way) erase and \(way) write, bytes by loady")
        let size = Self.size
        // Also the one that reads as blank, which proves nothing on NAND; and U-Boot reports here if it finds a block
        // bad.
        let blocks = [0, 2, 3, 5].map { $0 * size..<($0 + 1) * size }
        #expect(Self.ranges(board, "erase") == blocks)
        // The blank block is not written, nor are the blank pages of the other.
        let written = [
            0..<size, 3 * size..<3 * size + 0x200, 3 * size + 0x600..<4 * size, 5 * size..<6 * size,
        ]
        #expect(Self.ranges(board, "write") == written)
        let again = try await restores.restore(board, bag)
        #expect(again.plan.blockCount == 0)
    }

    @Test("Bytes by TFTP", arguments: Way.allCases)
    func network(_ way: Way) async throws {
        let scenario = Self.scenario(way) {
            $0.variables["ipaddr"] = "192.168.1.1"
            $0.network = UBootScenario.Network()
            $0.allow("tftpboot", "tftpput")
            $0.forbid("loady")
        }
        let restores = try UBootRestores(isNetworked: true)
        let bag = try await restores.backUp(scenario)
        let board = SimulatedUBoot(Self.damaged(scenario))
        _ = try await restores.restore(board, bag)
        #expect(UBootRestores.isSame(board, scenario))
        expectGoodBlocksOnly(board)
    }

    @Test("An erase or a write that fails once is done again, from the erase on", arguments: Way.allCases)
    func failingOnce(_ way: Way) async throws {
        let scenario = Self.scenario(way)
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        let changes: [Change] = [
            { $0.failing[0] = 1 }, { $0.failing[3] = 1 }, { $0.failingPrograms[0] = 1 },
            { $0.failingPrograms[3] = 1 }, { $0.failingPrograms[5] = 1 },
        ]
        for change in changes {
            let board = SimulatedUBoot(Self.damaged(scenario, change))
            try restores.folder.removeAll(but: "bag")
            _ = try await restores.restore(board, bag)
            #expect(UBootRestores.isSame(board, scenario))
            expectGoodBlocksOnly(board)
        }
    }

    @Test("A block that fails again and again ends it, and the ones behind it are left alone", arguments: Way.allCases)
    func failing(_ way: Way) async throws {
        let scenario = Self.scenario(way)
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        let wanted = try #require(scenario.hardware.chips["nand0"]?.bytes)
        let changes: [Change] = [{ $0.failing[3] = 9 }, { $0.failingPrograms[3] = 9 }, { $0.lying = [3] }]
        for change in changes {
            let damaged = Self.damaged(scenario, change)
            let board = SimulatedUBoot(damaged)
            try restores.folder.removeAll(but: "bag")
            do {
                _ = try await restores.restore(board, bag)
                Issue.record("it should have failed")
            } catch let error as FlashkeepError {
                #expect(error.code == .writeFailed, "\(error)")
            }
            let now = try #require(board.hardware.chips["nand0"]?.bytes)
            let before = try #require(damaged.hardware.chips["nand0"]?.bytes)
            #expect(now[..<(3 * Self.size)] == wanted[..<(3 * Self.size)])
            #expect(now[(4 * Self.size)...] == before[(4 * Self.size)...])
            expectGoodBlocksOnly(board)
        }
    }

    @Test("A block that only U-Boot takes for bad is not written, nor is the next one", arguments: Way.allCases)
    func badMeanwhile(_ way: Way) async throws {
        let scenario = Self.scenario(way)
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        let damaged = Self.damaged(scenario)
        let counter = SimulatedUBoot(damaged)
        _ = try await restores.restore(counter, bag)
        let erase = try #require(counter.commands.firstIndex { $0.contains(" erase ") })
        try restores.folder.removeAll(but: "bag")
        let board = SimulatedUBoot(damaged)
        board.change { $0.goesBad = (block: 0, at: erase + 1) }
        do {
            _ = try await restores.restore(board, bag)
            Issue.record("it should have failed")
        } catch let error as FlashkeepError {
            #expect(error.code == .writeFailed, "\(error)")
            #expect(error.why.contains("treats the block as bad"), "\(error)")
        }
        #expect(board.hardware.chips["nand0"]?.bytes == damaged.hardware.chips["nand0"]?.bytes)
        #expect(Self.ranges(board, "write").isEmpty)
        #expect(board.offences.isEmpty, "\(board.offences)")
    }

    @Test("A U-Boot that tells no size, as nand info since 2018: the partitions do")
    func sizeOfPartitions() async throws {
        let scenario = Self.scenario(.nand) {
            $0.namesNANDSize = false
            $0.variables["mtdids"] = "nand0=nand0"
            $0.variables["mtdparts"] = "mtdparts=nand0:6k(first),6k(second)"
        }
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        let board = SimulatedUBoot(Self.damaged(scenario))
        _ = try await restores.restore(board, bag)
        #expect(UBootRestores.isSame(board, scenario))
        expectGoodBlocksOnly(board)
    }

    @Test("What cannot be written rightly is refused before anything is sent")
    func refusals() async throws {
        let two = SimulatedHardware.Flash(
            "nand1", kind: .nand, blocks: 2, blockSize: Self.size, pageSize: 0x200, oobSize: 16, seed: 9)
        let changes: [(String, (inout UBootScenario) -> Void)] = [
            ("two devices", { $0.hardware.chips["nand1"] = two }),
            ("no crc32", { $0.forbid("crc32") }),
        ]
        for (name, change) in changes {
            let scenario = Self.scenario(.nand)
            let restores = try UBootRestores()
            let bag = try await restores.backUp(scenario)
            var poor = Self.damaged(scenario)
            change(&poor)
            let board = SimulatedUBoot(poor)
            let planning = try await restores.plan(board, bag).planning
            #expect(planning.plan == nil && !planning.refusals.isEmpty, "\(name)")
            #expect(board.offences.isEmpty && UBootRestores.isSame(board, poor), "\(name)")
        }
    }

    @Test("The last block of a chip is not erased by a U-Boot that could not write it again")
    func oldVersion() async throws {
        let scenario = Self.scenario(.nand) { $0.version = "U-Boot 2009.08 (Nov 21 2026 - 01:25:44 +0000)" }
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        var damaged = scenario
        damaged.hardware.chips["nand0"]?.bytes[5 * Self.size] ^= 1
        let board = SimulatedUBoot(damaged)
        await #expect(throws: FlashkeepError.self) { try await restores.restore(board, bag) }
        #expect(UBootRestores.isSame(board, damaged))
        #expect(Self.ranges(board, "erase").isEmpty)
    }

    /// A smaller chip, and bytes over the network, since each command takes a whole restore.
    @Test("A reset at any command, and in its midst, ends in what the backup has", arguments: Way.allCases)
    func resets(_ way: Way) async throws {
        var nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 4, blockSize: 0x400, pageSize: 0x100, oobSize: 16, badBlocks: [1], seed: 5)
        for place in 0xD00..<0xE00 { nand.bytes[place] = 0xFF }
        let scenario = Self.scenario(way) {
            $0.hardware.chips["nand0"] = nand
            $0.hardware.devices = [nand.device(0, "nand0", 0..<4)]
            $0.hardware.tears = true
            $0.variables["ipaddr"] = "192.168.1.1"
            $0.network = UBootScenario.Network()
            $0.allow("tftpboot", "tftpput")
        }
        var damaged = scenario
        damaged.hardware.chips["nand0"]?.bytes[0x21] ^= 0x81
        damaged.hardware.chips["nand0"]?.bytes[0xD50] ^= 0x5A
        let cuts = try await UBootRestores(isNetworked: true).resetAtEachCommand(scenario, damaged: damaged)
        print("restore of NAND through U-Boot's \(way), reset at each of \(cuts) commands")
    }
}
