/// What operations need from outside: time, randomness, waiting. Tests bring their own.
package struct OperationEnvironment: Sendable {
    /// Now, RFC 3339 in UTC: `2026-11-21T03:07:20Z`.
    package var timestamp: @Sendable () -> String
    /// Begins to measure; the result tells the time since.
    package var stopwatch: @Sendable () -> @Sendable () -> Duration
    /// Sixteen letters and digits that nobody can foresee.
    package var nonce: @Sendable () -> String
    /// Waits.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// Version of Flashkeep.
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

    /// The day of ``timestamp``: `2026-11-21`.
    package var day: String { String(timestamp().prefix(10)) }
}
