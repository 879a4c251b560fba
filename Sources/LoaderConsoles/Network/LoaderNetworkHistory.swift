private import Synchronization

/// What happened on the network of one board, for all connections to it: a console that is lost and found again must not
/// make a board that resets look new, nor repeat notes.
package final class LoaderNetworkHistory: Sendable {
    private struct State {
        var resets = 0
        var notes: Set<String> = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Counts a restart of the board during a transfer.
    ///
    /// - Returns: how many there were.
    func countReset() -> Int {
        state.withLock { state in
            state.resets += 1
            return state.resets
        }
    }

    /// Whether a note has not been given before; it counts as given then.
    func isNew(_ note: String) -> Bool { state.withLock { $0.notes.insert(note).inserted } }
}
