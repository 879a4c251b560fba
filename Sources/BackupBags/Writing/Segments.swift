/// A run of an image whose bytes are in its file, with their checksum.
struct Segment: Sendable, Hashable {
    /// Bytes from the start of the image.
    var range: Range<Int>
    /// CRC-32 (RFC 1952) of the bytes.
    var crc32: UInt32
}

/// The present segments of an image: ascending, not overlapping, with boundaries as written.
struct Segments: Sendable {
    private(set) var all: [Segment] = []

    /// The total number of bytes.
    var count: Int { all.reduce(0) { $0 + $1.range.count } }

    /// The index of the first segment that ends after `place`.
    private func firstIndex(endingAfter place: Int) -> Int {
        var low = 0
        var high = all.count
        while low < high {
            let middle = (low + high) / 2
            if all[middle].range.upperBound > place { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func indices(touching range: Range<Int>) -> Range<Int> {
        let first = firstIndex(endingAfter: range.lowerBound)
        var end = first
        while end < all.count, all[end].range.lowerBound < range.upperBound { end += 1 }
        return first..<end
    }

    /// The segments that overlap a range.
    func touching(_ range: Range<Int>) -> ArraySlice<Segment> {
        range.isEmpty ? [] : all[indices(touching: range)]
    }

    /// Inserts a segment; those that it overlaps are removed entirely.
    mutating func insert(_ segment: Segment) {
        if segment.range.isEmpty { return }
        all.replaceSubrange(indices(touching: segment.range), with: [segment])
    }

    /// Removes a segment.
    mutating func remove(_ segment: Segment) {
        all.removeSubrange(indices(touching: segment.range))
    }

    /// The parts of a range that are missing.
    func missing(in range: Range<Int>) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var place = range.lowerBound
        for segment in touching(range) {
            if segment.range.lowerBound > place { result.append(place..<segment.range.lowerBound) }
            place = max(place, segment.range.upperBound)
        }
        if place < range.upperBound { result.append(place..<range.upperBound) }
        return result
    }
}
