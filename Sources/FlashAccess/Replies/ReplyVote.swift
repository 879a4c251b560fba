/// Puts one true reply together from several damaged ones. Pure.
///
/// What a board says of itself holds no checksum. So it is asked until the same came twice: as a whole, or line by line
/// where the line damages something in every reply of some length. Replies in which the end of a line was lost have
/// another number of lines and do not count.
package struct ReplyVote {
    /// The lines of the replies so far, by their number.
    private var readings: [Int: [[ArraySlice<UInt8>]]] = [:]

    package init() {}

    /// Takes a reply.
    ///
    /// - Returns: the reply that is agreed on; nil while there is none.
    package mutating func take(_ reply: [UInt8]) -> [UInt8]? {
        let lines = reply.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count <= BoardLimits.lines else { return nil }
        readings[lines.count, default: []].append(lines)
        let same = readings[lines.count] ?? []
        guard same.count >= 2 else { return nil }
        // More lines that are half as often there are no better witness: the end of one line was made into two.
        guard readings.allSatisfy({ $0.value.count <= same.count }) else { return nil }
        var agreed: [ArraySlice<UInt8>] = []
        for index in lines.indices {
            var counts: [ArraySlice<UInt8>: Int] = [:]
            for reading in same { counts[reading[index], default: 0] += 1 }
            guard let best = counts.max(by: { $0.value < $1.value }), best.value >= 2,
                counts.values.filter({ $0 == best.value }).count == 1
            else { return nil }
            agreed.append(best.key)
        }
        return Array(agreed.joined(separator: [0x0A]))
    }
}
