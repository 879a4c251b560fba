/// What operations need from outside: time, randomness, waiting. Tests supply their own.
package struct OperationEnvironment: Sendable {
    /// Returns the current time, RFC 3339 in UTC: `2026-11-21T03:07:20Z`.
    package var timestamp: @Sendable () -> String
    /// Starts a stopwatch; the result returns the time elapsed since.
    package var stopwatch: @Sendable () -> @Sendable () -> Duration
    /// Returns sixteen unpredictable letters and digits.
    package var nonce: @Sendable () -> String
    /// Waits for a duration.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// The version of Flashkeep.
    package var toolVersion: String

    package init(
        timestamp: @escaping @Sendable () -> String, stopwatch: @escaping @Sendable () -> @Sendable () -> Duration,
        nonce: @escaping @Sendable () -> String, sleep: @escaping @Sendable (Duration) async throws -> Void,
        toolVersion: String
    ) {
        self.timestamp = timestamp
        self.stopwatch = stopwatch
        self.nonce = nonce
        self.sleep = sleep
        self.toolVersion = toolVersion
    }

    /// The date part of ``timestamp``: `2026-11-21`.
    package var day: String { String(timestamp().prefix(10)) }
}
