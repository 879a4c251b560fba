private import FlashAccess

/// The transfer methods of U-Boot that were given up, for all connections to one board.
package final class GivenUpMethods: Sendable {
    private let reads = GivenUp<UBootReadMethod>()
    private let loads = GivenUp<UBootLoadMethod>()

    package init() {}

    func contains(_ method: UBootReadMethod) -> Bool { reads.contains(method) }

    func contains(_ method: UBootLoadMethod) -> Bool { loads.contains(method) }

    func insert(_ method: UBootReadMethod) { reads.insert(method) }

    func insert(_ method: UBootLoadMethod) { loads.insert(method) }
}
