/// A record about a run of bytes.
package protocol StretchRecord {
    /// The start of the run, relative to the partition or image.
    var offset: Int { get }
    /// The length in bytes.
    var size: Int { get set }

    /// Whether it makes the same statement as another record.
    func saysTheSame(as other: Self) -> Bool
}

extension Array where Element: StretchRecord {
    /// Sorted ascending, with adjacent records merged if they make the same statement.
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
