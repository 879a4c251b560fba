private import Synchronization

/// The methods of a transfer that were given up, for all connections to one board. A network that does not answer costs
/// time, so it is tried only once.
package final class GivenUp<Method: Hashable & Sendable>: Sendable {
    private let methods = Mutex<Set<Method>>([])

    package init() {}

    package func contains(_ method: Method) -> Bool { methods.withLock { $0.contains(method) } }

    package func insert(_ method: Method) { methods.withLock { _ = $0.insert(method) } }
}
