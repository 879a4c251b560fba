import FlashModel
import Testing

@Suite struct PartitionPictureTests {
    static let survey: Survey = {
        func partition(
            _ index: Int, _ name: String, _ offset: Int?, _ size: Int, _ role: Partition.Role = .unknown
        ) -> Partition {
            Partition(
                index: index, name: name, chip: "spi0.0", offset: offset, offsetSource: offset == nil ? .none : .sysfs,
                size: size, eraseBlockSize: 4096, pageSize: 1, oobSize: 0, type: "nor", role: role)
        }
        var boot = partition(0, "u-boot", 0, 0x4_0000, .bootloader)
        boot.isWritable = false
        var rootfs = partition(4, "rootfs", 0xD_0000, 0x12_0000, .firmware)
        rootfs.isLive = true
        return Survey(
            chips: [
                Chip(
                    id: "spi0.0", kind: .spiNOR, size: 0x20_0000, sizeKnowledge: .exact, eraseBlockSize: 4096,
                    pageSize: 1,
                    oobSize: 0, identification: ["partname": "sst25vf016b"], source: "sysfs")
            ],
            partitions: [
                boot, partition(2, "firmware", 0x5_0000, 0x1A_0000, .firmware),
                partition(3, "kernel", 0x5_0000, 0x8_0000, .firmware), rootfs,
                partition(5, "art", 0x1F_0000, 0x1_0000, .calibration), partition(6, "half\u{1B}[2J", 0x1F_0800, 0x800),
                partition(7, "Data", nil, 0),
            ], table: .complete)
    }()

    @Test func nestedChip() {
        #expect(
            PartitionPicture(width: 90).lines(Self.survey).joined(separator: "\n") == """
                spi0.0: SPI NOR "sst25vf016b", 2 MiB, erase blocks of 4 KiB
                   0x00000000 ├ mtd0= u-boot       256 KiB bootloader  █████······························
                   0x00040000 ├ (no partition)      64 KiB             ····░░·····························
                   0x00050000 ├ mtd2 firmware      1.6 MiB firmware    ·····█████████████████████████████·
                   0x00050000 │ ├ mtd3 kernel      512 KiB firmware    ·····██████████····················
                   0x000d0000 │ └ mtd4* rootfs     1.1 MiB firmware    ··············████████████████████·
                   0x001f0000 └ mtd5 art            64 KiB calibration ·································██
                   0x001f0800   └ mtd6 half\\x1b[2J   2 KiB             ·································█·
                  at an unknown offset:
                              mtd7 Data            0 bytes
                   0x00200000 end of the chip

                * in use: may change while it is read
                = read-only in the running system
                """)
    }

    @Test func asciiIsASCII() {
        for line in PartitionPicture(width: 70, style: .ascii).lines(Self.survey) {
            #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
            #expect(line.count <= 70)
        }
    }

    @Test(arguments: [-1, 0, 1, 40, 41, 55, 79, 80, 200, 100_000])
    func everyWidth(width: Int) {
        for line in PartitionPicture(width: width).lines(Self.survey) {
            #expect(line.count <= min(max(width, 40), 400))
        }
    }

    /// A table may have partitions without bytes: `mtdparts=nand:2m(boot),0(none),-(fs)`.
    @Test func partitionsWithoutBytes() {
        func partition(_ index: Int, _ name: String, _ offset: Int, _ size: Int) -> Partition {
            Partition(
                index: index, name: name, chip: "nand0", offset: offset, offsetSource: .commandLine, size: size,
                eraseBlockSize: 131_072, pageSize: 2_048, oobSize: 64, type: "nand", isWritable: nil)
        }
        let survey = Survey(
            chips: [
                Chip(
                    id: "nand0", kind: .nand, size: 4 << 20, sizeKnowledge: .exact, eraseBlockSize: 131_072,
                    pageSize: 1, oobSize: 0, source: "nand info")
            ],
            partitions: [
                partition(0, "first", 0, 0), partition(1, "boot", 0, 2 << 20), partition(2, "none", 2 << 20, 0),
                partition(3, "fs", 2 << 20, 2 << 20), partition(4, "in", 3 << 20, 0), partition(5, "last", 4 << 20, 0),
            ], table: .complete)
        #expect(
            PartitionPicture(width: 59).lines(survey).joined(separator: "\n") == """
                nand0: NAND, 4 MiB, erase blocks of 128 KiB
                   0x00000000 ├ mtd0 first 0 bytes ························
                   0x00000000 ├ mtd1 boot    2 MiB ████████████············
                   0x00200000 ├ mtd2 none  0 bytes ························
                   0x00200000 ├ mtd3 fs      2 MiB ············████████████
                   0x00300000 │ └ mtd4 in  0 bytes ························
                   0x00400000 └ mtd5 last  0 bytes ························
                   0x00400000 end of the chip
                """)
    }

    @Test func nothingToDraw() {
        #expect(PartitionPicture().lines(Survey(table: .complete)) == [])
    }

    @Test func impossibleNumbers() {
        var survey = Self.survey
        survey.chips[0].size = .exact(.max)
        survey.partitions[1].offset = Int.max - 5
        survey.partitions[1].size = 5
        survey.partitions[2].offset = -3
        survey.partitions[3].size = Int.max
        survey.partitions[3].badBlocks = BadBlockKnowledge(bad: [0, Int.max, -1], source: "x", isComplete: true)
        #expect(!PartitionPicture().lines(survey).isEmpty)
    }
}
