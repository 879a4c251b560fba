import BackupBags
import FlashAccess
import FlashModel
import Foundation
import Operations
import SystemPackage
import TestSupport
import Testing

/// Backups restored to emulated boards, compared with the original flash, which the lab itself reads.
@Suite(
    .enabled(if: LabBoard.isAvailable, "the lab is not installed: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct RestoreLabTests {
    /// How a block of the board's flash is damaged with its own tools.
    private enum Damage: CaseIterable {
        /// Erased and written with other bytes.
        case rewritten
        /// Erased.
        case erased

        func command(_ device: LabBoard.Device, _ block: Int) -> String {
            let node = "/dev/mtd\(device.index)"
            let erase = "flash_erase -q \(node) \(block * device.erasesize) 1"
            let write =
                "dd if=/dev/urandom bs=\(device.erasesize) count=1 2>/dev/null"
                + "|dd of=\(node) bs=2048 seek=\(block * device.erasesize / 2_048) conv=notrunc 2>/dev/null"
            return self == .rewritten ? "\(erase)&&\(write)" : erase
        }
    }

    /// Damages a few good blocks of each device.
    ///
    /// - Returns: the number of blocks.
    private func overwrite(_ board: LabBoard, only indices: Set<Int>? = nil) async throws -> Int {
        var count = 0
        for device in board.devices where indices?.contains(device.index) ?? true {
            let good = (0..<device.size / device.erasesize).filter { !device.badBlocks.contains($0) }
            // The first has data; blocks that are blank already do not count.
            for (block, damage) in zip([good.first, good.dropFirst(2).first].compactMap { $0 }, Damage.allCases) {
                let expected = try #require(board.expected(device.index))
                let bytes = expected[block * device.erasesize..<(block + 1) * device.erasesize]
                if damage == .erased, bytes.allSatisfy({ $0 == 0xFF }) { continue }
                _ = try await board.ssh(damage.command(device, block))
                count += 1
            }
        }
        return count
    }

    private func restore(
        _ board: LabBoard, _ way: LabBoard.Way, _ bag: String,
        choice: RestoreChoice = RestoreChoice(allowed: [.bootloader])
    ) async throws -> RestoreReport {
        try await LabRestore.run(
            bag, on: try board.connector(way), state: board.state, choice: choice,
            progress: { event in
                if ProcessInfo.processInfo.environment["FLASHKEEP_LAB_VERBOSE"] != nil { print(event) }
            })
    }

    /// With busybox's own tools, which can only erase whole partitions and do not list bad blocks, so that a partition
    /// that has some is refused.
    @Test func busyboxAloneErasesWholePartitions() async throws {
        let options = ["--nor", "none", "--nand", "small", "--bad", "2", "--nandsim", "parts=4,4,24"]
        try await LabBoard.with(options + ["--busybox-mtd", "--without-mtd-utils"]) { board in
            let digests = try await board.digests()
            let bag = try await board.backup(.ssh).bag
            _ = try await board.ssh(
                "for m in 0 1;do flash_eraseall -q /dev/mtd$m;dd if=/dev/urandom bs=128k count=2 2>/dev/null"
                    + "|dd of=/dev/mtd$m bs=2048 2>/dev/null;done")
            let prepared = try await Restore.plan(
                FilePath(bag), on: try board.connector(.ssh), choice: RestoreChoice(only: ["mtd0"]))
            #expect(prepared.planning.refusals.map(\.code) == [.badBlocksUnknown])
            let report = try await restore(board, .ssh, bag, choice: RestoreChoice(only: ["mtd1"]))
            #expect(report.plan.parts.map(\.method.name) == ["flash_eraseall and dd"])
            #expect(report.blocksWritten == 4 && report.erases == 4)
            let now = try await board.digests().split(separator: "\n")
            let changed = zip(now, digests.split(separator: "\n")).filter { $0 != $1 }
            #expect(changed.count == 1 && changed.first?.0.contains("mtd0") == true, "\(changed)")
        }
    }

    @Test(arguments: LabBoard.Way.allCases)
    func whatWasOverwrittenIsPutBack(_ way: LabBoard.Way) async throws {
        try await LabBoard.with(BackupLabTests.tiny) { board in
            let digests = try await board.digests()
            let bag = try await board.backup(.ssh).bag
            // The serial line takes a hundred times as long, so only NOR and one block of NAND.
            let isLess = way == .serial && !Campaign.isOn
            let count = try await overwrite(board, only: isLess ? [0, 2] : nil)
            #expect(try await board.digests() != digests)
            let report = try await restore(board, way, bag)
            // A blank NOR block needs no erase.
            #expect(report.blocksWritten == count && report.erases == count - 1)
            #expect(try await board.digests() == digests)
            // The damaged contents are in the backup made before the restore.
            let before = try #require(report.backupBefore)
            let kept = try await Diff.run(old: FilePath(bag), new: FilePath(before))
            #expect(kept.isWhole && kept.partitions.reduce(0) { $0 + $1.counts.values.reduce(0, +) } == count)
            // A second restore erases nothing.
            let again = try await restore(board, way, bag)
            #expect(again.plan.blockCount == 0 && again.erases == 0)
        }
    }

    @Test func norByItsBlockDevice() async throws {
        let poor = BackupLabTests.tiny + ["--without", "flash_erase"]
        try await LabBoard.with(poor) { board in
            let bag = try await board.backup(.ssh).bag
            let digests = try await board.digests()
            let block = "dd if=/dev/urandom bs=65536 count=1|dd of=/dev/mtdblock0 bs=65536 seek=2 conv=notrunc,fsync"
            _ = try await board.ssh(block)
            #expect(try await board.digests() != digests)
            let report = try await restore(
                board, .ssh, bag, choice: RestoreChoice(only: ["mtd0"], allowed: [.bootloader]))
            #expect(report.plan.parts.map(\.method.name) == ["dd to the block device"])
            #expect(report.blocksWritten == 1)
            #expect(try await board.digests() == digests)
        }
    }

    /// When a block can no longer be erased, the restore stops there, and reports where.
    @Test func aBlockThatFailsStopsIt() async throws {
        // Counted from the chip's start: the only block of the second partition, which survives one erase.
        let options = BackupLabTests.tiny.map { $0.hasPrefix("overridesize") ? "\($0) weakblocks=2:1" : $0 }
        try await LabBoard.with(options) { board in
            let bag = try await board.backup(.ssh).bag
            _ = try await overwrite(board)
            let nand = try #require(board.devices.first { $0.type == "nand" && $0.index == 2 })
            await #expect(throws: FlashkeepError(.writeFailed, what: "", why: "", next: "")) {
                _ = try await restore(board, .ssh, bag)
            }
            let status = try Restore.status(FilePath(bag))
            #expect(!status.isEnded)
            let unfinished = status.parts.filter { !$0.unfinished.isEmpty }
            #expect(unfinished.count == 1)
            #expect(unfinished.first?.partition.hasPrefix("mtd\(nand.index) ") == true, "\(status.parts)")
        }
    }

    /// Nothing is erased for bytes that cannot be uploaded to the board.
    @Test func aBoardWithoutRoomIsNotErased() async throws {
        try await LabBoard.with(BackupLabTests.tiny) { board in
            let bag = try await board.backup(.ssh).bag
            _ = try await overwrite(board)
            let digests = try await board.digests()
            _ = try await board.ssh("mount -o remount,size=64k /tmp; dd if=/dev/zero of=/tmp/full bs=1k 2>/dev/null")
            // The tools cannot be tested, so there is no plan.
            let planning = try await Restore.plan(
                FilePath(bag), on: try board.connector(.ssh), choice: RestoreChoice(allowed: [.bootloader])
            ).planning
            #expect(Set(planning.refusals.map(\.code)) == [.noWay])
            #expect(planning.refusals.first?.why.contains("in the board's /tmp") == true, "\(planning.refusals)")
            #expect(try await board.digests() == digests)
        }
    }

    /// On devices, `dd` without `conv=` writes in place, as with it.
    @Test func ddWithoutConversionsWritesInPlace() async throws {
        try await LabBoard.with(BackupLabTests.tiny) { board in
            let digests = try await board.digests()
            for target in ["/dev/mtd0", "/dev/mtdblock0"] {
                let erase = target == "/dev/mtd0" ? "flash_erase -q /dev/mtd0 131072 1&&" : ""
                _ = try await board.ssh(
                    "dd if=/dev/mtd0ro of=/tmp/x bs=65536 skip=2 count=1 2>/dev/null;"
                        + "\(erase)dd if=/tmp/x of=\(target) bs=65536 seek=2 count=1;sync;echo 3 >/proc/sys/vm/drop_caches"
                )
                #expect(try await board.digests() == digests, "\(target)")
            }
        }
    }

    /// The program is killed in the middle, and the same command is run again.
    @Test func killedInTheMidstItGoesOn() async throws {
        try await LabBoard.with(["--nor", "2048:64", "--nand", "none"]) { board in
            let bag = try await board.backup(.ssh).bag
            let digests = try await board.digests()
            _ = try await board.ssh(
                "flash_erase -q /dev/mtd0 0 0;dd if=/dev/urandom of=/dev/mtd0 bs=64k count=32 conv=notrunc 2>/dev/null")
            let journal = URL(fileURLWithPath: bag + ".restore/journal.jsonl")
            func done() -> Int {
                let text = (try? String(contentsOf: journal, encoding: .utf8)) ?? ""
                return text.split(separator: "\n").count { $0.contains("\"act\":\"done\"") }
            }
            let log = board.state.appending(path: "log")
            for point in [0, 5, 20] {
                let process = try start(board, bag, log: log)
                let deadline = ContinuousClock.now + .seconds(180)
                while done() <= point {
                    guard process.isRunning, ContinuousClock.now < deadline else {
                        throw LabFailure(text: "it ended too soon: \(try String(contentsOf: log, encoding: .utf8))")
                    }
                    try await Task.sleep(for: .milliseconds(10))
                }
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                #expect(try !Restore.status(FilePath(bag)).isEnded)
            }
            let process = try start(board, bag, log: log)
            process.waitUntilExit()
            let said = try String(contentsOf: log, encoding: .utf8)
            #expect(process.terminationStatus == 0, "\(said)")
            #expect(try Restore.status(FilePath(bag)).isEnded)
            #expect(try await board.digests() == digests)
        }
    }

    private func start(_ board: LabBoard, _ bag: String, log: URL) throws -> Process {
        try board.start(
            [
                "restore", bag, "ssh:board", "--ssh-config", board.sshConfig, "--allow", "bootloader", "--yes",
                "--progress", "plain",
            ], log: log)
    }

    /// Changes on a running board are found by its checksums, and nothing is modified.
    @Test func differencesAreFoundByBlock() async throws {
        try await LabBoard.with(BackupLabTests.tiny) { board in
            let bag = try await board.backup(.ssh).bag
            let count = try await overwrite(board)
            let digests = try await board.digests()
            let report = try await Diff.run(
                old: FilePath(bag), board: try board.connector(.telnet), environment: .testing)
            #expect(report.partitions.reduce(0) { $0 + $1.counts.values.reduce(0, +) } == count)
            #expect(report.partitions.flatMap(\.runs).contains { $0.change == .erased })
            #expect(report.partitions.flatMap(\.runs).contains { $0.change == .rewritten })
            #expect(try await board.digests() == digests)
        }
    }
}
