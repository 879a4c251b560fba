/// Holds back clients that ask too often: a broken one in a loop, or somebody who uses the server to send to a third.
/// Pure: it knows only the times that it is given.
package struct TFTPRequestLimit: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: Duration
    }

    /// Requests a second, in the long run.
    private let rate: Double
    /// Requests at once.
    private let burst: Double
    /// Addresses that are remembered.
    private let capacity: Int
    private var buckets: [String: Bucket] = [:]

    /// Clients that are remembered now.
    package var count: Int { buckets.count }

    /// - Parameters:
    ///   - rate: requests a second of one client, in the long run; above 0.
    ///   - burst: requests at once, at least 1.
    ///   - capacity: clients that are remembered.
    package init(rate: Double, burst: Double, capacity: Int = 4_096) {
        self.rate = rate
        self.burst = burst
        self.capacity = capacity
    }

    /// Whether a request of this client is to be answered.
    package mutating func admits(_ client: String, at now: Duration) -> Bool {
        if buckets.count >= capacity, buckets[client] == nil { forget(at: now) }
        var bucket = buckets[client] ?? Bucket(tokens: burst, filledAt: now)
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.filledAt) / .seconds(1) * rate)
        bucket.filledAt = now
        let isAdmitted = bucket.tokens >= 1
        if isAdmitted { bucket.tokens -= 1 }
        buckets[client] = bucket
        return isAdmitted
    }

    /// Forgets those whose bucket is full again; where that is none, all, since remembering is there to save effort.
    private mutating func forget(at now: Duration) {
        buckets = buckets.filter { $0.value.tokens + (now - $0.value.filledAt) / .seconds(1) * rate < burst }
        if buckets.count >= capacity { buckets = [:] }
    }
}
