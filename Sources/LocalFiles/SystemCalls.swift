package import SystemPackage

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#elseif canImport(Darwin)
    private import Darwin
#endif

/// The calls of the operating system that swift-system lacks, each with its errno thrown as `Errno`.
///
/// All of them are POSIX.1-2008 but `flock`, which Linux and the BSDs share.
package enum SystemCalls {
    /// What a name in a directory stands for.
    package enum Kind: Sendable {
        case file
        case directory
        case symbolicLink
        /// A pipe, socket or device.
        case other
    }

    /// What is known of a file or directory.
    package struct Status: Sendable {
        package var kind: Kind
        /// Bytes.
        package var size: Int
        /// Device and number of the inode: the same for two names of one file.
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

    /// What an open file is.
    package static func status(of descriptor: FileDescriptor) throws(Errno) -> Status {
        var raw = stat()
        try check(unsafe fstat(descriptor.rawValue, &raw))
        return status(raw)
    }

    /// What a path stands for; a symbolic link at its end is not followed.
    package static func status(of path: FilePath) throws(Errno) -> Status {
        var raw = stat()
        try unsafe check(path.withPlatformString { unsafe lstat($0, &raw) })
        return status(raw)
    }

    /// What a name in an open directory stands for; a symbolic link is not followed.
    package static func status(of name: String, in directory: FileDescriptor) throws(Errno) -> Status {
        var raw = stat()
        try check(unsafe fstatat(directory.rawValue, name, &raw, AT_SYMLINK_NOFOLLOW))
        return status(raw)
    }

    /// Opens a directory within an open one; never through a symbolic link.
    package static func openDirectory(_ name: String, in directory: FileDescriptor) throws(Errno) -> FileDescriptor {
        try open(name, in: directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }

    /// Opens a file within an open directory for reading; never through a symbolic link, and without waiting should it
    /// be a pipe.
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

    /// The names in an open directory, without `.` and `..`, in no order. A name that is not UTF-8 is nil.
    ///
    /// - Throws: `Errno`; ``Errno/outOfRange`` (too many) where there are more than `limit` names.
    package static func names(in directory: FileDescriptor, limit: Int) throws(Errno) -> [String?] {
        // A descriptor of its own, because closedir closes what fdopendir was given.
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

    /// Takes the one lock on a file that a program can hold, without waiting. It ends with the program.
    ///
    /// - Throws: `Errno.wouldBlock` where another has it.
    package static func lock(_ descriptor: FileDescriptor) throws(Errno) {
        try check(flock(descriptor.rawValue, LOCK_EX | LOCK_NB))
    }

    /// Gives the lock back, for all who have the same open file; nothing where there is none.
    package static func unlock(_ descriptor: FileDescriptor) {
        _ = flock(descriptor.rawValue, LOCK_UN)
    }

    /// Makes a file's bytes durable, and as much of what describes it as is needed to find them again.
    package static func syncData(_ descriptor: FileDescriptor) throws(Errno) {
        #if canImport(Darwin)
            try check(fsync(descriptor.rawValue))
        #else
            try check(fdatasync(descriptor.rawValue))
        #endif
    }

    /// Makes all of a file or directory durable.
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

    /// Removes a directory that is empty.
    package static func removeDirectory(_ path: FilePath) throws(Errno) {
        try unsafe check(path.withPlatformString { unsafe rmdir($0) })
    }

    /// Bytes that a user without privileges can still write to the file system that holds a path.
    package static func freeSpace(at path: FilePath) throws(Errno) -> Int {
        var raw = statvfs()
        try unsafe check(path.withPlatformString { unsafe statvfs($0, &raw) })
        let (bytes, overflow) = UInt64(raw.f_bavail).multipliedReportingOverflow(by: UInt64(raw.f_frsize))
        return overflow ? Int.max : Int(clamping: bytes)
    }

    /// Makes a file share the bytes of a range of another, from its own start on, as Btrfs, XFS and others can.
    ///
    /// - Returns: false where it cannot be; nothing has changed then.
    package static func share(_ source: FileDescriptor, _ range: Range<Int>, with file: FileDescriptor) -> Bool {
        #if os(Linux)
            // `struct file_clone_range` and FICLONERANGE, `_IOW(0x94, 13, …)`, of linux/fs.h.
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
