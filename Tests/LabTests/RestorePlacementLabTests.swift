import FlashModel
import Foundation
import Operations
import SystemPackage
import TestSupport
import Testing

/// Backups of one board's NAND restored to another with other bad blocks: the same unit years later.
@Suite(
    .enabled(if: LabBoard.isAvailable, "the lab is not installed: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct RestorePlacementLabTests {
    /// 12 MiB for UBI after two partitions of four blocks.
    private static let options = ["--nor", "none", "--nand", "small", "--ubifs"]
    private static let parts = "parts=4,4,96"
    private static let ubi = 2

    /// A backup, and the contents of UBI when it was made.
    private struct Kept {
        var bag: String
        /// The checksums of the static volume and of each file in the file system.
        var sums: String
        /// The expected contents of the first partitions.
        var expected: [Data]
    }

    private static let sums = "sha256sum /dev/ubi0_0 /mnt/*"

    /// A board with UBI volumes, one with a file system, backed up while UBI is detached.
    private static func keep(in folder: ScratchFolder) async throws -> Kept {
        let bad = ["--bad", "2,20,30", "--nandsim", parts, "--ubi", "\(ubi)"]
        return try await LabBoard.with(options + bad) { board in
            let made = try await board.ssh(
                "set -e;mkdir -p /mnt;ubimkvol /dev/ubi0 -N data -s 4MiB >/dev/null;mount -t ubifs ubi0:data /mnt;"
                    + "for i in 1 2 3 4 5;do dd if=/dev/urandom of=/mnt/f$i bs=50k count=6 2>/dev/null;done;sync;"
                    + "\(sums);umount /mnt;ubidetach -m \(ubi)")
            #expect(made.split(separator: "\n").count == 6, "\(made)")
            let kept = try await board.backup(.ssh, to: "bag").bag
            let bag = folder.path.appending("bag").string
            try FileManager.default.copyItem(atPath: kept, toPath: bag)
            return Kept(bag: bag, sums: made, expected: try (0..<2).map { try #require(board.expected($0)) })
        }
    }

    private static func attachAndMount(_ board: LabBoard) async throws -> String {
        try await board.ssh(
            "set -e;mkdir -p /mnt;ubiattach -m \(ubi) >/dev/null;mount -t ubifs ubi0:data /mnt;\(sums);umount /mnt;"
                + "ubidetach -m \(ubi)")
    }

    private func restore(_ board: LabBoard, _ bag: String) async throws -> RestoreReport {
        try await LabRestore.run(bag, on: try board.connector(.ssh), state: board.state)
    }

    /// With bad blocks on the board, and pages that can no longer be written, whose blocks are set aside during the
    /// restore.
    @Test func volumesAreThereAndMountPastBadAndFailingBlocks() async throws {
        let folder = try ScratchFolder()
        let kept = try await Self.keep(in: folder)
        // Block 3 is blank in the backup, and 2 was bad there; the others lie within UBI.
        let bad = ["--bad", "3,8,9,50,60,81,85", "--seed", "2"]
        // Pages are counted from the chip's start, 64 per block: the second pages of blocks 52, 70 and 90. Each can be
        // written once, and the lab does that when it fills the flash.
        let pages = [52, 70, 90].map { "\($0 * 64 + 1):1" }.joined(separator: ",")
        try await LabBoard.with(Self.options + bad + ["--nandsim", "\(Self.parts) weakpages=\(pages)"]) { board in
            let report = try await restore(board, kept.bag)
            let part = try #require(report.plan.parts.first { $0.partition.index == Self.ubi })
            #expect(part.policy == .ubi && part.blocks.contains { $0.movedFrom != nil })
            #expect(report.setAside > 0)
            for (index, expected) in kept.expected.enumerated() {
                let file = board.state.appending(path: "now")
                _ = try await LabBoard.run(
                    "Lab/board", ["dump", "--state", board.state.path, "mtd\(index)", file.path])
                let now = try Data(contentsOf: file)
                let device = try #require(board.devices.first { $0.index == index })
                for block in 0..<4 where !(index == 0 && [2, 3].contains(block)) {
                    let range = block * device.erasesize..<(block + 1) * device.erasesize
                    #expect(now[range] == expected[range], "mtd\(index), block \(block)")
                }
            }
            #expect(try await Self.attachAndMount(board) == kept.sums)
        }
    }
}
