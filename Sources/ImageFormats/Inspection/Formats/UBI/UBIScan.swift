/// The erase blocks of a UBI area, and what they hold.
struct UBIScan {
    let blockSize: Int
    private let dataOffset: Int
    /// The number of blocks, up to the last one with a header.
    private(set) var count = 0
    private(set) var used = 0
    private(set) var damaged = 0
    /// Blocks of another image sequence.
    private(set) var foreign = 0
    private(set) var highestCounter = 0
    private(set) var volumes: UBIVolumeTable?
    /// For each volume and logical block, the physical block and its sequence.
    private var mapped: [UInt32: [Int: (block: Int, sequence: UInt64)]] = [:]

    init(
        blockSize: Int, first: UBIEraseCounterHeader, _ content: inout ContentBytes, longestGap: Int
    ) throws {
        (self.blockSize, dataOffset) = (blockSize, first.dataOffset)
        var gap = 0
        var unknown = 0
        var tables: [(sequence: UInt64, block: Int)] = []
        for block in 0..<(content.size / blockSize) {
            let start = block * blockSize
            let head = try content.bytes(at: start, count: UBIEraseCounterHeader.size)
            guard let header = UBIEraseCounterHeader(head), header.dataOffset == first.dataOffset else {
                gap += 1
                if !head.allSatisfy({ $0 == 0xFF }) { unknown += 1 }
                // Erased blocks may be many; of others, a few may be damaged.
                if gap > longestGap || unknown > 4 { break }
                continue
            }
            damaged += unknown
            (gap, unknown) = (0, 0)
            count = block + 1
            highestCounter = max(highestCounter, Int(clamping: header.eraseCounter))
            guard header.imageSequence == first.imageSequence || header.imageSequence == 0 || first.imageSequence == 0
            else {
                foreign += 1
                continue
            }
            let second = try content.bytes(at: start + header.volumeHeaderOffset, count: UBIVolumeHeader.size)
            guard let volume = UBIVolumeHeader(second) else {
                if !second.allSatisfy({ $0 == 0xFF }) { damaged += 1 }
                continue
            }
            used += 1
            if volume.volume == UBIVolumeHeader.layoutVolume { tables.append((volume.sequence, block)) }
            take(volume, block)
        }
        for table in tables.sorted(by: { $0.sequence > $1.sequence }) where volumes == nil {
            let size = min(blockSize - dataOffset, UBIVolumeTable.size)
            volumes = UBIVolumeTable(try content.bytes(at: table.block * blockSize + dataOffset, count: size))
        }
    }

    private mutating func take(_ header: UBIVolumeHeader, _ block: Int) {
        let number = Int(header.block)
        if let other = mapped[header.volume]?[number], other.sequence >= header.sequence { return }
        mapped[header.volume, default: [:]][number] = (block, header.sequence)
    }

    /// The contents of the volumes. Together they have at most twice as many blocks as the area, whatever the headers
    /// say.
    ///
    /// - Parameter start: of the area in the image.
    func parts(start: Int) -> [ContentPart] {
        var room = 2 * count
        var result: [ContentPart] = []
        let size = blockSize - dataOffset
        for volume in volumes?.volumes ?? [] {
            guard let id = UInt32(exactly: volume.id), let blocks = mapped[id],
                let last = blocks.keys.filter({ $0 < count }).max(), last < room
            else { continue }
            room -= last + 1
            let pieces = (0...last).map { number -> ContentPiece in
                guard let block = blocks[number]?.block else { return .erased(size) }
                let place = start + block * blockSize + dataOffset
                return .bytes(place..<(place + size))
            }
            result.append(ContentPart("volume \(volume.name)", .pieces(pieces)))
        }
        return result
    }
}
