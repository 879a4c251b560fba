internal import FlashAccess
private import FlashModel

extension FlashChunk {
    /// The part of the chunk inside an overlapping range, with its findings.
    func cut(to wanted: Range<Int>) -> FlashChunk {
        let part = range.clamped(to: wanted)
        guard part != range else { return self }
        return FlashChunk(
            offset: part.lowerBound, bytes: Array(bytes[(part.lowerBound - offset)..<(part.upperBound - offset)]),
            findings: findings.compactMap { $0.clipped(to: part) })
    }

    /// The same chunk with positions converted for blocks that arrive with more bytes than they have on flash (OOB).
    func scaled(_ block: Int, to unit: Int) -> FlashChunk {
        guard block > 0 else { return self }
        return FlashChunk(
            offset: offset / block * unit, bytes: bytes,
            findings: findings.map {
                BlockFinding(
                    offset: $0.offset / block * unit, size: $0.size / block * unit, state: $0.state, detail: $0.detail)
            })
    }
}
