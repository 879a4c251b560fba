import FlashAccess
import FlashModel
private import Synchronization

/// Counts bytes and reports them: at every mebibyte, every 200 ms, and at the end.
final class ProgressCount: Sendable {
    private let state: Mutex<(done: Int, told: Int, at: Duration)>
    private let total: Int
    private let elapsed: @Sendable () -> Duration
    private let tell: ProgressHandler

    init(done: Int = 0, total: Int, _ environment: OperationEnvironment, tell: @escaping ProgressHandler) {
        state = Mutex((done, done, .zero))
        self.total = total
        elapsed = environment.stopwatch()
        self.tell = tell
    }

    func add(_ count: Int) {
        let done = state.withLock { state -> Int? in
            state.done += count
            let now = elapsed()
            // By time too: a serial line takes a minute and a half for a mebibyte.
            guard
                state.done - state.told >= 1 << 20 || now - state.at >= .milliseconds(200) || state.done >= total
            else { return nil }
            state.told = state.done
            state.at = now
            return state.done
        }
        if let done { tell(.advanced(done: done, total: total)) }
    }
}
