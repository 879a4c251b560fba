/// How the bytes of an erase block became others.
package enum BlockChange: String, Sendable, Codable, CaseIterable, Hashable {
    /// It was blank (all 0xFF), and holds data now.
    case written
    /// It held data, and is blank now.
    case erased
    /// Bits went from 1 to 0 only: flash can do that without an erase, as JFFS2 and environments with flags do.
    case bitsCleared = "bits-cleared"
    /// It was erased and written anew.
    case rewritten

    /// How the new bytes differ from the old ones, which are as many; nil where they do not.
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
