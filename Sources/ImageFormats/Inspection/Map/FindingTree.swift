/// Arranges findings: what lies within another is its child.
struct FindingTree {
    /// The findings that lie in no other, sorted by offset.
    private(set) var roots: [Finding] = []
    private(set) var overlaps: [ContentMap.Overlap] = []

    /// The most levels; what is deeper is put into the last one. Only an image made for it has more.
    static let deepest = 12
    /// The most overlaps that are listed.
    private static let overlapLimit = 1000

    /// - Parameter findings: in any order. Of two with the same range, the better grade contains the other.
    init(_ findings: [Finding]) {
        var open: [Finding] = []
        for finding in Self.cleaned(findings) {
            while let last = open.last, last.range.upperBound <= finding.offset, !Self.isStart(finding, of: last) {
                close(&open)
            }
            // One that ends behind the one it starts in lies in none of those that end before.
            while let last = open.last, finding.range.upperBound > last.range.upperBound,
                finding.size != nil
            {
                note(last, finding)
                close(&open)
            }
            if open.count >= Self.deepest {
                open[open.count - 1].children.append(finding)
            } else {
                open.append(finding)
            }
        }
        while !open.isEmpty { close(&open) }
    }

    /// Whether a finding of unknown size is at the same place as another.
    private static func isStart(_ finding: Finding, of other: Finding) -> Bool {
        finding.offset == other.offset && other.size == nil
    }

    private mutating func close(_ open: inout [Finding]) {
        let last = open.removeLast()
        if open.isEmpty { roots.append(last) } else { open[open.count - 1].children.append(last) }
    }

    private mutating func note(_ one: Finding, _ other: Finding) {
        let range = max(one.offset, other.offset)..<min(one.range.upperBound, other.range.upperBound)
        guard !range.isEmpty, overlaps.count < Self.overlapLimit else { return }
        overlaps.append(ContentMap.Overlap(formats: [one.format, other.format], range: range))
    }

    /// The findings sorted so that containers come first, without those that are chance.
    private static func cleaned(_ findings: [Finding]) -> [Finding] {
        let sorted = findings.enumerated().sorted { one, other in
            let (first, second) = (one.element, other.element)
            if first.offset != second.offset { return first.offset < second.offset }
            if first.size != second.size { return (first.size ?? -1) > (second.size ?? -1) }
            if first.grade != second.grade { return first.grade > second.grade }
            return one.offset < other.offset
        }.map(\.element)
        var kept: [Finding] = []
        // Encoded bytes seem to hold anything.
        var opaqueEnd = Int.min
        for finding in sorted {
            let isWithin = finding.offset < opaqueEnd
            if isWithin, finding.range.upperBound <= opaqueEnd || finding.size == nil { continue }
            // What starts in encoded bytes and ends elsewhere must be better founded than by its structure.
            if isWithin, finding.grade < .proven { continue }
            kept.append(finding)
            if finding.isOpaque, finding.grade > .hint { opaqueEnd = max(opaqueEnd, finding.range.upperBound) }
        }
        return kept
    }
}
