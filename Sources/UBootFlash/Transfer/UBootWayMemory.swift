private import Synchronization

/// Which ways out of a board and into it were given up: a network that does not answer costs time, and is tried once.
package final class UBootWayMemory: Sendable {
    private let ways = Mutex<Set<UBootWay>>([])
    private let loads = Mutex(false)

    package init() {}

    /// Whether a way is not to be tried again.
    package func isGivenUp(_ way: UBootWay) -> Bool { ways.withLock { $0.contains(way) } }

    /// Whether bytes are no longer to be loaded over the network.
    package var areLoadsGivenUp: Bool { loads.withLock { $0 } }

    /// Gives loads over the network up.
    package func giveUpLoads() { loads.withLock { $0 = true } }

    /// Gives ways up.
    package func giveUp(_ given: some Sequence<UBootWay>) { ways.withLock { $0.formUnion(given) } }
}
