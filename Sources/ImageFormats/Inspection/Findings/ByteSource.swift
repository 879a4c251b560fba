import FlashModel

/// Bytes that can be read at any place, by several threads at once: a file, an unpacked stream, a UBI volume.
package protocol ByteSource: Sendable {
    /// The size in bytes.
    var size: Int { get }

    /// Reads up to `count` bytes, at most as many as `buffer` holds, into its beginning.
    ///
    /// - Returns: the number of bytes read; fewer than requested only at the end.
    func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws -> Int
}

extension ByteSource {
    /// Returns the bytes of a range; fewer at the end.
    package func bytes(_ range: Range<Int>) throws -> [UInt8] {
        let wanted = range.clamped(to: 0..<max(0, size))
        var buffer = [UInt8](repeating: 0, count: wanted.count)
        let got = try read(into: &buffer, count: buffer.count, at: wanted.lowerBound)
        if got < buffer.count { buffer.removeSubrange(got...) }
        return buffer
    }
}

/// Bytes in memory.
package struct MemorySource: ByteSource {
    private let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var size: Int { bytes.count }

    package func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws -> Int {
        let part = bytes.dropFirst(max(0, offset)).prefix(min(count, buffer.count))
        buffer.replaceSubrange(0..<part.count, with: part)
        return part.count
    }
}

/// Pieces of another source, one after another.
package struct PiecedSource: ByteSource {
    private let base: any ByteSource
    private let pieces: [ContentPiece]
    /// The offset here of each piece.
    private let starts: [Int]
    package let size: Int

    /// - Parameter pieces: those outside of the source are omitted.
    package init(_ base: any ByteSource, _ pieces: [ContentPiece]) {
        self.base = base
        var starts: [Int] = []
        var kept: [ContentPiece] = []
        var total = 0
        for piece in pieces where piece.count > 0 {
            if case .bytes(let range) = piece, range.lowerBound < 0 || range.upperBound > base.size { continue }
            guard let next = total.plus(piece.count) else { break }
            starts.append(total)
            kept.append(piece)
            total = next
        }
        (self.pieces, self.starts, size) = (kept, starts, total)
    }

    package func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws -> Int {
        let wanted = min(count, buffer.count, size - offset)
        guard offset >= 0, wanted > 0 else { return 0 }
        var done = 0
        var index = starts.partitionIndex { $0 > offset } - 1
        while done < wanted, pieces.indices.contains(index) {
            let skipped = offset + done - starts[index]
            let part = min(wanted - done, pieces[index].count - skipped)
            let bytes: [UInt8]
            switch pieces[index] {
            case .erased: bytes = [UInt8](repeating: 0xFF, count: part)
            case .bytes(let range):
                let start = range.lowerBound + skipped
                bytes = try base.bytes(start..<(start + part))
            }
            buffer.replaceSubrange(done..<(done + bytes.count), with: bytes)
            done += bytes.count
            if bytes.count < part { break }
            index += 1
        }
        return done
    }
}

extension RandomAccessCollection {
    /// The first index whose element meets a condition that, once met, is met by all that follow.
    package func partitionIndex(where condition: (Element) -> Bool) -> Index {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = index(low, offsetBy: distance(from: low, to: high) / 2)
            if condition(self[middle]) { high = middle } else { low = index(after: middle) }
        }
        return low
    }
}
