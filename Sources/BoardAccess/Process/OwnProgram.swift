import FlashModel
import Glibc

/// The executable file of this program.
package enum OwnProgram {
    /// Its path; nil if the system does not report it.
    package static var path: String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let capacity = buffer.count
        let count = unsafe buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let start = bytes.baseAddress else { return -1 }
            return unsafe readlink("/proc/self/exe", start.assumingMemoryBound(to: CChar.self), capacity)
        }
        guard count > 0, count < capacity else { return nil }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// Its path, quoted for a shell, for commands that a user can paste.
    package static var quoted: String { path.map { ShellWord.pastable($0) } ?? "flashkeep" }
}
