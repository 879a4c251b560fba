import FlashModel
import TestSupport
import Testing

/// What a backup reads: every byte that a partition covers, once, and a view for each partition.
@Suite struct ReadCoverageTests {
    static let block = 0x1_0000

    static func chip(
        _ id: String = "chip0", size: Int, known: Chip.SizeKnowledge = .exact, kind: Chip.Kind = .nor
    ) -> Chip {
        Chip(
            id: id, kind: kind, size: size, sizeKnowledge: known, eraseBlockSize: block, pageSize: 1, oobSize: 0,
            source: "test")
    }

    static func partition(
        _ index: Int, _ name: String, at offset: Int?, _ size: Int, chip: String = "chip0",
        source: Partition.OffsetSource = .sysfs, type: String = "nor", block: Int = block
    ) -> Partition {
        Partition(
            index: index, name: name, chip: chip, offset: offset, offsetSource: source, size: size,
            eraseBlockSize: block, pageSize: 1, oobSize: 0, type: type)
    }

    @Test func neighboursAreImagesOfTheirOwn() {
        let cover = ReadCoverage.plan(
            Survey(
                chips: [Self.chip(size: 0x40_0000)],
                partitions: [
                    Self.partition(0, "u-boot", at: 0, 0x4_0000), Self.partition(1, "env", at: 0x4_0000, 0x1_0000),
                    Self.partition(2, "firmware", at: 0x6_0000, 0x3A_0000),
                ], table: .complete))
        #expect(cover.images.map(\.fileName) == ["mtd0-u-boot.bin", "mtd1-env.bin", "mtd2-firmware.bin"])
        #expect(cover.gaps.map { [$0.offset, $0.size] } == [[0x5_0000, 0x1_0000]])
        #expect(cover.gaps.first?.reason == "no partition of the running system covers it")
    }

    @Test func aContainerIsTheImageOfItsParts() {
        let cover = ReadCoverage.plan(
            Survey(
                chips: [Self.chip(size: 0x20_0000)],
                partitions: [
                    Self.partition(0, "kernel", at: 0, 0x10_0000),
                    Self.partition(1, "rootfs", at: 0x10_0000, 0x10_0000),
                    Self.partition(2, "firmware", at: 0, 0x20_0000),
                ], table: .complete))
        #expect(cover.images.map(\.fileName) == ["mtd2-firmware.bin"])
        #expect(cover.view(of: 1) == CoverView(partition: 1, image: 0, offset: 0x10_0000))
        #expect(cover.gaps.isEmpty)
    }

    @Test func twoNamesForOneRangeAreOneImage() {
        let cover = ReadCoverage.plan(
            Survey(
                chips: [Self.chip(size: 0x1_0000)],
                partitions: [Self.partition(7, "u-boot", at: 0, 0x1_0000), Self.partition(3, "boot", at: 0, 0x1_0000)],
                table: .complete))
        #expect(cover.images.map(\.fileName) == ["mtd3-boot.bin"])
        #expect(cover.images.first?.pieces == [CoverPiece(mtd: 3, offset: 0, length: 0x1_0000)])
        #expect(cover.views.map(\.image) == [0, 0])
    }

    @Test func theWholeChipIsTheImage() {
        let cover = ReadCoverage.plan(
            Survey(
                chips: [Self.chip(size: 0x40_0000)],
                partitions: [
                    Self.partition(0, "flash", at: 0, 0x40_0000, source: .wholeChip),
                    Self.partition(1, "a", at: 0x1_0000, 0x1_0000), Self.partition(2, "b", at: 0x2_0000, 0x1_0000),
                ], table: .complete))
        #expect(cover.images.map(\.fileName) == ["mtd0-flash.bin"])
        #expect(cover.images.first?.offsetSource == .wholeChip)
        #expect(cover.gaps.isEmpty)
        #expect(cover.views.count == 3)
    }

    @Test func partialOverlapsBecomeOneImageOfPieces() {
        let cover = ReadCoverage.plan(
            Survey(
                chips: [Self.chip(size: 0x80_0000)],
                partitions: [
                    Self.partition(8, "firmware", at: 0x1_0000, 0x70_0000),
                    Self.partition(9, "tail", at: 0x70_0000, 0x10_0000),
                ], table: .complete))
        #expect(
            cover.images == [
                CoverImage(
                    fileName: "mtd8-firmware_mtd9-tail.bin", chip: "chip0", offset: 0x1_0000, offsetSource: .sysfs,
                    size: 0x7F_0000,
                    pieces: [
                        CoverPiece(mtd: 8, offset: 0, length: 0x70_0000),
                        CoverPiece(mtd: 9, offset: 0x1_0000, length: 0xF_0000),
                    ])
            ])
    }

    /// The first partition ends within an erase block, so the second begins at the start of that block.
    @Test func piecesMeetOnEraseBlocks() {
        let cover = ReadCoverage.plan(
            Survey(
                chips: [Self.chip(size: 0x8_0000, kind: .nand)],
                partitions: [
                    Self.partition(0, "a", at: 0, 0x3_0800, type: "nand"),
                    Self.partition(1, "b", at: 0x2_0000, 0x6_0000, type: "nand"),
                ], table: .complete))
        #expect(
            cover.images.first?.pieces == [
                CoverPiece(mtd: 0, offset: 0, length: 0x3_0000), CoverPiece(mtd: 1, offset: 0x1_0000, length: 0x5_0000),
            ])
    }

    @Test func whatIsGuessedOrUnknownIsNeverMerged() {
        let cover = ReadCoverage.plan(
            Survey(
                chips: [Self.chip(size: 0x10_0000)],
                partitions: [
                    Self.partition(0, "a", at: 0, 0x8_0000, source: .guess),
                    Self.partition(1, "b", at: 0, 0x8_0000, source: .guess),
                    Self.partition(2, "c", at: nil, 0x1000, source: .none),
                ], table: .complete))
        #expect(cover.images.map(\.size) == [0x8_0000, 0x8_0000, 0x1000])
        #expect(cover.gaps.isEmpty, "they may well fill the chip")
    }

    @Test func volumesAndDisabledPartitionsAreNamedNotRead() {
        let cover = ReadCoverage.plan(
            Survey(
                chips: [Self.chip(size: 0x10_0000, kind: .nand)],
                partitions: [
                    Self.partition(0, "ubi", at: 0, 0x10_0000, type: "nand"),
                    Self.partition(1, "rootfs", at: nil, 1_000_000, chip: "ubi", source: .none, type: "ubi"),
                    Self.partition(2, "Data", at: nil, 0, source: .none, type: "nand"),
                ], table: .complete))
        #expect(cover.images.count == 1)
        #expect(cover.skipped.map(\.partition) == [1, 2])
        #expect(cover.skipped.first?.reason.contains("UBI") == true)
        #expect(cover.gaps.isEmpty)
    }

    @Test func impossibleNumbersDoNotTrap() {
        let cover = ReadCoverage.plan(
            Survey(
                chips: [Self.chip(size: Int.max), Self.chip("negative", size: -5)],
                partitions: [
                    Self.partition(0, "a", at: Int.max - 1, Int.max), Self.partition(1, "b", at: -5, 10),
                    Self.partition(2, "c", at: 0, -7), Self.partition(3, "d", at: Int.max - 10, 10, block: 0),
                    Self.partition(4, "e", at: nil, Int.max, source: .none),
                    Self.partition(5, "f", at: nil, Int.max, source: .none, block: Int.min),
                ], table: .complete))
        #expect(cover.skipped.map(\.partition) == [2])
        #expect(cover.views.count == 5)
    }

    /// A random layout on one to three chips.
    private static func layout(_ random: inout SplitMix64) -> Survey {
        let block = 4
        let chipCount = Int.random(in: 1...3, using: &random)
        var chips: [Chip] = []
        var partitions: [Partition] = []
        for number in 0..<chipCount {
            let size = Int.random(in: 8...256, using: &random)
            chips.append(
                chip("chip\(number)", size: size, known: Bool.random(using: &random) ? .exact : .atLeast))
            for _ in 0..<Int.random(in: 0...9, using: &random) {
                let start = Int.random(in: 0..<size, using: &random)
                let length = Int.random(in: 0...(size - start), using: &random)
                let isPlaced = Int.random(in: 0...9, using: &random) > 0
                partitions.append(
                    partition(
                        partitions.count, ["a", "A", "..", "x/y", ""].randomElement(using: &random) ?? "",
                        at: isPlaced ? start : nil, length, chip: "chip\(number)", source: isPlaced ? .sysfs : .none,
                        block: block))
            }
        }
        partitions.shuffle(using: &random)
        return Survey(chips: chips, partitions: partitions, table: .complete)
    }

    /// Random layouts, checked against the rules.
    @Test(arguments: 0..<300)
    func everyByteOnce(seed: Int) {
        var random = SplitMix64(state: UInt64(seed))
        let survey = Self.layout(&random)
        let cover = ReadCoverage.plan(survey)

        #expect(Set(cover.images.map { $0.fileName.lowercased() }).count == cover.images.count)
        let count = survey.partitions.count
        #expect(Set(cover.views.map(\.partition)).union(cover.skipped.map(\.partition)).count == count)
        #expect(cover.views.count + cover.skipped.count == count)

        for image in cover.images {
            #expect(image.pieces.map(\.length).reduce(0, +) == image.size)
            #expect(image.pieces.allSatisfy { $0.length > 0 })
            // Each piece maps to the same bytes of the chip.
            var position = image.offset
            for piece in image.pieces {
                let partition = survey.partition(piece.mtd)
                #expect(piece.offset >= 0 && piece.offset + piece.length <= partition?.size ?? 0)
                if let start = position, let offset = partition?.offset {
                    #expect(start == offset + piece.offset)
                    position = start + piece.length
                }
            }
        }
        for view in cover.views {
            let image = cover.images[view.image]
            let partition = survey.partition(view.partition)
            #expect(view.offset >= 0 && view.offset + (partition?.size ?? 0) <= image.size)
            #expect(partition?.chip == image.chip)
            if let offset = partition?.offset { #expect(image.offset == offset - view.offset) }
        }
        for chip in survey.chips { Self.expectEachByteOnce(of: chip, survey, cover) }
    }

    /// Every byte that a partition covers is in one image, and all others are gaps.
    private static func expectEachByteOnce(of chip: Chip, _ survey: Survey, _ cover: ReadCoverage) {
        var times = [Int](repeating: 0, count: chip.leastSize)
        for image in cover.images where image.chip == chip.id {
            guard let offset = image.offset else { continue }
            for position in offset..<(offset + image.size) { times[position] += 1 }
        }
        var isReached = [Bool](repeating: false, count: chip.leastSize)
        for partition in survey.partitions where partition.chip == chip.id {
            for position in partition.chipRange ?? 0..<0 { isReached[position] = true }
        }
        #expect(zip(times, isReached).allSatisfy { $0 == ($1 ? 1 : 0) })
        for gap in cover.gaps where gap.chip == chip.id {
            // A gap without an end begins at the end of everything known.
            guard let size = gap.size else {
                #expect(chip.exactSize == nil && gap.offset >= chip.leastSize)
                continue
            }
            #expect(times[gap.offset..<(gap.offset + size)].allSatisfy { $0 == 0 })
        }
        let isPlaced = !survey.partitions.contains { $0.chip == chip.id && $0.size > 0 && !$0.isPlaced }
        #expect(
            cover.gaps.contains { $0.chip == chip.id && $0.size == nil } == (chip.exactSize == nil && isPlaced))
        if chip.sizeKnowledge == .exact,
            !survey.partitions.contains(where: { $0.chip == chip.id && $0.offset == nil && $0.size > 0 })
        {
            let inGaps = cover.gaps.filter { $0.chip == chip.id }.compactMap(\.size).reduce(0, +)
            #expect(times.filter { $0 == 0 }.count == inGaps)
        }
    }
}
