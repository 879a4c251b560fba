import SystemPackage

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#elseif canImport(Darwin)
    private import Darwin
#endif

/// System calls that ``TFTPFolder`` needs and swift-system lacks; each throws its errno.
enum FolderCalls {
    /// The status of an open file.
    struct Status: Sendable {
        var isFile: Bool
        /// The size in bytes.
        var size: Int
    }

    private static func check(_ result: CInt) throws(Errno) {
        if result != 0 { throw Errno(rawValue: errno) }
    }

    static func status(of descriptor: FileDescriptor) throws(Errno) -> Status {
        var raw = stat()
        try check(unsafe fstat(descriptor.rawValue, &raw))
        return Status(isFile: raw.st_mode & S_IFMT == S_IFREG, size: Int(raw.st_size))
    }

    /// Whether a directory contains an entry of this name, of any type.
    static func exists(_ name: String, in directory: FileDescriptor) throws(Errno) -> Bool {
        var raw = stat()
        do {
            try check(unsafe fstatat(directory.rawValue, name, &raw, AT_SYMLINK_NOFOLLOW))
            return true
        } catch Errno.noSuchFileOrDirectory {
            return false
        }
    }

    /// Opens a subdirectory of an open directory, never through a symbolic link.
    static func openDirectory(_ name: String, in directory: FileDescriptor) throws(Errno) -> FileDescriptor {
        try opened(unsafe openat(directory.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
    }

    /// Opens a file for reading, never through a symbolic link, and without blocking if it is a pipe.
    static func openFile(_ name: String, in directory: FileDescriptor) throws(Errno) -> FileDescriptor {
        try opened(unsafe openat(directory.rawValue, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC))
    }

    /// Creates a new file.
    static func makeFile(_ name: String, in directory: FileDescriptor) throws(Errno) -> FileDescriptor {
        try opened(
            unsafe openat(directory.rawValue, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666))
    }

    private static func opened(_ raw: CInt) throws(Errno) -> FileDescriptor {
        if raw < 0 { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: raw)
    }

    /// Resolves all symbolic links.
    static func resolved(_ path: FilePath) throws(Errno) -> FilePath {
        guard let raw = unsafe path.withPlatformString({ unsafe realpath($0, nil) }) else {
            throw Errno(rawValue: errno)
        }
        defer { unsafe free(raw) }
        return unsafe FilePath(platformString: raw)
    }

    /// Renames a file; throws `fileExists` if the new name is in use.
    static func rename(_ name: String, to other: String, in directory: FileDescriptor) throws(Errno) {
        do {
            try check(unsafe linkat(directory.rawValue, name, directory.rawValue, other, 0))
        } catch Errno.notPermitted, Errno.notSupported {
            // For file systems without links, such as FAT: another program may still take the name in between.
            if try exists(other, in: directory) { throw .fileExists }
            try check(unsafe renameat(directory.rawValue, name, directory.rawValue, other))
            return
        }
        try remove(name, in: directory)
    }

    static func remove(_ name: String, in directory: FileDescriptor) throws(Errno) {
        try check(unsafe unlinkat(directory.rawValue, name, 0))
    }

    /// Makes a file or directory durable.
    static func sync(_ descriptor: FileDescriptor) throws(Errno) {
        try check(fsync(descriptor.rawValue))
    }

    /// The space in bytes that an unprivileged user can still write to the file system of an open file or directory.
    static func freeSpace(at descriptor: FileDescriptor) throws(Errno) -> Int {
        var raw = statvfs()
        try check(unsafe fstatvfs(descriptor.rawValue, &raw))
        let (bytes, overflow) = UInt64(raw.f_bavail).multipliedReportingOverflow(by: UInt64(raw.f_frsize))
        return overflow ? Int.max : Int(clamping: bytes)
    }
}
