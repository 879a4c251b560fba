import BackupBags
import FlashModel
import FoundationEssentials
import SystemPackage

/// Small finished backups of a simulated board, in a folder that is removed at the end.
final class SampleBags {
    static let first = "data/images/mtd0-boot_loader.bin"
    static let second = "data/images/mtd1-all.bin"

    let path: FilePath

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.path).appending(
            "fk-ops-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path.string)
    }

    /// Makes a backup with this name; `scale` enlarges its second image.
    func make(_ name: String, scale: Int = 1) throws -> FilePath {
        let chip = Chip(
            id: "spi0.0", kind: .spiNOR, size: 0x6000 * scale, sizeKnowledge: .exact, eraseBlockSize: 0x1000,
            pageSize: 1,
            oobSize: 0, source: "sysfs")
        func partition(_ index: Int, _ name: String, _ offset: Int, _ size: Int) -> Partition {
            Partition(
                index: index, name: name, chip: chip.id, offset: offset, offsetSource: .sysfs, size: size,
                eraseBlockSize: 0x1000, pageSize: 1, oobSize: 0, type: "nor")
        }
        let sizes = [0x2000, 0x4000 * scale]
        let plan = [
            BackupIdentity.Image(path: Self.first, chip: chip.id, offset: 0, size: sizes[0]),
            BackupIdentity.Image(path: Self.second, chip: chip.id, offset: 0x2000, size: sizes[1]),
        ]
        let target = path.appending(name)
        let builder = try BagBuilder.open(
            target: target, identity: BackupIdentity(board: [:], partitions: [], images: plan), needed: 0)
        var records: [ImageRecord] = []
        for (number, image) in plan.enumerated() {
            let writer = try builder.image(path: image.path, size: image.size)
            for offset in stride(from: 0, to: image.size, by: 0x1000) {
                try writer.write(
                    offset: offset,
                    bytes: (0..<0x1000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ offset >> 12 &+ number) })
            }
            if number == 1 { try writer.mark([BlockFinding(offset: 0x1200, size: 0x200, state: .eccFailed)]) }
            records.append(
                ImageRecord(
                    path: image.path, chip: image.chip, offset: image.offset, size: image.size,
                    sha256: try writer.sha256(), proof: Proof(against: .secondRead, result: .proven),
                    blocks: writer.findings))
        }
        try builder.addEvidence(Evidence(name: "proc-mtd.txt", bytes: Array("dev:    size   erasesize  name\n".utf8)))
        let manifest = Manifest(
            board: BoardIdentity(model: "Acme"), chips: [chip],
            partitions: [
                PartitionRecord(partition(0, "boot loader", 0, sizes[0]), view: .init(image: Self.first, offset: 0)),
                PartitionRecord(partition(1, "all", 0x2000, sizes[1]), view: .init(image: Self.second, offset: 0)),
                PartitionRecord(
                    partition(2, "kernel", 0x3000, 0x1800), view: .init(image: Self.second, offset: 0x1000)),
                PartitionRecord(
                    partition(3, "secret", 0x3000, 0x1000), view: nil, reason: "the board would not give it"),
            ], images: records,
            table: .complete,
            capture: CaptureRecord(
                toolVersion: "0.1", address: "local:", way: "test", startedAt: "2026-11-21T03:00:00Z",
                finishedAt: "2026-11-21T03:00:01Z"))
        return try builder.complete(
            manifest: manifest, restoreText: RestoreText.text(for: manifest),
            bagInfo: BagInfo(baggingDate: "2026-11-21", softwareAgent: "flashkeep 0.1", description: "Acme"))
    }

    /// Changes a file in the bag's tag manifest, and its entry there, as a forger would.
    func rewrite(_ bag: FilePath, _ name: String, _ text: String) throws {
        let list = bag.appending("tagmanifest-sha256.txt")
        let old = StreamingChecksum.digest(of: try read(bag.appending(name)), .sha256).hex
        let new = StreamingChecksum.digest(of: Array(text.utf8), .sha256).hex
        var lines = String(decoding: try read(list), as: UTF8.self)
        lines.replace(old, with: new)
        try write(Array(lines.utf8), list)
        try write(Array(text.utf8), bag.appending(name))
    }

    func read(_ path: FilePath) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path.string) else { throw Errno.noSuchFileOrDirectory }
        return Array(data)
    }

    func write(_ bytes: [UInt8], _ path: FilePath) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path.string))
    }

    func flip(_ path: FilePath, at offset: Int) throws {
        var bytes = try read(path)
        bytes[offset] ^= 0x10
        try write(bytes, path)
    }

    func remove(_ path: FilePath) throws {
        try FileManager.default.removeItem(atPath: path.string)
    }

    func link(_ path: FilePath, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: target)
    }

    func move(_ path: FilePath, to other: FilePath) throws {
        try FileManager.default.moveItem(atPath: path.string, toPath: other.string)
    }

    func names(_ path: FilePath) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path.string).sorted()
    }
}
