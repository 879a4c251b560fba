package import FlashModel

/// The result of one attempt at a transfer.
package enum TransferAttempt<Value> {
    case done(Value)
    /// Another attempt may succeed.
    case failed(FlashkeepError)
    /// No other attempt will succeed.
    case hopeless(FlashkeepError)
}

extension TransferAttempt: Sendable where Value: Sendable {}

extension TransferAttempt {
    /// The most attempts at one transfer; a cable may have a loose contact.
    private static var mostAttempts: Int { 3 }

    /// Attempts a transfer until it succeeds, at most three times.
    ///
    /// - Parameter countRetry: called before each further attempt.
    /// - Returns: the last error if it never succeeded.
    /// - Throws: errors of the body.
    package static func repeated(
        countRetry: () -> Void, _ body: () async throws -> TransferAttempt<Value>
    ) async throws -> Result<Value, FlashkeepError> {
        var attempt = 1
        while true {
            switch try await body() {
            case .done(let value): return .success(value)
            case .failed(let error) where attempt == mostAttempts: return .failure(error)
            case .hopeless(let error): return .failure(error)
            case .failed:
                attempt += 1
                countRetry()
            }
        }
    }
}
