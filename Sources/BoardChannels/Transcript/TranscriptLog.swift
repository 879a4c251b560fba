private import FlashModel
private import Synchronization
package import SystemPackage

/// Where transcripts go: into memory until there is a file for them, then into the file, line by line. A copy with
/// every byte, flash data too, can go to another file.
///
/// A transcript is evidence, not the backup itself: where it cannot be written, that is noted and work goes on.
package final class TranscriptLog: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var file: FileDescriptor?
        var copy: FileDescriptor?
        var failed = false
    }

    /// Bytes kept until there is a file.
    private static let waitingLimit = 4 << 20

    private let state: Mutex<State>
    /// Whether a copy with every byte is kept.
    package let hasCopy: Bool

    package init() {
        state = Mutex(State())
        hasCopy = false
    }

    /// Keeps a copy with every byte, behind what the file holds already.
    ///
    /// - Parameter copy: nil keeps none.
    /// - Throws: ``FlashkeepError`` with `fileUnavailable`.
    package init(copy: FilePath?) throws {
        var begun = State()
        if let copy {
            do {
                // Flash holds keys and passwords: for the owner alone.
                begun.copy = try FileDescriptor.open(
                    copy, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
            } catch let error as Errno {
                throw FlashkeepError(
                    .fileUnavailable, what: "The transcript \(PrintableText.escaped(copy.string)) cannot be written.",
                    why: error.description, next: "Give another file with --transcript.")
            }
        }
        hasCopy = begun.copy != nil
        state = Mutex(begun)
    }

    /// Takes an entry of which every byte is kept.
    package func appendToCopy(_ entry: TranscriptEntry) {
        let line = Array(entry.line.utf8)
        state.withLock { state in
            guard let copy = state.copy else { return }
            Self.write(line, to: copy, &state)
        }
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
            try? state.copy?.close()
            state.file = nil
            state.copy = nil
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
