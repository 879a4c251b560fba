private import FlashModel
private import Synchronization
package import SystemPackage

/// Where transcripts go: into memory until there is a file for them, then into the file, line by line. A copy with
/// every byte, flash data too, can go to another file.
///
/// A transcript is evidence, not the backup itself: where it cannot be written, work goes on, and the failure is kept for
/// whoever tells the user. Nothing follows a gap: after a failure no more is written to that file.
package final class TranscriptLog: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var file: FileDescriptor?
        var copy: FileDescriptor?
        var fileFailure: Errno?
        var copyFailure: Errno?
    }

    /// Bytes kept until there is a file.
    private static let waitingLimit = 4 << 20

    private let state: Mutex<State>
    private let copyPath: FilePath?
    /// Whether a copy with every byte is kept.
    package let hasCopy: Bool

    package init() {
        state = Mutex(State())
        copyPath = nil
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
        copyPath = copy
        hasCopy = begun.copy != nil
        state = Mutex(begun)
    }

    /// Takes an entry of which every byte is kept.
    package func appendToCopy(_ entry: TranscriptEntry) {
        let line = Array(entry.line.utf8)
        state.withLock { state in
            guard let copy = state.copy, state.copyFailure == nil else { return }
            state.copyFailure = Self.failure(writing: line, to: copy)
        }
    }

    /// Takes an entry.
    package func append(_ entry: TranscriptEntry) {
        let line = Array(entry.line.utf8)
        state.withLock { state in
            if state.fileFailure != nil { return }
            if let file = state.file {
                state.fileFailure = Self.failure(writing: line, to: file)
            } else if state.waiting.count + line.count <= Self.waitingLimit {
                state.waiting += line
            }
        }
    }

    /// Writes to this file from now on, what has waited first.
    package func attach(_ path: FilePath) {
        state.withLock { state in
            guard state.file == nil else { return }
            defer { state.waiting = [] }
            do {
                let file = try FileDescriptor.open(
                    path, .writeOnly, options: [.create, .append], permissions: [.ownerReadWrite, .groupRead])
                state.file = file
                state.fileFailure = Self.failure(writing: state.waiting, to: file)
            } catch {
                state.fileFailure = error as? Errno ?? .ioError
            }
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

    /// Why the file is incomplete; nil if it is not.
    package var fileFailure: String? { state.withLock { $0.fileFailure?.description } }

    /// Checks that the copy is complete.
    ///
    /// - Throws: ``FlashkeepError`` with `fileUnavailable`.
    package func checkCopy() throws {
        guard let copyPath, let failure = state.withLock({ $0.copyFailure }) else { return }
        throw FlashkeepError(
            .fileUnavailable, what: "The transcript \(PrintableText.escaped(copyPath.string)) is incomplete.",
            why: "Writing to it failed: \(failure.description). Everything else was done.",
            next: "If you need the transcript, run the command again with another file.")
    }

    private static func failure(writing bytes: [UInt8], to file: FileDescriptor) -> Errno? {
        do {
            _ = try file.writeAll(bytes)
            return nil
        } catch {
            return error as? Errno ?? .ioError
        }
    }
}
