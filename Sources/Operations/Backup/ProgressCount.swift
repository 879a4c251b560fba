private import Synchronization

/// Counts bytes and tells of them, at most about once for each 256 KiB.
final class ProgressCount: Sendable {
    private let state: Mutex<(done: Int, told: Int)>
    private let total: Int
    private let tell: ProgressHandler

    init(done: Int = 0, total: Int, tell: @escaping ProgressHandler) {
        state = Mutex((done, done))
        self.total = total
        self.tell = tell
    }

    func add(_ count: Int) {
        let done = state.withLock { state -> Int? in
            state.done += count
            guard state.done - state.told >= 256 << 10 || state.done >= total else { return nil }
            state.told = state.done
            return state.done
        }
        if let done { tell(.advanced(done: done, total: total)) }
    }
}
