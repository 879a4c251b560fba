package import SystemPackage

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#elseif canImport(Darwin)
    private import Darwin
#endif

/// System calls that swift-system lacks; each throws its errno as `Errno`.
///
/// All of them are POSIX.1-2008 except `flock`, which Linux and the BSDs share.
package enum SystemCalls {
    /// The type of a directory entry.
    package enum Kind: Sendable {
        case file
        case directory
        case symbolicLink
        /// A pipe, socket or device.
        case other
    }

    /// The status of a file or directory.
    package struct Status: Sendable {
        package var kind: Kind
        /// The size in bytes.
        package var size: Int
        /// Device and inode number: equal for two names of one file.
        package var identity: [UInt64]
    }

    private static func check(_ result: Int32) throws(Errno) {
        if result != 0 { throw Errno(rawValue: errno) }
    }

    private static func status(_ raw: stat) -> Status {
        let kind: Kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        return Status(
            kind: kind, size: Int(raw.st_size),
            identity: [UInt64(truncatingIfNeeded: raw.st_dev), UInt64(truncatingIfNeeded: raw.st_ino)])
    }

    /// The status of an open file.
    package static func status(of descriptor: FileDescriptor) throws(Errno) -> Status {
        var raw = stat()
        try check(unsafe fstat(descriptor.rawValue, &raw))
        return status(raw)
    }

    /// The status of a path; a symbolic link at its end is not followed.
    package static func status(of path: FilePath) throws(Errno) -> Status {
        var raw = stat()
        try unsafe check(path.withPlatformString { unsafe lstat($0, &raw) })
        return status(raw)
    }

    /// The status of a name in an open directory; a symbolic link is not followed.
    package static func status(of name: String, in directory: FileDescriptor) throws(Errno) -> Status {
        var raw = stat()
        try check(unsafe fstatat(directory.rawValue, name, &raw, AT_SYMLINK_NOFOLLOW))
        return status(raw)
    }

    /// Opens a subdirectory of an open directory, never through a symbolic link.
    package static func openDirectory(_ name: String, in directory: FileDescriptor) throws(Errno) -> FileDescriptor {
        try open(name, in: directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }

    /// Opens a file in an open directory for reading, never through a symbolic link, and without blocking if it is a
    /// pipe.
    package static func openFile(_ name: String, in directory: FileDescriptor) throws(Errno) -> FileDescriptor {
        try open(name, in: directory, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    }

    private static func open(
        _ name: String, in directory: FileDescriptor, _ flags: Int32
    ) throws(Errno) -> FileDescriptor {
        while true {
            let raw = unsafe openat(directory.rawValue, name, flags)
            if raw >= 0 { return FileDescriptor(rawValue: raw) }
            if errno != EINTR { throw Errno(rawValue: errno) }
        }
    }

    /// The names in an open directory, without `.` and `..`, unordered. A name that is not UTF-8 is nil.
    ///
    /// - Throws: `Errno`; ``Errno/outOfRange`` (too many) if there are more than `limit` names.
    package static func names(in directory: FileDescriptor, limit: Int) throws(Errno) -> [String?] {
        // A separate descriptor, because closedir closes the one passed to fdopendir.
        let own = try openDirectory(".", in: directory)
        guard let stream = unsafe fdopendir(own.rawValue) else {
            let number = errno
            try? own.close()
            throw Errno(rawValue: number)
        }
        defer { unsafe closedir(stream) }
        var names: [String?] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw Errno(rawValue: errno) }
                return names
            }
            let name: String? = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(validatingCString: $0) }
            }
            if name == "." || name == ".." { continue }
            if names.count >= limit { throw .outOfRange }
            names.append(name)
        }
    }

    package static func makeDirectory(_ path: FilePath, isPrivate: Bool) throws(Errno) {
        try unsafe check(path.withPlatformString { unsafe mkdir($0, isPrivate ? 0o700 : 0o777) })
    }

    /// Takes the exclusive lock on a file, without waiting. It is released when the program ends.
    ///
    /// - Throws: `Errno.wouldBlock` if another program holds it.
    package static func lock(_ descriptor: FileDescriptor) throws(Errno) {
        try check(flock(descriptor.rawValue, LOCK_EX | LOCK_NB))
    }

    /// Releases the lock for all holders of the same open file; has no effect without a lock.
    package static func unlock(_ descriptor: FileDescriptor) {
        _ = flock(descriptor.rawValue, LOCK_UN)
    }

    /// Makes a file's bytes durable, with the metadata needed to read them.
    package static func syncData(_ descriptor: FileDescriptor) throws(Errno) {
        #if canImport(Darwin)
            try check(fsync(descriptor.rawValue))
        #else
            try check(fdatasync(descriptor.rawValue))
        #endif
    }

    /// Makes a file or directory durable, with all metadata.
    package static func sync(_ descriptor: FileDescriptor) throws(Errno) {
        try check(fsync(descriptor.rawValue))
    }

    package static func rename(_ path: FilePath, to other: FilePath) throws(Errno) {
        try unsafe check(
            path.withPlatformString { from in unsafe other.withPlatformString { unsafe renamePath(from, $0) } })
    }

    package static func remove(_ path: FilePath) throws(Errno) {
        try unsafe check(path.withPlatformString { unsafe unlink($0) })
    }

    /// Removes an empty directory.
    package static func removeDirectory(_ path: FilePath) throws(Errno) {
        try unsafe check(path.withPlatformString { unsafe rmdir($0) })
    }

    /// The space in bytes that an unprivileged user can still write to the file system of a path.
    package static func freeSpace(at path: FilePath) throws(Errno) -> Int {
        var raw = statvfs()
        try unsafe check(path.withPlatformString { unsafe statvfs($0, &raw) })
        let (bytes, overflow) = UInt64(raw.f_bavail).multipliedReportingOverflow(by: UInt64(raw.f_frsize))
        return overflow ? Int.max : Int(clamping: bytes)
    }

    /// Makes a new file share a range of another file's bytes, as Btrfs, XFS and others allow.
    ///
    /// - Returns: false if that is impossible; nothing has changed then.
    package static func share(_ source: FileDescriptor, _ range: Range<Int>, with file: FileDescriptor) -> Bool {
        #if os(Linux)
            // `struct file_clone_range` and FICLONERANGE, `_IOW(0x94, 13, …)`, from linux/fs.h.
            var request: (Int64, UInt64, UInt64, UInt64) = (
                Int64(source.rawValue), UInt64(range.lowerBound), UInt64(range.count), 0
            )
            return unsafe ioctl(file.rawValue, 0x4020_940D, &request) == 0
        #else
            return false
        #endif
    }

    private static func renamePath(_ from: UnsafePointer<CChar>, _ to: UnsafePointer<CChar>) -> Int32 {
        #if canImport(Glibc)
            unsafe Glibc.rename(from, to)
        #elseif canImport(Musl)
            unsafe Musl.rename(from, to)
        #elseif canImport(Darwin)
            unsafe Darwin.rename(from, to)
        #endif
    }
}
