/// The smoothed data rate. Pure: the caller provides the time.
package struct RateMeter: Sendable {
    /// The weight of older samples falls to about a third after this many seconds.
    private static let memory = 8.0

    private var last: (done: Int, at: Duration)?
    private var smoothed: Double?

    package init() {}

    /// Processes a byte count. The first only sets the start, since bytes left by an earlier run were not read now.
    package mutating func take(_ done: Int, at now: Duration) {
        guard let before = last else {
            last = (done, now)
            return
        }
        let seconds = (now - before.at).seconds
        // Short samples reflect buffers rather than the board.
        guard seconds >= 0.25 else { return }
        let rate = Double(max(0, done - before.done)) / seconds
        // The first samples count for their duration; 1 - e^(-t/memory) without the exponential.
        let weight = seconds / (seconds + Self.memory)
        smoothed = smoothed.map { $0 + (rate - $0) * weight } ?? rate
        last = (done, now)
    }

    /// The current rate in bytes per second; nil if unknown. It falls while nothing arrives.
    package func bytesPerSecond(at now: Duration) -> Double? {
        guard let smoothed, let last else { return nil }
        let silence = (now - last.at).seconds
        return silence < 2 ? smoothed : smoothed * Self.memory / (Self.memory + silence)
    }

    /// The time in seconds for the remaining bytes; nil if it cannot be estimated.
    package func secondsLeft(_ bytes: Int, at now: Duration) -> Int? {
        guard let rate = bytesPerSecond(at: now), rate > 1 else { return nil }
        let seconds = Double(max(0, bytes)) / rate
        return seconds < 1e9 ? Int(seconds.rounded(.up)) : nil
    }
}

extension Duration {
    /// The duration as a number of seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
