import BackupBags
import FlashAccess
import FlashModel

/// Finds which erase blocks of a board's flash are others than a backup has, with as little as possible read.
struct DifferenceSearch {
    let board: any FlashBoard
    let partition: Partition
    /// The backup's image.
    let file: OpenFile
    let pair: FlashOverlay.Pair
    /// Bytes of an erase block.
    let block: Int

    /// Bytes of the runs whose checksums are compared before those of their erase blocks.
    private static let runSize = 1 << 20

    /// The erase blocks whose checksums differ; all of them where the board has no checksum. In the pair's space.
    func suspects() async throws -> [Range<Int>] {
        let ranges = pair.meaningful
        guard !ranges.isEmpty, let algorithm = board.checksumAlgorithms.first else { return ranges }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let whole = try await board.checksum(algorithm, of: partition, ranges: ranges.map(pair.new.inSource))
        if try IntactBag.checksum(algorithm, of: ranges.map(pair.old.inSource), in: file, buffer: &buffer) == whole {
            return []
        }
        var suspects = ranges
        for size in [max(block, Self.runSize / block * block), block] {
            let parts = suspects.flatMap { $0.cut(atMultiplesOf: size) }
            let digests = try await board.checksums(algorithm, of: partition, each: parts.map(pair.new.inSource))
            suspects = []
            for (part, digest) in zip(parts, digests)
            where try IntactBag.checksum(algorithm, of: [pair.old.inSource(part)], in: file, buffer: &buffer) != digest
            {
                suspects.append(part)
            }
        }
        return suspects
    }

    /// What the board holds in a range of the pair's space, and which parts of it could not be read.
    func read(_ part: Range<Int>) async throws -> (bytes: [UInt8], unread: [Range<Int>]) {
        let device = pair.new.inSource(part)
        var bytes = [UInt8](repeating: 0xFF, count: part.count)
        var unread: [Range<Int>] = []
        try await board.read(partition, ranges: [device]) { chunk in
            let common = chunk.range.clamped(to: device)
            guard !common.isEmpty else { return }
            bytes.replaceSubrange(
                common.shifted(by: -device.lowerBound), with: chunk.bytes[common.shifted(by: -chunk.offset)])
            for finding in chunk.findings where finding.state == .unread {
                let here = finding.range.clamped(to: device)
                if !here.isEmpty { unread.append(here.shifted(by: part.lowerBound - device.lowerBound)) }
            }
        }
        return (bytes, unread)
    }
}
