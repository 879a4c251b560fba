import BackupBags
import FlashModel
import Operations
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Boards for the tests of the backup operation, and one way to back them up.
enum SimulatedBackups {
    /// A router: SPI-NOR with nested partitions, and NAND with bad blocks and an overlap.
    static func router() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 16, blockSize: 1024, seed: 3)
        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 24, blockSize: 2048, pageSize: 512, oobSize: 16, badBlocks: [5, 17], seed: 4)
        return SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
            chips: [nor, nand],
            devices: [
                nor.device(0, "u-boot", 0..<3), nor.device(1, "firmware", 3..<14),
                nor.device(2, "kernel", 3..<7, parent: 1), nor.device(3, "rootfs", 7..<14, parent: 1),
                nor.device(4, "art", 14..<16),
                nand.device(5, "first", 0..<10), nand.device(6, "over", 8..<16), nand.device(7, "ubi", 16..<24),
            ])
    }

    /// The least board that has a bad block, an ECC that repairs and a nested partition.
    static func small() -> SimulatedHardware {
        var nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: 512, pageSize: 128, oobSize: 4, badBlocks: [1], seed: 5)
        nand.corrected = [3]
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme S"), chips: [nand],
            devices: [
                nand.device(0, "boot", 0..<2), nand.device(1, "all", 2..<6), nand.device(2, "rootfs", 4..<6, parent: 1),
            ])
        hardware.chunkBlocks = 1
        return hardware
    }

    static func run(
        _ reacher: SimulatedReacher, in folder: ScratchFolder, _ change: (inout BackupOptions) -> Void = { _ in },
        disk: Disk = Disk(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> BackupReport {
        var options = BackupOptions(target: folder.path.appending("bag"), folder: folder.path)
        change(&options)
        return try await Backup.run(
            reacher, options: options, environment: .simulated(), disk: disk, progress: progress)
    }

    /// Backs a board up and checks what must always be so.
    static func checked(
        _ hardware: SimulatedHardware, _ change: (inout BackupOptions) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> BackupReport {
        let folder = try ScratchFolder()
        let reacher = SimulatedReacher(hardware)
        let report = try await run(reacher, in: folder, change)
        let problems = BagCheck.problems(report, reacher.hardware)
        #expect(problems.isEmpty, "\(problems)", sourceLocation: sourceLocation)
        let verified = try await Verify.run(bag: FilePath(report.bag))
        #expect(verified.ok, "\(verified.problems)", sourceLocation: sourceLocation)
        #expect(verified.summary == report.summary, sourceLocation: sourceLocation)
        return report
    }
}

extension BackupReport {
    /// The image that holds a partition.
    func image(_ index: Int) -> ImageRecord? {
        manifest.partitions.first { $0.index == index }?.view.flatMap { manifest.image($0.image) }
    }
}

/// What was told while something ran.
final class Told: Sendable {
    private let events = Mutex<[ProgressEvent]>([])

    var handler: ProgressHandler {
        { event in self.events.withLock { $0.append(event) } }
    }

    var all: [ProgressEvent] { events.withLock { $0 } }

    var warnings: [String] {
        all.compactMap { event in
            guard case .warning(let text) = event else { return nil }
            return text
        }
    }
}
