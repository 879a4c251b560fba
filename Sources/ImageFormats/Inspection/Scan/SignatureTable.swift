/// The signatures of all formats, prepared for a scan: two bytes of each, the least usual ones, are looked up at each
/// position, and the whole signature only where those are.
package struct SignatureTable: Sendable {
    /// A signature that has a pair of bytes.
    struct Entry: Sendable {
        /// The format's number in ``formats``.
        var format: Int
        var signature: Signature
        /// Bytes from the start of the format to the pair.
        var pairDistance: Int
    }

    /// The formats, in the order of the list.
    package let formats: [any ContentFormat.Type]
    /// Which pairs occur: a bit for each, 64 in a word.
    let bitmap: [UInt64]
    /// The entries of each pair that occurs.
    let entries: [UInt16: [Entry]]
    /// The numbers of the formats with an ``ContentFormat/interval``.
    let regular: [(format: Int, interval: Int)]

    package init(_ formats: [any ContentFormat.Type]) {
        self.formats = formats
        var bitmap = [UInt64](repeating: 0, count: 1024)
        var entries: [UInt16: [Entry]] = [:]
        for (number, format) in formats.enumerated() {
            for signature in format.signatures {
                guard let place = Self.bestPair(signature) else { continue }
                for pair in Self.pairs(signature, at: place) {
                    bitmap[Int(pair >> 6)] |= 1 << UInt64(pair & 63)
                    entries[pair, default: []].append(
                        Entry(format: number, signature: signature, pairDistance: signature.distance + place))
                }
            }
        }
        (self.bitmap, self.entries) = (bitmap, entries)
        regular = formats.enumerated().compactMap { number, format in
            format.interval.map { (number, max(512, $0)) }
        }
    }

    /// The index of the first of two bytes that are rare on flash; nil if the signature has no usable pair.
    static func bestPair(_ signature: Signature) -> Int? {
        let bytes = signature.bytes
        guard bytes.count >= 2, signature.mask.count == bytes.count,
            (0...Signature.farthest).contains(signature.distance)
        else { return nil }
        let usable = bytes.indices.dropLast().filter { index in
            let pair = (bytes[index], bytes[index + 1])
            // A mask on one byte gives up to 256 pairs; on both, too many.
            let isExact = signature.mask[index] == 0xFF || signature.mask[index + 1] == 0xFF
            return isExact && pair != (0, 0) && pair != (0xFF, 0xFF)
        }
        return usable.max { cost(signature, $0) > cost(signature, $1) }
    }

    /// How usual a pair is, in no unit.
    private static func cost(_ signature: Signature, _ index: Int) -> Int {
        [index, index + 1].map { index in
            if signature.mask[index] != 0xFF { return 40 }
            switch signature.bytes[index] {
            case 0x00, 0xFF: return 30
            case 0x01...0x04, 0x20: return 12
            case 0x30...0x39, 0x61...0x7A: return 6
            case 0x41...0x5A: return 4
            default: return 1
            }
        }.reduce(0, +)
    }

    /// The pairs as little-endian numbers: more than one if a bit of it does not count.
    private static func pairs(_ signature: Signature, at place: Int) -> [UInt16] {
        func values(_ index: Int) -> [UInt16] {
            let (byte, mask) = (signature.bytes[index], signature.mask[index])
            return (0...255).filter { UInt8($0) & mask == byte & mask }.map { UInt16($0) }
        }
        return values(place).flatMap { low in values(place + 1).map { low | $0 << 8 } }
    }
}
