import FlashModel
package import SystemPackage

/// The file system operations that backups need. Every error is a ``FlashkeepError`` that names the path.
package struct Disk: Sendable {
    /// The size in bytes of reads and writes: large enough for full speed, small enough to keep memory use constant.
    package static let bufferSize = 1 << 20

    private let watcher: (any DiskWatcher)?

    /// The file system of this computer; in tests, observed by `watcher`.
    package init(watcher: (any DiskWatcher)? = nil) {
        self.watcher = watcher
    }

    /// Performs one operation, and turns a system error into a ``FlashkeepError``.
    package func perform<Result>(
        _ act: String, _ path: FilePath, _ operation: DiskOperation?, _ body: () throws -> Result
    ) throws -> Result {
        do {
            if let operation { try watcher?.before(operation) }
            let result = try body()
            if let operation { watcher?.after(operation) }
            return result
        } catch let number as Errno {
            throw DiskErrors.error(number, act, path)
        }
    }

    /// The status of a path, without following symbolic links; nil if it does not exist.
    package func status(of path: FilePath) throws -> SystemCalls.Status? {
        do {
            return try SystemCalls.status(of: path)
        } catch .noSuchFileOrDirectory {
            return nil
        } catch {
            throw DiskErrors.error(error, "look at", path)
        }
    }

    /// Makes a directory unless it exists.
    package func makeDirectory(_ path: FilePath, isPrivate: Bool = false) throws {
        if try status(of: path)?.kind == .directory { return }
        try perform("make the folder", path, .makeDirectory(path)) {
            try SystemCalls.makeDirectory(path, isPrivate: isPrivate)
        }
    }

    /// Makes a directory that must not exist.
    ///
    /// - Throws: `Errno.fileExists` unchanged, so that the caller can explain it.
    package func makeNewDirectory(_ path: FilePath) throws {
        do {
            try watcher?.before(.makeDirectory(path))
            try SystemCalls.makeDirectory(path, isPrivate: false)
            watcher?.after(.makeDirectory(path))
        } catch let number as Errno where number != .fileExists {
            throw DiskErrors.error(number, "make the folder", path)
        }
    }

    /// Opens a file for reading and writing, and creates it if necessary. Never through a symbolic link.
    package func openToWrite(_ path: FilePath) throws -> OpenFile {
        let isNew = try status(of: path) == nil
        let descriptor = try perform("open", path, .open(path, creating: isNew)) {
            try FileDescriptor.open(
                path, .readWrite, options: [.create, .noFollow, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o666))
        }
        return OpenFile(path: path, descriptor: descriptor, disk: self)
    }

    /// Creates a file that must not exist.
    package func createNew(_ path: FilePath) throws -> OpenFile {
        let descriptor = try perform("make", path, .open(path, creating: true)) {
            try FileDescriptor.open(
                path, .readWrite, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o666))
        }
        return OpenFile(path: path, descriptor: descriptor, disk: self)
    }

    /// Opens a file for reading. Never through a symbolic link.
    package func openToRead(_ path: FilePath) throws -> OpenFile {
        let descriptor = try perform("open", path, .open(path, creating: false)) {
            try FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec, .nonBlocking])
        }
        return OpenFile(path: path, descriptor: descriptor, disk: self)
    }

    /// Opens a file or directory named by the user for reading. A symbolic link is followed: the user put it there.
    ///
    /// - Throws: `fileUnavailable`.
    package func openNamed(_ path: FilePath) throws -> (file: OpenFile, isDirectory: Bool) {
        let descriptor = try perform("open", path, .open(path, creating: false)) {
            try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        }
        let file = OpenFile(path: path, descriptor: descriptor, disk: self)
        let kind = try perform("look at", path, nil) { try SystemCalls.status(of: descriptor) }.kind
        return (file, kind == .directory)
    }

    /// Wraps a descriptor opened elsewhere.
    package func file(_ descriptor: FileDescriptor, at path: FilePath) -> OpenFile {
        OpenFile(path: path, descriptor: descriptor, disk: self)
    }

    /// Locks a file.
    ///
    /// - Returns: false if another program holds the lock. On a file system without locks, nobody holds it.
    package func lock(_ file: OpenFile) throws -> Bool {
        try perform("lock", file.path, .lock(file.path)) {
            do {
                try SystemCalls.lock(file.descriptor)
                return true
            } catch .wouldBlock {
                return false
            } catch .noLocks, .notSupported {
                return true
            }
        }
    }

    /// Whether a path still leads to this open file.
    package func isStillThere(_ file: OpenFile) throws -> Bool {
        let open = try perform("look at", file.path, nil) { try SystemCalls.status(of: file.descriptor) }
        return try status(of: file.path)?.identity == open.identity
    }

    /// Writes a small file, replacing an existing one, and makes its bytes durable.
    package func write(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try openToWrite(path)
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
        try file.sync()
    }

    /// Reads a whole file.
    ///
    /// - Throws: `bagDamaged` if it has more than `limit` bytes.
    package func read(_ path: FilePath, limit: Int) throws -> [UInt8] {
        try openToRead(path).readAll(limit: limit)
    }

    /// Makes the entries of a directory durable: names of new files, and removals.
    package func syncDirectory(_ path: FilePath) throws {
        try perform("save", path, .syncDirectory(path)) {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
            try descriptor.closeAfter {
                do {
                    try SystemCalls.sync(descriptor)
                } catch Errno.invalidArgument, Errno.notSupported {
                    // Some network file systems do not support this, and write directory entries through anyway.
                }
            }
        }
    }

    /// Renames a file or directory, replacing a file of that name.
    package func rename(_ path: FilePath, to other: FilePath) throws {
        try perform("rename", path, .rename(path, to: other)) { try SystemCalls.rename(path, to: other) }
    }

    /// Removes a file if it exists.
    package func remove(_ path: FilePath) throws {
        if try status(of: path) == nil { return }
        try perform("remove", path, .remove(path)) { try SystemCalls.remove(path) }
    }

    /// Removes an empty directory.
    package func removeDirectory(_ path: FilePath) throws {
        try perform("remove", path, .removeDirectory(path)) { try SystemCalls.removeDirectory(path) }
    }

    /// The names in a directory, ascending; names that are not UTF-8 are omitted.
    ///
    /// - Throws: `fileUnavailable` if there are more than `limit`.
    package func names(in path: FilePath, limit: Int = 10_000) throws -> [String] {
        try perform("look into", path, nil) {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.directory, .noFollow, .closeOnExec])
            return try descriptor.closeAfter {
                try SystemCalls.names(in: descriptor, limit: limit).compactMap { $0 }.sorted()
            }
        }
    }

    /// The free bytes on the file system of a path.
    package func freeSpace(at path: FilePath) throws -> Int {
        if let free = watcher?.freeSpace { return free }
        return try perform("look at", path, nil) { try SystemCalls.freeSpace(at: path) }
    }
}

extension OpenFile {
    /// Reads the whole file.
    ///
    /// - Throws: `bagDamaged` if it has more than `limit` bytes.
    package func readAll(limit: Int) throws -> [UInt8] {
        let size = try size()
        guard size <= limit else {
            throw FlashkeepError(
                .bagDamaged, what: "\(DiskErrors.shown(path)) is too large",
                why: "its size is \(ByteCount.text(size)), and the maximum for such a file is \(ByteCount.text(limit))",
                next: "check that this is the folder of a backup made by flashkeep")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        let got = try read(into: &bytes, count: size, at: 0)
        bytes.removeSubrange(got...)
        return bytes
    }
}
