package import BackupBags
package import FlashModel

/// What a backup is going to read, complete, before anything is read. Pure: the same survey gives the same plan.
package struct BackupPlan: Sendable, Hashable {
    /// An image that is going to be made.
    package struct Image: Sendable, Hashable {
        /// In the bag.
        package var path: String
        package var representation: ImageRecord.Representation
        package var chip: String
        package var offset: Int?
        /// Bytes in the file.
        package var size: Int
        package var pieces: [Piece]

        /// The partitions that it is read from, for people.
        package var title: String {
            pieces.map { PrintableText.partition($0.partition.label, $0.partition.name) }.joined(separator: " + ")
                + (representation == .dataWithOOB ? " with OOB" : "")
        }
    }

    /// A run of an MTD device that makes a run of an image.
    package struct Piece: Sendable, Hashable {
        package var partition: Partition
        /// Bytes of the device (data bytes, OOB not counted).
        package var deviceRange: Range<Int>
        /// Where it begins in the image.
        package var imageOffset: Int
        /// Erase blocks of the device within the range that are marked bad, as byte ranges of the device.
        package var holes: [Hole]
        /// Bytes in the image for a page of data; equal to the page where there is no OOB.
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

    /// Bytes that the images take; the largest integer where a board claims more.
    package var size: Int { images.map(\.size).saturatingSum() }

    /// - Parameter withOOB: whether NAND is kept a second time with its OOB bytes.
    package init(_ survey: Survey, withOOB: Bool = false) {
        cover = ReadCoverage.plan(survey)
        images = []
        for image in cover.images {
            if let planned = Self.image(image, survey, withOOB: false) { images.append(planned) }
        }
        guard withOOB else { return }
        for image in cover.images {
            if let planned = Self.image(image, survey, withOOB: true) { images.append(planned) }
        }
    }

    /// A NAND partition whose OOB bytes cannot be kept, because its geometry is not known; nil where there is none.
    static func lackingOOB(_ survey: Survey) -> Partition? {
        survey.partitions.first { partition in
            survey.chip(partition.chip)?.kind.isNAND == true && partition.size > 0 && !partition.isUBIVolume
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

    /// What makes a broken-off backup of this plan the same as a new one.
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
    /// Where bytes of the device are in the image.
    package func imageRange(of device: Range<Int>) -> Range<Int> {
        imageOffset(of: device.lowerBound)..<imageOffset(of: device.upperBound)
    }

    private func imageOffset(of device: Int) -> Int {
        let distance = device - deviceRange.lowerBound
        return imageOffset + distance / page * arrivingPage + distance % page
    }

    /// Where bytes of the image are on the device, widened to whole pages.
    package func deviceRange(of image: Range<Int>) -> Range<Int> {
        let first = (image.lowerBound - imageOffset) / arrivingPage * page
        let last = (image.upperBound - imageOffset + arrivingPage - 1) / arrivingPage * page
        return (deviceRange.lowerBound + first..<deviceRange.lowerBound + last).clamped(to: deviceRange)
    }

    /// The piece's whole range in the image.
    package var imageRange: Range<Int> { imageRange(of: deviceRange) }

    /// Ranges of the device without those that are bad.
    package func good(in ranges: [Range<Int>]) -> [Range<Int>] {
        ranges.removing(holes.map(\.range))
    }
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String, with other: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) + other : self + other
    }
}
