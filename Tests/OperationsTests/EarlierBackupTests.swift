import BackupBags
import FlashModel
import Foundation
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// Backups that an earlier program made are read, verified and restored for ever. Those in `Golden/version-2-*` were made
/// by the program of November 2026, the last with manifest version 2 before partitions said what their numbers count.
@Suite("Backups that an earlier program made", .serialized)
struct EarlierBackupTests {
    /// A copy, since a restore keeps its journal beside the backup.
    private static func copy(_ name: String, in folder: ScratchFolder) throws -> FilePath {
        let kept = FilePath(#filePath).removingLastComponent().appending("Golden").appending(name)
        let bag = folder.path.appending("bag")
        try FileManager.default.copyItem(atPath: kept.string, toPath: bag.string)
        return bag
    }

    /// What verification and extraction of such a backup must give.
    private static func read(_ bag: FilePath, in folder: ScratchFolder, _ hardware: SimulatedHardware) async throws {
        let verified = try await Verify.run(bag: bag)
        #expect(verified.ok && verified.problems.isEmpty, "\(verified.problems)")
        let manifest = try BagReader.open(bag).manifest()
        #expect(manifest.formatVersion == 2)
        let summary = Summary(of: manifest)
        // The sizes of the chips in the folder that stands for a Linux board were not known then, and are not now.
        #expect(summary.isProven && summary.missing.isEmpty, "\(summary.sentences)")
        #expect(summary.unknown.allSatisfy { $0.hasPrefix("the size of chip") }, "\(summary.sentences)")
        for (index, device) in hardware.devices.enumerated() {
            let partition = try #require(manifest.partitions.first { $0.index == index })
            #expect(partition.label == "mtd\(index)" && partition.name == device.partition.name)
            let view = try #require(partition.view)
            let image = ScratchFolder.read(bag.appending(view.image))
            let flash = try #require(hardware.chips[device.partition.chip])
            let size = flash.chip.eraseBlockSize
            for block in 0..<partition.size / size where !flash.badBlocks.contains(device.start / size + block) {
                let start = block * size
                #expect(
                    image[view.offset + start..<view.offset + start + size].elementsEqual(
                        flash.bytes[device.start + start..<device.start + start + size]),
                    "\(partition.label), block \(block)")
            }
        }
    }

    static func linux() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .nor, blocks: 8, blockSize: 4096, seed: 13)
        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: 8192, pageSize: 2048, oobSize: 64, badBlocks: [3], seed: 14)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
            chips: [nor, nand],
            devices: [
                nor.device(0, "u-boot", 0..<2), nor.device(1, "rootfs", 2..<8), nand.device(2, "ubi", 0..<6),
            ])
        hardware.isWritable = true
        return hardware
    }

    @Test("Of Linux, NOR and NAND")
    func fromLinux() async throws {
        let folder = try ScratchFolder()
        let bag = try Self.copy("version-2-linux", in: folder)
        try await Self.read(bag, in: folder, Self.linux())

        var changed = Self.linux()
        for place in stride(from: 100, to: 5 * 4096, by: 977) { changed.chips["spi0.0"]?.bytes[place] ^= 0x5A }
        for place in stride(from: 8192, to: 3 * 8192, by: 511) { changed.chips["nand0"]?.bytes[place] ^= 3 }
        let board = try FolderBoard(changed, tools: FolderBoard.allTools + ["flash_erase"])
        let connector = board.connector(board.pipe)
        let prepared = try await Restore.plan(bag, on: connector, choice: RestoreChoice(allowed: [.bootloader]))
        let plan = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
        #expect(plan.parts.map(\.partition.name).sorted() == ["rootfs", "u-boot", "ubi"])
        _ = try await Restore.run(
            prepared, on: connector, before: folder.path.appending("before"), reconnects: 0, environment: .simulated())
        let wanted = try FolderBoard(Self.linux()).contents
        for index in 0..<3 { #expect(board.contents["dev/mtd\(index)"] == wanted["dev/mtd\(index)"], "mtd\(index)") }
        #expect(board.offences.isEmpty, "\(board.offences)")
    }

    static func uboot() -> UBootScenario {
        let nor = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 4, blockSize: 4096, seed: 15)
        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: 4096, pageSize: 512, oobSize: 16, badBlocks: [2], seed: 16)
        var scenario = UBootScenario(
            SimulatedHardware(
                identity: BoardIdentity(), chips: [nor, nand],
                devices: [nor.device(0, "nor0", 0..<4), nand.device(1, "nand0", 0..<6)]))
        scenario.bases["nor0"] = 0xBF00_0000
        scenario.allow("flinfo", "nand", "loady", "erase", "protect")
        scenario.hardware.isWritable = true
        return scenario
    }

    @Test("Of U-Boot")
    func fromUBoot() async throws {
        let restores = try UBootRestores()
        let bag = try Self.copy("version-2-uboot", in: restores.folder)
        try await Self.read(bag, in: restores.folder, Self.uboot().hardware)

        var scenario = Self.uboot()
        scenario.hardware.chips["nor0"]?.bytes[0x1234] ^= 0x42
        scenario.hardware.chips["nand0"]?.bytes[0x3001] ^= 0x42
        let board = SimulatedUBoot(scenario)
        let report = try await restores.restore(board, bag)
        #expect(report.blocksWritten == 2)
        #expect(UBootRestores.isSame(board, Self.uboot()))
        #expect(board.offences.isEmpty, "\(board.offences)")
    }
}
