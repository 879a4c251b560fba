/// Something that is said of a run of bytes.
package protocol StretchRecord {
    /// Where the run begins, from the start of what it is about.
    var offset: Int { get }
    /// Bytes.
    var size: Int { get set }

    /// Whether it says the same of its bytes as another one.
    func saysTheSame(as other: Self) -> Bool
}

extension Array where Element: StretchRecord {
    /// Ascending, and neighbours that say the same as one.
    package func coalesced() -> [Element] {
        var result: [Element] = []
        for record in sorted(by: { ($0.offset, $0.size) < ($1.offset, $1.size) }) {
            if let last = result.last, last.saysTheSame(as: record), last.offset + last.size == record.offset {
                result[result.count - 1].size += record.size
            } else {
                result.append(record)
            }
        }
        return result
    }
}
