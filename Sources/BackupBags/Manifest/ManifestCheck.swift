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
        var check = ManifestCheck(self)
        check.checkChips()
        check.checkImages()
        check.checkProofs()
        check.checkPlaces()
        check.checkPartitions()
        check.checkGaps()
        check.check(capture.retries >= 0, "the number of retries is impossible")
        return check.problems
    }
}

/// Collects the inconsistencies of a manifest: one function for each kind of record.
private struct ManifestCheck {
    private let manifest: Manifest
    private let chips: [String: Chip]
    private(set) var problems: [String] = []

    init(_ manifest: Manifest) {
        self.manifest = manifest
        chips = Dictionary(manifest.chips.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func check(_ isRight: Bool, _ problem: @autoclosure () -> String) {
        // A hostile manifest could have millions.
        if !isRight && problems.count < 100 { problems.append(problem()) }
    }

    mutating func checkChips() {
        var ids: Set<String> = []
        for chip in manifest.chips {
            let name = "chip \(PlainText.line(chip.id))"
            check(ids.insert(chip.id).inserted, "\(name) is listed twice")
            check(
                [chip.leastSize, chip.eraseBlockSize, chip.pageSize, chip.oobSize].allSatisfy(Self.isNumber),
                "\(name) has an impossible size")
        }
    }

    mutating func checkImages() {
        var paths: Set<String> = []
        for image in manifest.images {
            let name = "image \(PlainText.line(image.path))"
            check(paths.insert(image.path).inserted, "\(name) is listed twice")
            check(
                image.path.hasPrefix(BagLayout.images + "/") && BagPath.isSafe(image.path)
                    && BagPath.isPlain(image.path),
                "\(name) is not below \(BagLayout.images), or its name has invalid characters")
            check(chips[image.chip] != nil, "\(name) belongs to a chip that is not listed")
            check(
                image.sha256.utf8.count == 64 && image.sha256.utf8.allSatisfy(Self.isHexadecimal),
                "\(name) has an invalid SHA-256")
            guard Self.isNumber(image.offset), Self.isNumber(image.size) else {
                check(false, "\(name) has an impossible offset or size")
                continue
            }
            check(
                image.badBlocks.allSatisfy { (0..<max(1, image.size)).contains($0) },
                "\(name) has a bad block outside of it")
            check(
                image.blocks.allSatisfy { Self.lies($0.offset, $0.size, in: image) },
                "\(name) has a finding outside of it")
        }
    }

    mutating func checkProofs() {
        for image in manifest.images {
            check(
                (image.proof.parts ?? []).allSatisfy { Self.lies($0.offset, $0.size, in: image) },
                "the proof of image \(PlainText.line(image.path)) covers bytes outside of it")
        }
    }

    /// Where images lie on their chips.
    mutating func checkPlaces() {
        for (image, range) in zip(manifest.images, manifest.chipRanges) {
            guard let chip = chips[image.chip] else { continue }
            if let size = chip.exactSize, let range {
                check(
                    range.upperBound <= size,
                    "image \(PlainText.line(image.path)) extends beyond the end of its chip")
            }
            if chip.kind == .nor || chip.kind == .spiNOR {
                check(
                    image.badBlocks.isEmpty && !image.blocks.contains { $0.state.isBad },
                    "image \(PlainText.line(image.path)) has bad blocks, but its chip cannot have any")
            }
        }
    }

    mutating func checkPartitions() {
        let images = Dictionary(manifest.images.map { ($0.path, $0) }, uniquingKeysWith: { _, last in last })
        var indexes: Set<Int> = []
        for partition in manifest.partitions {
            let name = partition.title
            check(indexes.insert(partition.index).inserted, "\(partition.label) is listed twice")
            check(chips[partition.chip] != nil, "\(name) is on a chip that is not listed")
            let numbers: [Int?] = [
                partition.index, partition.offset, partition.size, partition.eraseBlockSize, partition.pageSize,
                partition.oobSize, partition.parent, partition.view?.offset,
            ]
            guard numbers.allSatisfy(Self.isNumber) else {
                check(false, "\(name) has an impossible number, offset or size")
                continue
            }
            check(
                ((partition.badBlocks?.bad ?? []) + (partition.badBlocks?.table ?? [])).allSatisfy(Self.isNumber),
                "\(name) has an impossible bad block")
            guard let view = partition.view else { continue }
            guard let image = images[view.image] else {
                check(false, "\(name) should be in \(PlainText.line(view.image)), which is not listed")
                continue
            }
            let size = partition.size(in: image.representation)
            check(
                size.map { $0 <= Manifest.largestNumber && view.offset + $0 <= image.size } ?? false,
                "\(name) extends beyond the end of \(PlainText.line(view.image))")
        }
    }

    mutating func checkGaps() {
        for gap in manifest.gaps {
            check(
                Self.isNumber(gap.offset) && Self.isNumber(gap.size) && chips[gap.chip] != nil,
                "a gap on chip \(PlainText.line(gap.chip)) is impossible")
        }
    }

    private static func isNumber(_ value: Int?) -> Bool {
        value.map { (0...Manifest.largestNumber).contains($0) } ?? true
    }

    private static func lies(_ offset: Int, _ size: Int, in image: ImageRecord) -> Bool {
        isNumber(offset) && isNumber(size) && offset + size <= image.size
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
