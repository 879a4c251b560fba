import FoundationEssentials

/// How much of the long matrices and random searches runs: all in `make campaign`, and in `make test` representatives,
/// the same ones every time.
package enum Campaign {
    package static let isOn = ProcessInfo.processInfo.environment["FLASHKEEP_CAMPAIGN"] == "1"

    /// Cells that are shared out among as many searches, each of which takes its share; in a campaign each takes all.
    ///
    /// What would run once for each of three tools runs for one of them then, and each tool has a third of the cells.
    package static func share<Cells: Collection>(_ number: Int, of searches: Int, _ cells: Cells) -> [Cells.Element] {
        cells.enumerated().filter { isOn || $0.offset % searches == number % searches }.map(\.element)
    }
}
