private import Synchronization

/// The transfer methods that were given up, for all connections to one board. A network that does not answer costs
/// time, so it is tried only once.
package final class GivenUpMethods: Sendable {
    private let reads = Mutex<Set<UBootReadMethod>>([])
    private let loads = Mutex<Set<UBootLoadMethod>>([])

    package init() {}

    func contains(_ method: UBootReadMethod) -> Bool { reads.withLock { $0.contains(method) } }

    func contains(_ method: UBootLoadMethod) -> Bool { loads.withLock { $0.contains(method) } }

    func insert(_ method: UBootReadMethod) { reads.withLock { _ = $0.insert(method) } }

    func insert(_ method: UBootLoadMethod) { loads.withLock { _ = $0.insert(method) } }
}
