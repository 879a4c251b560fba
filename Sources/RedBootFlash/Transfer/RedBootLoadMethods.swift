private import Synchronization

/// The methods that load bytes into a board's RAM from RedBoot's prompt, cheapest first.
///
/// A method is added here, and ``RedBootMemoryLoader`` creates it.
package enum RedBootLoadMethod: String, Sendable, Hashable, CaseIterable {
    /// `load -m tftp`: from a TFTP server on this computer.
    case tftp
    /// `load -m ymodem`: over the console.
    case ymodem
}

/// The methods that were given up, for all connections to one board. A network that does not answer costs time, so it is
/// tried only once.
package final class RedBootGivenUpMethods: Sendable {
    private let loads = Mutex<Set<RedBootLoadMethod>>([])

    package init() {}

    func contains(_ method: RedBootLoadMethod) -> Bool { loads.withLock { $0.contains(method) } }

    func insert(_ method: RedBootLoadMethod) { loads.withLock { _ = $0.insert(method) } }
}
