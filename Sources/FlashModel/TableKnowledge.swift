/// Whether the list of a board's chips and partitions is known to be complete.
///
/// Flash that is in no list is in no backup either: if a line of the board's table was not understood, completeness
/// cannot be claimed.
package enum TableKnowledge: Sendable, Hashable {
    /// Everything that the board reported about its flash was understood.
    case complete
    /// Something is missing or was not understood.
    ///
    /// - Parameter doubts: the problems, one line each without a full stop; at least one.
    case incomplete(_ doubts: [String])

    /// - Parameter doubts: what is missing or was not understood; may be empty.
    package init(doubts: [String]) {
        self = doubts.isEmpty ? .complete : .incomplete(doubts)
    }

    /// What is missing or was not understood, one line each.
    package var doubts: [String] {
        switch self {
        case .complete: []
        case .incomplete(let doubts): doubts
        }
    }

    /// The same knowledge with more doubts.
    package func adding(_ more: [String]) -> TableKnowledge {
        let known = doubts
        return TableKnowledge(doubts: known + more.filter { !known.contains($0) })
    }
}

// In JSON: `{"isComplete": false, "doubts": ["…"]}`.
extension TableKnowledge: Codable {
    private enum CodingKeys: String, CodingKey {
        case isComplete, doubts
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let isComplete = try container.decode(Bool.self, forKey: .isComplete)
        let doubts = try container.decode([String].self, forKey: .doubts)
        switch (isComplete, doubts.isEmpty) {
        case (true, true): self = .complete
        case (false, true): self = .incomplete(["what is missing is not recorded"])
        case (_, false): self = .incomplete(doubts)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self == .complete, forKey: .isComplete)
        try container.encode(doubts, forKey: .doubts)
    }
}
