/// Limits clients that ask too often: a broken one in a loop, or someone who uses the server to flood a third party.
/// Pure: it knows only the times passed to it.
package struct TFTPRequestLimit: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: Duration
    }

    /// Sustained requests per second.
    private let rate: Double
    /// The number of requests allowed at once.
    private let burst: Double
    /// The maximum number of remembered addresses.
    private let capacity: Int
    private var buckets: [String: Bucket] = [:]

    /// The number of remembered clients.
    package var count: Int { buckets.count }

    /// - Parameters:
    ///   - rate: sustained requests per second and client; above 0.
    ///   - burst: requests allowed at once, at least 1.
    ///   - capacity: the maximum number of remembered clients.
    package init(rate: Double, burst: Double, capacity: Int = 4_096) {
        self.rate = rate
        self.burst = burst
        self.capacity = capacity
    }

    /// Whether to answer a request of this client.
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

    /// Forgets clients whose bucket is full again; if there are none, forgets all, because remembering is meant to save
    /// effort.
    private mutating func forget(at now: Duration) {
        buckets = buckets.filter { $0.value.tokens + (now - $0.value.filledAt) / .seconds(1) * rate < burst }
        if buckets.count >= capacity { buckets = [:] }
    }
}
