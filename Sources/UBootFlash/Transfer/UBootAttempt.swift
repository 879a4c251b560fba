import FlashModel

/// The result of one attempt at a transfer.
enum UBootAttempt<Value> {
    case done(Value)
    /// Another attempt may succeed.
    case failed(FlashkeepError)
    /// No other attempt will succeed.
    case hopeless(FlashkeepError)
}

extension UBootAttempt: Sendable where Value: Sendable {}

extension UBootSession {
    /// The most attempts at one transfer; a cable may have a loose contact.
    private static let mostAttempts = 3

    /// Attempts a transfer until it succeeds, at most three times.
    ///
    /// - Returns: the last error if it never succeeded.
    /// - Throws: errors of the body.
    func attempts<Value>(
        _ body: () async throws -> UBootAttempt<Value>
    ) async throws -> Result<Value, FlashkeepError> {
        var attempt = 1
        while true {
            switch try await body() {
            case .done(let value): return .success(value)
            case .failed(let error) where attempt == Self.mostAttempts: return .failure(error)
            case .hopeless(let error): return .failure(error)
            case .failed:
                attempt += 1
                countRetries(1)
            }
        }
    }
}
