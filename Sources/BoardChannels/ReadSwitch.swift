package import NIOCore
private import Synchronization

/// Whether an event loop takes bytes from the operating system: paused while the inbox is full.
package final class ReadSwitch: Sendable {
    private struct State {
        var channel: (any Channel)?
        var isPaused = false
    }

    private let state = Mutex(State())

    package init() {}

    /// The channel to read from; known once it is open.
    package func attach(_ channel: any Channel) {
        state.withLock { $0.channel = channel }
    }

    package var isPaused: Bool { state.withLock { $0.isPaused } }

    package func pause() {
        state.withLock { $0.isPaused = true }
    }

    /// Reads on, if it was paused.
    package func goOn() {
        let channel = state.withLock { state -> (any Channel)? in
            guard state.isPaused else { return nil }
            state.isPaused = false
            return state.channel
        }
        channel?.read()
    }
}
