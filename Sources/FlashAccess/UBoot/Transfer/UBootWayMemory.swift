private import Synchronization

/// Which ways out of a board were given up: a network that does not answer costs time, and is tried once.
package final class UBootWayMemory: Sendable {
    private let ways = Mutex<Set<UBootWay>>([])

    package init() {}

    /// Whether a way is not to be tried again.
    package func isGivenUp(_ way: UBootWay) -> Bool { ways.withLock { $0.contains(way) } }

    /// Gives ways up.
    package func giveUp(_ given: some Sequence<UBootWay>) { ways.withLock { $0.formUnion(given) } }
}
