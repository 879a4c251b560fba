import FlashModel

extension ContentStore {
    /// Reads a range over a slow line in chunks. What is known is not transferred, and what is transferred is known from
    /// then on.
    ///
    /// - Parameters:
    ///   - size: of the chunks, in bytes; they are counted from the start of the range.
    ///   - sum: asks the board for the key of a part of a chunk; nil if it has no answer.
    ///   - dump: transfers a part of a chunk, whose key may be known.
    ///   - each: called for each part, in order.
    /// - Throws: what these throw.
    package func read(
        _ range: Range<Int>, chunkSize size: Int, costs: ChunkPlan.Costs, by checksum: ContentChecksum,
        sum: (_ part: Range<Int>, _ chunk: Range<Int>) async throws -> UInt32?,
        dump: (_ part: Range<Int>, _ chunk: Range<Int>, _ sum: UInt32?) async throws -> FlashChunk,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        func chunk(of part: Range<Int>) -> Range<Int> {
            let start = part.lowerBound - (part.lowerBound - range.lowerBound) % size
            return start..<min(range.upperBound, start + size)
        }
        var sizes = [size]
        while let last = sizes.last, last % 2 == 0, last / 2 >= KnownContent.step { sizes.append(last / 2) }
        var plan = ChunkPlan(range, sizes: sizes, costs: costs)
        while let step = next(&plan, by: checksum) {
            switch step {
            case .checksum(let part): plan.answer(try await sum(part, chunk(of: part)))
            case .known(let part, let candidates, let sum, let half):
                let bytes = bytes(of: candidates, count: part.count, sum: sum, half: half, by: checksum)
                if let bytes { try await each(FlashChunk(offset: part.lowerBound, bytes: bytes)) }
                plan.settle(isKnown: bytes != nil)
            case .dump(let part, let sum):
                let dumped = try await dump(part, chunk(of: part), sum)
                if dumped.findings.isEmpty { remember(dumped.bytes) }
                try await each(dumped)
                plan.dumped()
            }
        }
    }
}
