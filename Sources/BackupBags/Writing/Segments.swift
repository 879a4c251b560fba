/// A stretch of an image whose bytes are in its file, and their checksum.
struct Segment: Sendable, Hashable {
    /// Bytes from the start of the image.
    var range: Range<Int>
    /// CRC-32 (RFC 1952) of the bytes.
    var crc32: UInt32
}

/// The stretches of an image that are there: ascending, none overlapping, boundaries as they were written.
struct Segments: Sendable {
    private(set) var all: [Segment] = []

    /// Bytes in all of them.
    var count: Int { all.reduce(0) { $0 + $1.range.count } }

    /// The first that ends after a place.
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

    /// Those that share a byte with a range.
    func touching(_ range: Range<Int>) -> ArraySlice<Segment> {
        range.isEmpty ? [] : all[indices(touching: range)]
    }

    /// Puts one in; those that it touches are gone, whole.
    mutating func insert(_ segment: Segment) {
        if segment.range.isEmpty { return }
        all.replaceSubrange(indices(touching: segment.range), with: [segment])
    }

    /// Takes one out.
    mutating func remove(_ segment: Segment) {
        all.removeSubrange(indices(touching: segment.range))
    }

    /// The parts of a range that are not there.
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
