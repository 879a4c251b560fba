/// How the bytes of an erase block changed.
package enum BlockChange: String, Sendable, Codable, CaseIterable, Hashable {
    /// The block was blank (all 0xFF), and holds data now.
    case written
    /// The block held data, and is blank now.
    case erased
    /// Bits changed only from 1 to 0: flash can do that without an erase, as JFFS2 and environments with flags do.
    case bitsCleared = "bits-cleared"
    /// The block was erased and rewritten.
    case rewritten

    /// Classifies the difference between old and new bytes of the same count; nil if they are equal.
    package init?(from old: some Collection<UInt8>, to new: some Collection<UInt8>) {
        var isSame = true
        var wasBlank = true
        var isBlank = true
        var isClearedOnly = true
        for (before, after) in zip(old, new) {
            isSame = isSame && before == after
            wasBlank = wasBlank && before == 0xFF
            isBlank = isBlank && after == 0xFF
            isClearedOnly = isClearedOnly && after & ~before == 0
        }
        if isSame { return nil }
        self = wasBlank ? .written : isBlank ? .erased : isClearedOnly ? .bitsCleared : .rewritten
    }
}
