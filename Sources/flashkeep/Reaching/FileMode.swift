import Glibc
import SystemPackage

/// Permissions of files.
enum FileMode {
    /// The permission bits of an open file; nil where the system does not tell.
    static func permissions(of file: FileDescriptor) -> UInt32? {
        var status = stat()
        guard unsafe fstat(file.rawValue, &status) == 0 else { return nil }
        return UInt32(status.st_mode) & 0o7777
    }
}
