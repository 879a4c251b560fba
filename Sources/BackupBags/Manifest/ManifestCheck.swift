import FlashModel

extension Manifest {
    /// The largest region size accepted, in bytes: 2^53, up to which JSON integers are interoperable (RFC 8259 section
    /// 6).
    static let largestNumber = 1 << 53

    /// The inconsistencies of the manifest, one line each; empty if it is consistent.
    ///
    /// A manifest with problems must not be used: sums of its numbers could overflow, and its paths could lead
    /// anywhere. ``decode(_:)`` never returns one.
    package var problems: [String] {
        var problems: [String] = []
        func check(_ isRight: Bool, _ problem: @autoclosure () -> String) {
            // A hostile manifest could have millions.
            if !isRight && problems.count < 100 { problems.append(problem()) }
        }
        func isNumber(_ value: Int?) -> Bool { value.map { (0...Self.largestNumber).contains($0) } ?? true }

        var chipIDs: Set<String> = []
        for chip in chips {
            let name = "chip \(PlainText.line(chip.id))"
            check(chipIDs.insert(chip.id).inserted, "\(name) is listed twice")
            check(
                [chip.leastSize, chip.eraseBlockSize, chip.pageSize, chip.oobSize].allSatisfy(isNumber),
                "\(name) has a size that cannot be")
        }

        var imagePaths: [String: ImageRecord] = [:]
        for image in images {
            let name = "image \(PlainText.line(image.path))"
            check(imagePaths.updateValue(image, forKey: image.path) == nil, "\(name) is listed twice")
            check(
                image.path.hasPrefix(BagLayout.images + "/") && BagPath.isSafe(image.path)
                    && BagPath.isPlain(image.path),
                "\(name) does not lie below \(BagLayout.images) or has no plain name")
            check(chipIDs.contains(image.chip), "\(name) is of a chip that is not listed")
            check(
                image.sha256.utf8.count == 64 && image.sha256.utf8.allSatisfy(Self.isHexadecimal),
                "\(name) has a SHA-256 that is none")
            guard isNumber(image.offset), isNumber(image.size) else {
                check(false, "\(name) has an offset or size that cannot be")
                continue
            }
            check(
                image.badBlocks.allSatisfy { (0..<max(1, image.size)).contains($0) },
                "\(name) has a bad block outside of it")
            check(
                image.blocks.allSatisfy {
                    isNumber($0.offset) && isNumber($0.size) && $0.offset + $0.size <= image.size
                }, "\(name) has a finding outside of it")
        }

        for image in images {
            check(
                (image.proof.parts ?? []).allSatisfy {
                    isNumber($0.offset) && isNumber($0.size) && $0.offset + $0.size <= image.size
                }, "the proof of image \(PlainText.line(image.path)) is of bytes outside of it")
        }

        let byID = Dictionary(chips.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for (image, range) in zip(images, chipRanges) {
            guard let chip = byID[image.chip] else { continue }
            if let size = chip.exactSize, let range {
                check(
                    range.upperBound <= size,
                    "image \(PlainText.line(image.path)) reaches beyond the end of its chip")
            }
            if chip.kind == .nor || chip.kind == .spiNOR {
                check(
                    image.badBlocks.isEmpty && !image.blocks.contains { $0.state.isBad },
                    "image \(PlainText.line(image.path)) has bad blocks, and its chip can have none")
            }
        }

        var indexes: Set<Int> = []
        for partition in partitions {
            let name = partition.title
            check(indexes.insert(partition.index).inserted, "mtd\(partition.index) is listed twice")
            check(chipIDs.contains(partition.chip), "\(name) is on a chip that is not listed")
            let numbers: [Int?] = [
                partition.index, partition.offset, partition.size, partition.eraseBlockSize, partition.pageSize,
                partition.oobSize, partition.parent, partition.view?.offset,
            ]
            guard numbers.allSatisfy(isNumber) else {
                check(false, "\(name) has a number, offset or size that cannot be")
                continue
            }
            check(
                ((partition.badBlocks?.bad ?? []) + (partition.badBlocks?.table ?? [])).allSatisfy(isNumber),
                "\(name) has a bad block that cannot be")
            guard let view = partition.view else { continue }
            guard let image = imagePaths[view.image] else {
                check(false, "\(name) should be in \(PlainText.line(view.image)), which is not listed")
                continue
            }
            let size = partition.size(in: image.representation)
            check(
                size.map { $0 <= Self.largestNumber && view.offset + $0 <= image.size } ?? false,
                "\(name) reaches beyond the end of \(PlainText.line(view.image))")
        }

        for gap in gaps {
            check(
                isNumber(gap.offset) && isNumber(gap.size) && chipIDs.contains(gap.chip),
                "a gap on chip \(PlainText.line(gap.chip)) cannot be")
        }
        check(capture.retries >= 0, "the number of retries cannot be")
        return problems
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
