import BackupBags
import FlashModel
import SystemPackage

/// Makes small backups of an invented board for tests.
enum Samples {
    static let board = BoardIdentity(
        model: "Acme Router 3000", compatible: ["acme,r3000"], hostname: "router", kernel: "Linux 5.15",
        macAddresses: ["02:00:00:00:00:01"])

    static let nor = Chip(
        id: "spi0.0", kind: .spiNOR, size: 0x8000, sizeKnowledge: .exact, eraseBlockSize: 0x1000, pageSize: 1,
        oobSize: 0, identification: ["jedec_id": "bf2541"], source: "sysfs")
    static let nand = Chip(
        id: "nand0", kind: .nand, size: 0x10000, sizeKnowledge: .exact, eraseBlockSize: 0x2000, pageSize: 512,
        oobSize: 16, ecc: Chip.ECC(strength: 4, stepSize: 512), source: "sysfs")

    static func partition(
        _ index: Int, _ name: String, chip: Chip, offset: Int, size: Int, role: Partition.Role = .unknown,
        bad: [Int] = []
    ) -> Partition {
        Partition(
            index: index, name: name, chip: chip.id, offset: offset, offsetSource: .sysfs, size: size,
            eraseBlockSize: chip.eraseBlockSize, pageSize: chip.pageSize, oobSize: chip.oobSize,
            type: chip.kind.isNAND ? "nand" : "nor", isWritable: true, role: role,
            badBlocks: chip.kind.isNAND ? BadBlockKnowledge(bad: bad, source: "mtdinfo", isComplete: true) : nil)
    }

    static let partitions = [
        partition(0, "RedBoot", chip: nor, offset: 0, size: 0x2000, role: .bootloader),
        partition(1, "firmware", chip: nor, offset: 0x2000, size: 0x5000, role: .firmware),
        partition(2, "kernel", chip: nor, offset: 0x2000, size: 0x2000, role: .firmware),
        partition(3, "ART", chip: nor, offset: 0x7000, size: 0x1000, role: .calibration),
        partition(4, "ubi", chip: nand, offset: 0, size: 0x10000, bad: [2]),
    ]

    static let images = [
        BackupIdentity.Image(
            path: BagLayout.images + "/" + ImageName.file("mtd0", name: "RedBoot"), chip: nor.id, offset: 0,
            size: 0x2000),
        BackupIdentity.Image(
            path: BagLayout.images + "/" + ImageName.file("mtd1", name: "firmware"), chip: nor.id, offset: 0x2000,
            size: 0x5000),
        BackupIdentity.Image(
            path: BagLayout.images + "/" + ImageName.file("mtd3", name: "ART"), chip: nor.id, offset: 0x7000,
            size: 0x1000),
        BackupIdentity.Image(
            path: BagLayout.images + "/" + ImageName.file("mtd4", name: "ubi"), chip: nand.id, offset: 0,
            size: 0x10000),
    ]

    static let survey = Survey(board: board, chips: [nor, nand], partitions: partitions, table: .complete)
    static let identity = BackupIdentity(survey: survey, images: images)
    static let total = images.reduce(0) { $0 + $1.size }

    /// The contents of the invented flash, image by image, with a hole in place of the bad block.
    static let contents: [[UInt8]] = images.enumerated().map { number, image in
        var state = UInt64(number + 1)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(image.size)
        while bytes.count < image.size {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes.append(UInt8(truncatingIfNeeded: state >> 33))
        }
        if number == 3 { bytes.replaceSubrange(badBlock, with: repeatElement(0xFF, count: badBlock.count)) }
        return bytes
    }

    static func bytes(_ image: Int, _ range: Range<Int>) -> [UInt8] { Array(contents[image][range]) }

    /// The bad block of the NAND image.
    static let badBlock = 0x4000..<0x6000
    static let badFinding = BlockFinding(
        offset: badBlock.lowerBound, size: badBlock.count, state: .factoryBad, detail: nil)

    /// Writes all missing bytes into a backup, as an operation would, and completes it.
    static func finish(_ builder: BagBuilder, chunk: Int = 0x1000, proof: Proof.Result = .proven) throws -> FilePath {
        var records: [ImageRecord] = []
        for (number, image) in images.enumerated() {
            let writer = try builder.image(path: image.path, size: image.size)
            for range in writer.missing() {
                var place = range.lowerBound
                while place < range.upperBound {
                    var end = min(range.upperBound, (place / chunk + 1) * chunk)
                    if number == 3, place == badBlock.lowerBound {
                        end = min(range.upperBound, badBlock.upperBound)
                        try writer.fill(
                            place..<end, findings: [BlockFinding(offset: place, size: end - place, state: .factoryBad)])
                    } else {
                        try writer.write(offset: place, bytes: bytes(number, place..<end))
                    }
                    place = end
                }
            }
            try builder.checkpoint()
            records.append(
                ImageRecord(
                    path: image.path, chip: image.chip, offset: image.offset, size: image.size,
                    sha256: try writer.sha256(), proof: Proof(against: .secondRead, result: proof),
                    badBlocks: number == 3 ? [badBlock.lowerBound] : [], blocks: writer.findings))
        }
        try builder.addEvidence(Evidence(name: "proc-mtd.txt", bytes: Array("dev:    size\n".utf8)))
        let manifest = manifest(images: records)
        return try builder.complete(
            manifest: manifest, restoreText: "to be put back by hand\n", bagInfo: bagInfo)
    }

    static let bagInfo = BagInfo(
        baggingDate: "2026-11-21", softwareAgent: "flashkeep 0.1", description: "Flash of Acme Router 3000")

    static let capture = CaptureRecord(
        toolVersion: "0.1", address: "root@192.168.1.1", way: "Linux shell over SSH",
        startedAt: "2026-11-21T03:00:00Z", finishedAt: "2026-11-21T03:10:00Z", retries: 1,
        commands: ["dd if=/dev/mtd0ro"],
        tools: ["flash_erase": "mtd-utils 2.1.5", "flashcp": "mtd-utils 2.1.5", "nanddump": "mtd-utils 2.1.5"])

    static func manifest(images: [ImageRecord]) -> Manifest {
        let views: [Int: PartitionRecord.View] = [
            0: .init(image: Samples.images[0].path, offset: 0), 1: .init(image: Samples.images[1].path, offset: 0),
            2: .init(image: Samples.images[1].path, offset: 0), 3: .init(image: Samples.images[2].path, offset: 0),
            4: .init(image: Samples.images[3].path, offset: 0),
        ]
        return Manifest(
            board: board, chips: [nor, nand],
            partitions: partitions.map { PartitionRecord($0, view: views[$0.index]) }, images: images,
            table: .complete, capture: capture, warnings: [])
    }
}
