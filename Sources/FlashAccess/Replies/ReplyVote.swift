/// Reconstructs one correct reply from several damaged ones. Pure.
///
/// A board's replies have no checksum. So each request is repeated until two replies agree: as a whole, or line by line
/// if every reply is damaged somewhere. A reply that lost a line end has a different number of lines and does not
/// count.
package struct ReplyVote {
    /// The lines of the replies so far, by number of lines.
    private var readings: [Int: [[ArraySlice<UInt8>]]] = [:]

    package init() {}

    /// Adds a reply.
    ///
    /// - Returns: the reply agreed on; nil if there is none yet.
    package mutating func take(_ reply: [UInt8]) -> [UInt8]? {
        let lines = reply.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count <= BoardLimits.lines else { return nil }
        readings[lines.count, default: []].append(lines)
        let same = readings[lines.count] ?? []
        guard same.count >= 2 else { return nil }
        // A less frequent number of lines is no better just because it is higher: noise may have split a line in two.
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
