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

extension ReplyVote {
    /// A sentence for a question of which no two replies agreed, without its full stop.
    ///
    /// - Parameter name: what was asked, as `U-Boot`.
    package static func lost(_ question: String, of name: String) -> String {
        "two replies of \(name) to \(question) never agreed, so it is left out"
    }

    /// The most repetitions of a question until two replies agree.
    private static let mostReadings = 24

    /// Repeats a question until two replies are equal to the last byte, or the vote agrees on a complete one.
    ///
    /// - Parameters:
    ///   - isWhole: whether a reply of the vote is complete, as far as its parser can tell.
    ///   - ask: asks once; nil if the end of the reply is missing.
    /// - Returns: the last reply of the vote if none was complete; nil if there was none.
    package static func agreed(
        isWhole: (ConsoleReply) -> Bool, ask: () async throws -> ConsoleReply?
    ) async throws -> ConsoleReply? {
        var vote = ReplyVote()
        var last: ConsoleReply?
        var agreed: ConsoleReply?
        for _ in 0..<mostReadings {
            guard let reply = try await ask() else { continue }
            // If two replies in a row are equal to the last byte, this is what the board says, whatever a parser makes
            // of it.
            if reply == last { return reply }
            last = reply
            if let voted = vote.take(reply.output).map({ ConsoleReply(output: $0) }) {
                if isWhole(voted) { return voted }
                agreed = voted
            }
        }
        return agreed
    }
}
