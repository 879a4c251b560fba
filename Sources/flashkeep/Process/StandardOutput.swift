import Synchronization
import SystemPackage

/// The output for results. Everything else goes to standard error.
enum StandardOutput {
    private static let failed = Atomic<Bool>(false)

    /// Whether a write failed although the reader was still there: because of a full disk, for example.
    static var hasFailed: Bool { failed.load(ordering: .relaxed) }

    static func write(_ text: String) {
        write(Array(text.utf8))
    }

    static func write(_ bytes: [UInt8]) {
        do {
            _ = try FileDescriptor.standardOutput.writeAll(bytes)
        } catch Errno.brokenPipe {
            // The reader has closed the pipe.
        } catch {
            failed.store(true, ordering: .relaxed)
        }
    }
}
