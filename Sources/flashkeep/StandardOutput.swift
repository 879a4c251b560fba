import Synchronization
import SystemPackage

/// Where results go. Everything else goes to standard error.
enum StandardOutput {
    private static let failed = Atomic<Bool>(false)

    /// Whether something could not be written though somebody was reading: a full disk, for example.
    static var hasFailed: Bool { failed.load(ordering: .relaxed) }

    static func write(_ text: String) {
        write(Array(text.utf8))
    }

    static func write(_ bytes: [UInt8]) {
        do {
            _ = try FileDescriptor.standardOutput.writeAll(bytes)
        } catch Errno.brokenPipe {
            // The reader has had enough.
        } catch {
            failed.store(true, ordering: .relaxed)
        }
    }
}
