import BoardChannels
import LinuxFlash
private import Synchronization
import Transfers

/// A byte stream that a board delivers as an upload to a server of this computer, under a name that only it knows.
final class UploadStream: ExpectedStream {
    private struct State {
        var isConnected = false
        var isClosed = false
        var refused: [String] = []
        /// The bytes that came after the reader had what it wanted.
        var late = 0
    }

    private let state = Mutex(State())
    private let gate: Gate
    private let inbox: ByteInbox

    /// How many bytes may come after the reader has closed the stream, so that the board's program ends in peace.
    private static let lateLimit = 1 << 20

    /// Wakes those who wait until there is room.
    private final class Gate: Sendable {
        private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

        func wait(unless isOpen: () -> Bool) async {
            await withCheckedContinuation { continuation in
                waiting.withLock { $0.append(continuation) }
                if isOpen() { open() }
            }
        }

        func open() {
            let woken = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for continuation in woken { continuation.resume() }
        }
    }

    init() {
        let gate = Gate()
        self.gate = gate
        inbox = ByteInbox(resume: { gate.open() })
    }

    // MARK: The reader

    var isConnected: Bool { state.withLock { $0.isConnected } }
    var refused: [String] { state.withLock { $0.refused } }

    func read(timeout: Duration?) async throws -> ChannelRead { try await inbox.next(timeout: timeout) }

    func close() {
        state.withLock { $0.isClosed = true }
        inbox.finish()
        gate.open()
    }

    // MARK: The server

    /// Expects the upload, in place of any other.
    ///
    /// - Parameters:
    ///   - name: of the upload.
    ///   - senders: the only addresses that may send it.
    func expect(_ name: String, from senders: Set<String>, in catalog: TFTPCatalog) {
        catalog.expect(name, limit: .max / 2) { [self] _, client in
            guard senders.contains(client) else {
                noteRefused(client)
                throw TFTPError(.accessViolation, "This upload is expected from another board.")
            }
            let isFirst = state.withLock { state in
                defer { state.isConnected = true }
                return !state.isConnected && !state.isClosed
            }
            // A second one would mix its bytes with those of the first.
            guard isFirst else { throw TFTPError(.accessViolation, "This upload is not expected any more.") }
            return TFTPStreamSink(
                commit: { [self] in inbox.finish() }, discard: { [self] in inbox.finish() },
                write: { [self] bytes in try await take(bytes) })
        }
    }

    private func noteRefused(_ address: String) {
        state.withLock { state in
            if state.refused.count < 4, !state.refused.contains(address) { state.refused.append(address) }
        }
    }

    private func take(_ bytes: [UInt8]) async throws {
        let late = state.withLock { state -> Int? in
            guard state.isClosed else { return nil }
            state.late += bytes.count
            return state.late
        }
        if let late {
            guard late <= Self.lateLimit else { throw TFTPError(.undefined, "Nobody reads this any more.") }
            return
        }
        guard !inbox.deliver(bytes) else { return }
        await gate.wait { inbox.hasRoom || state.withLock { $0.isClosed } }
    }
}
