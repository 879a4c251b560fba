import FlashModel
import LocalFiles
import SystemPackage

/// A password from a file or the environment. It is never an argument, because all users of a computer can see those.
enum GivenPassword {
    static let variable = "FLASHKEEP_PASSWORD"

    /// Returns the password; the file takes precedence over the environment.
    ///
    /// - Throws: ``FlashkeepError`` with `fileUnavailable`.
    static func find(file: String?, warn: (String) -> Void) throws -> String? {
        let fromVariable = ProcessVariables.value(variable)
        // No child process needs it.
        ProcessVariables.remove(variable)
        guard let file else { return fromVariable }
        return try read(file, warn: warn)
    }

    private static func read(_ file: String, warn: (String) -> Void) throws -> String {
        let shown = PrintableText.again(file)
        var bytes = [UInt8](repeating: 0, count: 4_096)
        var count = 0
        do {
            let descriptor = try FileDescriptor.open(FilePath(file), .readOnly)
            try descriptor.closeAfter {
                if let mode = FileMode.permissions(of: descriptor), mode & 0o077 != 0 {
                    warn(
                        "others can read the password file \(shown): make it private with chmod 600 "
                            + ShellWord.pastable(shown)
                    )
                }
                while count < bytes.count {
                    let got = try unsafe bytes.withUnsafeMutableBytes { buffer in
                        try unsafe descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                    }
                    if got == 0 { break }
                    count += got
                }
            }
        } catch let error as Errno {
            throw FlashkeepError(
                .fileUnavailable, what: "The password file \(shown) cannot be read.", why: error.description,
                next: "Check the name and the permissions.")
        }
        return firstLine(bytes.prefix(count))
    }

    /// The first line, without its line end. Pure.
    static func firstLine(_ bytes: some Collection<UInt8>) -> String {
        var line = Array(bytes.prefix { $0 != 0x0A })
        if line.last == 0x0D { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}
