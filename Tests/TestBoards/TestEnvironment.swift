package import FlashAccess
import Synchronization
import TestSupport

extension OperationEnvironment {
    /// A clock that stands still, waits that take no time, and the same random numbers in every run.
    ///
    /// - Parameter waited: called for every wait.
    package static func simulated(
        seed: UInt64 = 1, waited: @escaping @Sendable (Duration) throws -> Void = { _ in }
    ) -> OperationEnvironment {
        let random = Mutex(SplitMix64(state: seed))
        return OperationEnvironment(
            timestamp: { "2026-11-21T03:07:20Z" },
            stopwatch: { { .zero } },
            nonce: {
                random.withLock { random in
                    String(
                        (0..<16).map { _ in "0123456789abcdefghijklmnopqrstuvwxyz".randomElement(using: &random) ?? "x"
                        })
                }
            },
            sleep: { duration in
                try Task.checkCancellation()
                try waited(duration)
            }, toolVersion: "test")
    }
}
