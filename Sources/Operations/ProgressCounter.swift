import FlashModel
import Synchronization

/// Counts completed bytes, also from several threads, and reports them, one event at a time.
final class ProgressCounter: Sendable {
    private let state: Mutex<(done: Int, reported: Int, at: Duration)>
    private let total: Int?
    /// The time since the counter was made; nil if every addition is reported.
    private let elapsed: (@Sendable () -> Duration)?
    private let handler: ProgressHandler

    /// - Parameters:
    ///   - done: the bytes completed earlier.
    ///   - total: all bytes; nil if unknown.
    ///   - stopwatch: limits the reports to one for each MiB or 200 ms; nil reports every addition.
    init(
        done: Int = 0, total: Int?, stopwatch: (@Sendable () -> @Sendable () -> Duration)? = nil,
        handler: @escaping ProgressHandler
    ) {
        state = Mutex((done, done, .zero))
        self.total = total
        elapsed = stopwatch?()
        self.handler = handler
    }

    func add(_ bytes: Int) {
        state.withLock { state in
            state.done += bytes
            if let elapsed {
                let now = elapsed()
                // By time too, since a serial line takes minutes for one MiB.
                guard
                    state.done - state.reported >= 1 << 20 || now - state.at >= .milliseconds(200)
                        || state.done >= total ?? .max
                else { return }
                state.at = now
            }
            state.reported = state.done
            handler(.advanced(done: state.done, total: total))
        }
    }

    func tell(_ event: ProgressEvent) {
        state.withLock { _ in handler(event) }
    }
}
