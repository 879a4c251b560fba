import BackupBags
import FlashAccess
import FlashModel

/// Finds which erase blocks of a board's flash are others than a backup has, with as little as possible read.
struct DifferenceSearch {
    let reader: any FlashReading & FlashChecksumming
    let partition: Partition
    /// The backup's image.
    let image: VerifiedImage
    let pair: FlashOverlay.Pair
    /// Bytes of an erase block.
    let block: Int

    /// Bytes of the runs whose checksums are compared before those of their erase blocks. A sum over everything before
    /// that would only be one more read of all flash, wherever a single byte differs. To start a checksum takes a board
    /// about as long as to read 128 KiB: of longer runs more is read twice, of shorter ones more are started.
    private static let runSize = 512 << 10

    /// The erase blocks whose checksums differ; all of them where the board has no checksum. In the pair's space.
    func suspects() async throws -> [Range<Int>] {
        let ranges = pair.meaningful
        guard !ranges.isEmpty, let algorithm = reader.checksumAlgorithms.first else { return ranges }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        return try await reader.differing(
            algorithm, partition, ranges, block: block, run: Self.runSize, onDevice: pair.new.inSource
        ) { try image.checksum(algorithm, of: [pair.old.inSource($0)], buffer: &buffer) }
    }

    /// How blocks differ whose checksums do, without a byte of them: one that holds data on both sides counts as rewritten.
    ///
    /// - Parameter suspects: erase blocks, or parts of them.
    func changes(of suspects: [Range<Int>], _ algorithm: ChecksumAlgorithm) async throws -> [DiffReport.Finding] {
        let isNAND = partition.kind.isNAND
        // NAND is erased even where it reads as blank, so that nobody needs to know.
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

    /// What the board holds in a range of the pair's space, and which parts of it could not be read.
    func read(_ part: Range<Int>) async throws -> (bytes: [UInt8], unread: [Range<Int>]) {
        let device = pair.new.inSource(part)
        let chunk = try await reader.chunk(device, of: partition)
        let unread = chunk.findings.filter { $0.state == .unread }.map {
            $0.range.shifted(by: part.lowerBound - device.lowerBound)
        }
        return (chunk.bytes, unread)
    }
}
