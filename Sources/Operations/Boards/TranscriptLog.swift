package import BoardChannels
private import FlashModel
private import Synchronization
package import SystemPackage

/// Where transcripts go: into memory until there is a file for them, then into the file, line by line.
///
/// A transcript is evidence, not the backup itself: where it cannot be written, that is noted and work goes on.
package final class TranscriptLog: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var file: FileDescriptor?
        var failed = false
    }

    /// Bytes kept until there is a file.
    private static let waitingLimit = 4 << 20

    private let state = Mutex(State())
    /// Whether flash data is written too, and not only counted.
    package let keepsBulk: Bool

    package init(keepsBulk: Bool = false) {
        self.keepsBulk = keepsBulk
    }

    /// Takes an entry.
    package func append(_ entry: TranscriptEntry) {
        let line = Array(entry.line.utf8)
        state.withLock { state in
            if let file = state.file {
                Self.write(line, to: file, &state)
            } else if state.waiting.count + line.count <= Self.waitingLimit {
                state.waiting += line
            }
        }
    }

    /// Writes to this file from now on, what has waited first.
    package func attach(_ path: FilePath) {
        state.withLock { state in
            guard state.file == nil else { return }
            guard
                let file = try? FileDescriptor.open(
                    path, .writeOnly, options: [.create, .append], permissions: [.ownerReadWrite, .groupRead])
            else {
                state.failed = true
                return
            }
            state.file = file
            Self.write(state.waiting, to: file, &state)
            state.waiting = []
        }
    }

    /// Closes the file; what comes later is dropped.
    package func close() {
        state.withLock { state in
            try? state.file?.close()
            state.file = nil
            state.waiting = []
        }
    }

    /// Whether something could not be written.
    package var hasFailed: Bool { state.withLock { $0.failed } }

    private static func write(_ bytes: [UInt8], to file: FileDescriptor, _ state: inout State) {
        do {
            _ = try file.writeAll(bytes)
        } catch {
            state.failed = true
        }
    }
}
