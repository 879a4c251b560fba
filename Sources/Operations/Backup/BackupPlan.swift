package import BackupBags
package import FlashModel

/// All that a backup will read, determined before reading starts. Pure: the same survey gives the same plan.
package struct BackupPlan: Sendable, Hashable {
    /// An image to create.
    package struct Image: Sendable, Hashable {
        /// The path in the bag.
        package var path: String
        package var representation: ImageRecord.Representation
        package var chip: String
        package var offset: Int?
        /// The size of the file in bytes.
        package var size: Int
        package var pieces: [Piece]

        /// The partitions that it is read from, for display.
        package var title: String {
            pieces.map { PrintableText.partition($0.partition.label, $0.partition.name) }.joined(separator: " + ")
                + (representation == .dataWithOOB ? " with OOB" : "")
        }
    }

    /// A range of an MTD device that becomes a range of an image.
    package struct Piece: Sendable, Hashable {
        package var partition: Partition
        /// The range in bytes of the device, without OOB.
        package var deviceRange: Range<Int>
        /// The start in the image, in bytes.
        package var imageOffset: Int
        /// The bad erase blocks within the range, as byte ranges of the device.
        package var holes: [Hole]
        /// The bytes in the image for each page of data; the page size if there is no OOB.
        package var arrivingPage: Int
        package var page: Int
    }

    /// A bad erase block.
    package struct Hole: Sendable, Hashable {
        package var range: Range<Int>
        package var state: BlockState
    }

    package var cover: ReadCoverage
    package var images: [Image]

    /// The total size of the images in bytes; the largest integer if it overflows.
    package var size: Int { images.map(\.size).saturatingSum() }

    /// - Parameters:
    ///   - withOOB: whether NAND is saved a second time with its OOB bytes.
    ///   - only: the numbers of the partitions that are asked for; nil for all.
    package init(_ survey: Survey, withOOB: Bool = false, only: Set<Int>? = nil) {
        cover = ReadCoverage.plan(survey, only: only)
        images = []
        for image in cover.images {
            if let planned = Self.image(image, survey, withOOB: false) { images.append(planned) }
        }
        guard withOOB else { return }
        for image in cover.images {
            if let planned = Self.image(image, survey, withOOB: true) { images.append(planned) }
        }
    }

    /// A NAND partition whose OOB bytes cannot be saved because its geometry is unknown; nil if there is none.
    static func lackingOOB(_ survey: Survey) -> Partition? {
        survey.partitions.first { partition in
            survey.chip(partition.chip)?.kind.isNAND == true && partition.size > 0 && !partition.isView
                && (partition.oobSize <= 0 || partition.pageSize <= 1)
        }
    }

    private static func image(_ image: CoverImage, _ survey: Survey, withOOB: Bool) -> Image? {
        var pieces: [Piece] = []
        var position = 0
        for piece in image.pieces {
            guard let partition = survey.partition(piece.mtd) else { return nil }
            let page = max(1, partition.pageSize)
            if withOOB {
                // Only whole pages have OOB bytes.
                guard partition.oobSize > 0, page > 1, piece.offset % page == 0, piece.length % page == 0 else {
                    return nil
                }
            }
            let arriving = withOOB ? page + partition.oobSize : page
            pieces.append(
                Piece(
                    partition: partition, deviceRange: piece.range, imageOffset: position,
                    holes: holes(in: partition, piece.range), arrivingPage: arriving, page: page))
            position += piece.length / page * arriving + piece.length % page
        }
        let name = withOOB ? image.fileName.replacingSuffix(".bin", with: ".oob.bin") : image.fileName
        return Image(
            path: "data/images/\(name)", representation: withOOB ? .dataWithOOB : .data, chip: image.chip,
            offset: image.offset, size: position, pieces: pieces)
    }

    private static func holes(in partition: Partition, _ range: Range<Int>) -> [Hole] {
        guard let known = partition.badBlocks, partition.eraseBlockSize > 0 else { return [] }
        let table = Set(known.table)
        return Set(known.bad + known.table).sorted().compactMap { block in
            let start = block.multipliedReportingOverflow(by: partition.eraseBlockSize)
            guard !start.overflow, start.partialValue >= 0, start.partialValue < range.upperBound else { return nil }
            let hole = (start.partialValue..<(start.partialValue + partition.eraseBlockSize)).clamped(to: range)
            guard !hole.isEmpty else { return nil }
            return Hole(range: hole, state: table.contains(block) ? .badBlockTable : .factoryBad)
        }
    }

    /// What must be equal for an interrupted backup to be resumed with this plan.
    package func identity(_ survey: Survey) -> BackupIdentity {
        BackupIdentity(
            survey: survey,
            images: images.map {
                BackupIdentity.Image(
                    path: $0.path, chip: $0.chip, offset: $0.offset, size: $0.size, representation: $0.representation)
            })
    }
}

extension BackupPlan.Piece {
    /// Converts a range of the device to one of the image.
    package func imageRange(of device: Range<Int>) -> Range<Int> {
        imageOffset(of: device.lowerBound)..<imageOffset(of: device.upperBound)
    }

    private func imageOffset(of device: Int) -> Int {
        let distance = device - deviceRange.lowerBound
        return imageOffset + distance / page * arrivingPage + distance % page
    }

    /// Converts a range of the image to one of the device, extended to whole pages.
    package func deviceRange(of image: Range<Int>) -> Range<Int> {
        let first = (image.lowerBound - imageOffset) / arrivingPage * page
        let last = (image.upperBound - imageOffset + arrivingPage - 1) / arrivingPage * page
        return (deviceRange.lowerBound + first..<deviceRange.lowerBound + last).clamped(to: deviceRange)
    }

    /// The whole range in the image.
    package var imageRange: Range<Int> { imageRange(of: deviceRange) }

    /// Ranges of the device without bad blocks.
    package func good(in ranges: [Range<Int>]) -> [Range<Int>] {
        ranges.removing(holes.map(\.range))
    }
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String, with other: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) + other : self + other
    }
}
