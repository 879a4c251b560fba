/// Looks at each byte of an image once, for signatures and textures. Any number of threads can scan chunks of one image.
package struct ChunkScanner: Sendable {
    /// The size of a chunk in bytes, a multiple of ``Texture/blockSize``; it should fit into a processor's cache.
    package static let chunkSize = 1 << 20
    /// The bytes that are read before and after a chunk.
    private static let margin = 8192
    /// The most hits that are kept of one format in one chunk. Only an image made for it has more.
    static let hitLimit = 4096

    private let table: SignatureTable

    package init(_ table: SignatureTable) {
        self.table = table
    }

    /// The number of chunks of an image.
    package static func count(size: Int) -> Int { (max(0, size) + chunkSize - 1) / chunkSize }

    /// Scans one chunk.
    ///
    /// - Parameters:
    ///   - index: the number of the chunk.
    ///   - buffer: memory to use; grown if necessary.
    /// - Throws: what reading throws; ``ImageBytes/Fault`` if the image became shorter.
    package func scan(_ index: Int, of source: any ByteSource, buffer: inout [UInt8]) throws -> ChunkScan {
        let size = source.size
        let chunk = (index * Self.chunkSize)..<min(size, (index + 1) * Self.chunkSize)
        let read = max(0, chunk.lowerBound - Self.margin)..<min(size, chunk.upperBound + Self.margin)
        if buffer.count < read.count { buffer = [UInt8](repeating: 0, count: Self.chunkSize + 2 * Self.margin) }
        guard try source.read(into: &buffer, count: read.count, at: read.lowerBound) == read.count else {
            throw ImageBytes.Fault.outside
        }
        var pass = Pass(table: table, bytes: buffer[0..<read.count], base: read.lowerBound, size: size)
        pass.run(chunk)
        return pass.scan
    }
}

/// One pass over one chunk.
private struct Pass {
    let table: SignatureTable
    /// The chunk, with its margins.
    let bytes: ArraySlice<UInt8>
    /// The offset in the image of the first of ``bytes``.
    let base: Int
    /// The size of the image.
    let size: Int
    var scan = ChunkScan()
    private var counts: [Int: Int] = [:]
    /// Four histograms, so that equal neighbours do not wait for each other.
    private var histograms = [UInt32](repeating: 0, count: 1024)

    init(table: SignatureTable, bytes: ArraySlice<UInt8>, base: Int, size: Int) {
        (self.table, self.bytes, self.base, self.size) = (table, bytes, base, size)
    }

    mutating func run(_ chunk: Range<Int>) {
        scan.textures.reserve(chunk.count / Texture.blockSize + 1)
        var places: [Int] = []
        var start = chunk.lowerBound
        while start < chunk.upperBound {
            let end = min(start + Texture.blockSize, chunk.upperBound)
            scan.textures.append(look(start - base, end - base, &places))
            for place in places { candidates(at: place) }
            places.removeAll(keepingCapacity: true)
            start = end
        }
        for (format, interval) in table.regular {
            var place = (chunk.lowerBound + interval - 1) / interval * interval
            while place < chunk.upperBound {
                consider(format, at: place)
                place += interval
            }
        }
    }

    /// Looks at one block.
    ///
    /// - Parameters:
    ///   - start: the index in ``bytes`` of its first byte.
    ///   - places: the indices of pairs that some signature has.
    private mutating func look(_ start: Int, _ end: Int, _ places: inout [Int]) -> Texture {
        let count = bytes.count
        return unsafe bytes.withUnsafeBytes { raw in
            let block = unsafe UnsafeRawBufferPointer(rebasing: raw[start..<end])
            let first = unsafe block[0]
            if unsafe Self.isUniform(block, first) {
                // No signature has two equal bytes of these as its pair; any other value is looked up.
                let isCommon = first == 0 || first == 0xFF
                unsafe Self.pairs(raw, from: isCommon ? end - 1 : start, to: min(end, count - 1), table.bitmap, &places)
                return .blank(first)
            }
            unsafe Self.pairs(raw, from: start, to: min(end, count - 1), table.bitmap, &places)
            let entropy = unsafe histograms.withUnsafeMutableBufferPointer { unsafe Self.entropy(block, $0) }
            // A pattern has few values.
            if entropy <= 6.1, let period = unsafe ByteStatistics.period(block.assumingMemoryBound(to: UInt8.self)) {
                return .repeated(period: period)
            }
            return .mixed(entropy: entropy)
        }
    }

    private static func isUniform(_ block: UnsafeRawBufferPointer, _ byte: UInt8) -> Bool {
        let word = UInt64(byte) &* 0x0101_0101_0101_0101
        var place = 0
        while place &+ 32 <= block.count {
            let difference =
                unsafe (block.loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ word)
                | (block.loadUnaligned(fromByteOffset: place &+ 8, as: UInt64.self) ^ word)
                | (block.loadUnaligned(fromByteOffset: place &+ 16, as: UInt64.self) ^ word)
                | (block.loadUnaligned(fromByteOffset: place &+ 24, as: UInt64.self) ^ word)
            if difference != 0 { return false }
            place &+= 32
        }
        while place < block.count {
            if unsafe block[place] != byte { return false }
            place &+= 1
        }
        return true
    }

    /// Looks up the pairs that start at each index of a range, whose last pair must be within the buffer.
    private static func pairs(
        _ raw: UnsafeRawBufferPointer, from start: Int, to end: Int, _ bitmap: [UInt64], _ places: inout [Int]
    ) {
        unsafe bitmap.withUnsafeBufferPointer { bitmap in
            func bit(_ pair: UInt64) -> UInt64 {
                unsafe (bitmap.baseAddress.unsafelyUnwrapped[Int(truncatingIfNeeded: pair &>> 6)] &>> (pair & 63)) & 1
            }
            var place = start
            // 10 bytes are enough for 8 pairs.
            while place &+ 8 <= end, place &+ 10 <= raw.count {
                let word = UInt64(littleEndian: unsafe raw.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                let last = UInt64(unsafe raw[place &+ 8])
                var found = bit(word & 0xFFFF)
                found |= bit((word &>> 8) & 0xFFFF) &<< 1
                found |= bit((word &>> 16) & 0xFFFF) &<< 2
                found |= bit((word &>> 24) & 0xFFFF) &<< 3
                found |= bit((word &>> 32) & 0xFFFF) &<< 4
                found |= bit((word &>> 40) & 0xFFFF) &<< 5
                found |= bit(word &>> 48) &<< 6
                found |= bit((word &>> 56) | last &<< 8) &<< 7
                while found != 0 {
                    places.append(place &+ found.trailingZeroBitCount)
                    found &= found &- 1
                }
                place &+= 8
            }
            while place < end {
                let pair = UInt64(unsafe raw[place]) | UInt64(unsafe raw[place &+ 1]) &<< 8
                if bit(pair) != 0 { places.append(place) }
                place &+= 1
            }
        }
    }

    private static func entropy(_ block: UnsafeRawBufferPointer, _ counts: UnsafeMutableBufferPointer<UInt32>) -> Double
    {
        unsafe counts.update(repeating: 0)
        guard let table = counts.baseAddress else { return 0 }
        var place = 0
        while place &+ 8 <= block.count {
            let word = UInt64(littleEndian: unsafe block.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            unsafe table[Int(truncatingIfNeeded: word & 0xFF)] &+= 1
            unsafe table[Int(truncatingIfNeeded: (word &>> 8) & 0xFF | 0x100)] &+= 1
            unsafe table[Int(truncatingIfNeeded: (word &>> 16) & 0xFF | 0x200)] &+= 1
            unsafe table[Int(truncatingIfNeeded: (word &>> 24) & 0xFF | 0x300)] &+= 1
            unsafe table[Int(truncatingIfNeeded: (word &>> 32) & 0xFF)] &+= 1
            unsafe table[Int(truncatingIfNeeded: (word &>> 40) & 0xFF | 0x100)] &+= 1
            unsafe table[Int(truncatingIfNeeded: (word &>> 48) & 0xFF | 0x200)] &+= 1
            unsafe table[Int(truncatingIfNeeded: (word &>> 56) | 0x300)] &+= 1
            place &+= 8
        }
        while place < block.count {
            unsafe table[Int(block[place])] &+= 1
            place &+= 1
        }
        for value in 0..<256 {
            unsafe table[value] &+= table[value &+ 0x100] &+ table[value &+ 0x200] &+ table[value &+ 0x300]
        }
        return unsafe ByteStatistics.entropy(UnsafeBufferPointer(rebasing: counts[0..<256]), total: block.count)
    }

    // MARK: Candidates

    /// Compares the signatures that have the pair at an index of ``bytes``.
    private mutating func candidates(at place: Int) {
        let pair = UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
        for entry in table.entries[pair] ?? [] {
            let start = place - entry.pairDistance
            let signature = entry.signature
            let first = start + signature.distance
            // A start before the margin cannot be: no distance is larger.
            guard start >= 0, first + signature.bytes.count <= bytes.count else { continue }
            let matches = signature.bytes.indices.allSatisfy { index in
                (bytes[first + index] ^ signature.bytes[index]) & signature.mask[index] == 0
            }
            if matches { consider(entry.format, at: base + start) }
        }
    }

    /// Records a hit unless its format rejects it.
    private mutating func consider(_ number: Int, at start: Int) {
        let format = table.formats[number]
        guard start % max(1, format.alignment) == 0, format.couldStart(bytes[(start - base)...]) else { return }
        let count = (counts[number] ?? 0) + 1
        counts[number] = count
        guard count <= ChunkScanner.hitLimit else {
            scan.overfull.insert(number)
            return
        }
        scan.hits.append(ChunkScan.Hit(format: number, start: start))
    }
}
