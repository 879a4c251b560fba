import FlashModel

/// Erase blocks as UBI writes them, made and read by separate code (Linux `drivers/mtd/ubi/ubi-media.h`), so that the
/// project's reader is not checked against itself.
package enum SampleUBI {
    /// A logical erase block.
    package struct Place: Hashable, Sendable {
        package var volume: UInt32
        package var number: UInt32

        package init(_ volume: UInt32, _ number: UInt32) {
            self.volume = volume
            self.number = number
        }
    }

    package static let layout: UInt32 = 0x7FFF_EFFF
    package static let fastmap: UInt32 = 0x7FFF_F000

    /// A formatted block.
    ///
    /// - Parameter holds: nil for an empty one.
    package static func block(
        size: Int, page: Int, eraseCounter: UInt64 = 1, image: UInt32 = 7, sequence: UInt64 = 1, holds: Place? = nil,
        data: [UInt8] = []
    ) -> [UInt8] {
        var header: [UInt8] = Array("UBI#".utf8) + [1, 0, 0, 0] + bytes(eraseCounter)
        header += bytes(UInt32(page)) + bytes(UInt32(2 * page)) + bytes(image) + [UInt8](repeating: 0, count: 32)
        var block = summed(header)
        block += [UInt8](repeating: 0xFF, count: page - block.count)
        if let holds {
            var volume: [UInt8] = Array("UBI!".utf8) + [1, 1, 0, 0] + bytes(holds.volume) + bytes(holds.number)
            volume += [UInt8](repeating: 0, count: 24) + bytes(sequence) + [UInt8](repeating: 0, count: 12)
            block += summed(volume)
            block += [UInt8](repeating: 0xFF, count: 2 * page - block.count) + data
        }
        return block + [UInt8](repeating: 0xFF, count: size - block.count)
    }

    /// The volume table, for blocks of the layout volume.
    ///
    /// - Parameter size: the size of a logical erase block in bytes, which the table fills as far as it goes.
    package static func table(_ reserved: [Int], in size: Int) -> [UInt8] {
        (0..<min(128, size / 172)).flatMap { id -> [UInt8] in
            var record = [UInt8](repeating: 0, count: 168)
            if id < reserved.count {
                record.replaceSubrange(0..<4, with: bytes(UInt32(reserved[id])))
                record[7] = 1
                record[12] = 1
                let name = Array("volume\(id)".utf8)
                record[15] = UInt8(name.count)
                record.replaceSubrange(16..<16 + name.count, with: name)
            }
            return summed(record)
        }
    }

    /// What UBI would find: each logical block's bytes, the newest if there are several. nil if it would not attach,
    /// because blocks were formatted separately.
    package static func attached(_ blocks: [[UInt8]], page: Int) -> [Place: [UInt8]]? {
        var found: [Place: (sequence: UInt64, bytes: [UInt8])] = [:]
        var images: Set<[UInt8]> = []
        for block in blocks where block.starts(with: Array("UBI#".utf8)) {
            images.insert(Array(block[24..<28]))
            let header = Array(block[page..<page + 64])
            guard header.starts(with: Array("UBI!".utf8)) else { continue }
            let place = Place(number(header[8..<12]), number(header[12..<16]))
            let sequence: UInt64 = number(header[40..<48])
            if let other = found[place], other.sequence >= sequence { continue }
            found[place] = (sequence, Array(block[(2 * page)...]))
        }
        return images.count > 1 ? nil : found.mapValues(\.bytes)
    }

    private static func summed(_ part: [UInt8]) -> [UInt8] { part + bytes(~CRC32.sum(of: part)) }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> Number {
        bytes.reduce(0) { $0 << 8 | Number($1) }
    }
}
