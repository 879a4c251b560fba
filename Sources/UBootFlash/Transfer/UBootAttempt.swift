import FlashModel

/// How one attempt at a transfer ended.
enum UBootAttempt<Value> {
    case done(Value)
    /// Another attempt may succeed.
    case failed(FlashkeepError)
    /// No other attempt will succeed.
    case hopeless(FlashkeepError)
}

extension UBootAttempt: Sendable where Value: Sendable {}

extension UBootSession {
    /// Attempts at one transfer: cables are loose at times.
    private static let mostAttempts = 3

    /// Attempts a transfer until it is done, three times at most.
    ///
    /// - Returns: why it failed for the last time, if it never succeeded.
    /// - Throws: what the body throws.
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
