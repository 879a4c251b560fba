private import FlashModel
private import Synchronization

/// A board simulated from a transcript: it sends the recorded output after receiving the recorded input, and rejects
/// everything else.
package final class ReplayChannel: BoardChannel {
    private struct State {
        var entries: ArraySlice<TranscriptEntry>
        /// How many bytes of the first entry have been sent.
        var matched = 0
    }

    package let traits: ChannelTraits
    private let state: Mutex<State>

    package init(_ entries: [TranscriptEntry], traits: ChannelTraits) {
        self.traits = traits
        state = Mutex(State(entries: entries.filter { $0.kind != .remark }[...]))
    }

    package func read(timeout: Duration?) async throws -> ChannelRead {
        state.withLock { state in
            guard let first = state.entries.first else { return .closed }
            guard first.kind == .received else { return .timedOut }
            state.entries = state.entries.dropFirst()
            return .bytes(first.bytes)
        }
    }

    package func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        if isSecret { return }
        let mismatch = state.withLock { state -> String? in
            for byte in bytes {
                // Not every reader waits for the output recorded before this input.
                guard let first = state.entries.first, first.kind == .sent, state.matched < first.bytes.count else {
                    return "sent where the transcript has no input"
                }
                guard first.bytes[state.matched] == byte else {
                    return "byte \(state.matched) differs from \"\(TranscriptEntry.escape(first.bytes))\""
                }
                state.matched += 1
                if state.matched == first.bytes.count {
                    state.matched = 0
                    state.entries = state.entries.dropFirst()
                }
            }
            return nil
        }
        if let mismatch {
            throw FlashkeepError(
                .replyNotUnderstood, what: "The transcript does not match.", why: mismatch,
                next: "Record it again with --transcript.")
        }
    }
}
