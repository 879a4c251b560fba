/// How quickly bytes come, smoothed. Pure: told the time.
struct RateMeter: Sendable {
    /// A sample weighs less the older it is: after this many seconds about a third.
    private static let memory = 8.0

    private var last: (done: Int, at: Duration)?
    private var smoothed: Double?

    /// Takes a count. The first only sets the start: what an earlier run left was not read now.
    mutating func take(_ done: Int, at now: Duration) {
        guard let before = last else {
            last = (done, now)
            return
        }
        let seconds = (now - before.at).seconds
        // Short samples say more of buffers than of the board.
        guard seconds >= 0.25 else { return }
        let rate = Double(max(0, done - before.done)) / seconds
        // The first samples count as much as they last; 1 - e^(-t/memory) without the exponential.
        let weight = seconds / (seconds + Self.memory)
        smoothed = smoothed.map { $0 + (rate - $0) * weight } ?? rate
        last = (done, now)
    }

    /// Bytes a second now; nil where it is not known yet. It falls when nothing comes.
    func bytesPerSecond(at now: Duration) -> Double? {
        guard let smoothed, let last else { return nil }
        let silence = (now - last.at).seconds
        return silence < 2 ? smoothed : smoothed * Self.memory / (Self.memory + silence)
    }

    /// Seconds until so many more bytes are there; nil where nobody can tell.
    func secondsLeft(_ bytes: Int, at now: Duration) -> Int? {
        guard let rate = bytesPerSecond(at: now), rate > 1 else { return nil }
        let seconds = Double(max(0, bytes)) / rate
        return seconds < 1e9 ? Int(seconds.rounded(.up)) : nil
    }
}

extension Duration {
    /// As a number of seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
