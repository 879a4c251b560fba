/// What was shown of a finding. Never more than that: a magic number alone proves nothing.
package enum Grade: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// A magic number.
    case hint
    /// All conditions on its structure hold, as far as they can be checked.
    case plausible
    /// A checksum over its whole extent holds, or all of it was decoded without an error.
    case proven

    package static func < (one: Grade, other: Grade) -> Bool { one.rank < other.rank }

    private var rank: Int {
        switch self {
        case .hint: 0
        case .plausible: 1
        case .proven: 2
        }
    }
}
