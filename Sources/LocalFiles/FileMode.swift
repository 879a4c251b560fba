import Glibc
package import SystemPackage

/// The types and permissions of files.
package enum FileMode {
    /// Whether a path leads to a folder, also through symbolic links.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    /// The permission bits of an open file; nil if the system does not report them.
    package static func permissions(of file: FileDescriptor) -> UInt32? {
        var status = stat()
        guard unsafe fstat(file.rawValue, &status) == 0 else { return nil }
        return UInt32(status.st_mode) & 0o7777
    }
}
