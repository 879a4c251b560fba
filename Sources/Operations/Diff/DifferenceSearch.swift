import BackupBags
import FlashAccess
import FlashModel

/// Finds the erase blocks of a board's flash that differ from a backup, while reading as little as possible.
struct DifferenceSearch {
    let reader: any FlashReading & FlashChecksumming
    let partition: Partition
    /// The backup's image.
    let image: VerifiedImage
    let pair: FlashOverlay.Pair
    /// The erase block size in bytes.
    let block: Int

    /// The size in bytes of the runs whose checksums are compared before those of erase blocks.
    ///
    /// A checksum of everything before that would only mean another read of all flash if a single byte differs.
    /// Longer runs mean more to read twice, shorter ones more checksums to start (``BoardChecksum/costOfStart``).
    private static let runSize = 8 * BoardChecksum.costOfStart

    /// The erase blocks whose checksums differ, in the pair's space; all of them if the board computes no checksums of
    /// them.
    func suspects() async throws -> ChecksumFindings {
        let ranges = pair.meaningful
        guard !ranges.isEmpty, let algorithm = reader.checksumAlgorithms.first else {
            return ChecksumFindings(differing: ranges)
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        if reader.checksumsWholePartitions {
            let onDevice = ranges.map(pair.new.inSource)
            guard reader.canChecksum(partition, onDevice),
                try await reader.checksum(algorithm, of: partition, ranges: onDevice)
                    == image.checksum(algorithm, of: ranges.map(pair.old.inSource), buffer: &buffer)
            else { return ChecksumFindings(differing: ranges) }
            return ChecksumFindings()
        }
        return try await reader.differing(
            algorithm, partition, ranges, block: block, run: Self.runSize, onDevice: pair.new.inSource
        ) { try image.checksum(algorithm, of: [pair.old.inSource($0)], buffer: &buffer) }
    }

    /// Classifies blocks whose checksums differ, without reading them: a block with data on both sides counts as
    /// rewritten.
    ///
    /// - Parameter suspects: erase blocks, or parts of them.
    func changes(of suspects: [Range<Int>], _ algorithm: ChecksumAlgorithm) async throws -> [DiffReport.Finding] {
        let isNAND = partition.kind.isNAND
        // NAND is erased even if it reads as blank, so this is not needed.
        let onBoard =
            isNAND
            ? [] : try await reader.checksums(algorithm, of: partition, each: suspects.map(pair.new.inSource))
        var blank: [Int: Digest] = [:]
        return try suspects.enumerated().map { number, part in
            let before = try image.bytes(pair.old.inSource(part))
            let ofBlank =
                blank[part.count]
                ?? StreamingChecksum.digest(of: [UInt8](repeating: 0xFF, count: part.count), algorithm)
            blank[part.count] = ofBlank
            let isBlank = onBoard.indices.contains(number) && onBoard[number] == ofBlank
            let change: BlockChange =
                before.allSatisfy { $0 == 0xFF } ? .written : isBlank ? .erased : .rewritten
            return DiffReport.Finding(space: pair.old.space, range: part, change: change)
        }
    }

    /// Reads a range in the pair's space from the board, and lists the parts that could not be read.
    func read(_ part: Range<Int>) async throws -> (bytes: [UInt8], unread: [Range<Int>]) {
        let device = pair.new.inSource(part)
        let chunk = try await reader.chunk(device, of: partition)
        let unread = chunk.findings.filter { $0.state == .unread }.map {
            $0.range.shifted(by: part.lowerBound - device.lowerBound)
        }
        return (chunk.bytes, unread)
    }
}
