private import NIOPosix
private import Synchronization
package import SystemPackage

/// The files of a folder, for a TFTP server.
///
/// Nothing outside the folder can be reached: names lead only down, and a symbolic link counts only if its target is
/// within the folder. No file is overwritten. An upload has a name that begins with a dot until it is complete.
///
/// Files are read on the transfers' own threads; all else happens on SwiftNIO's threads for blocking work. Nothing waits
/// for a disk on the threads of event loops or of Swift's pool.
package struct TFTPFolder: TFTPContent {
    /// The path, with symbolic links resolved.
    private let root: FilePath
    private let isWritable: Bool
    private let nonce: @Sendable () -> String

    /// - Parameters:
    ///   - path: an existing folder.
    ///   - isWritable: whether clients may make files.
    ///   - nonce: makes letters and digits that were not used before.
    /// - Throws: `Errno` if the path is not a readable folder.
    package init(
        _ path: FilePath, isWritable: Bool, nonce: @escaping @Sendable () -> String
    ) throws(Errno) {
        root = try FolderCalls.resolved(path)
        self.isWritable = isWritable
        self.nonce = nonce
        try Self.openRoot(root).closeQuietly()
    }

    package func open(reading name: String, client: String) async throws -> any TFTPSource {
        let parts = try TFTPFileName.parts(of: name)
        return try await Self.onDisk {
            let (folder, last) = try findFile(parts)
            defer { folder.closeQuietly() }
            let file = try FolderCalls.openFile(last, in: folder)
            do {
                let status = try FolderCalls.status(of: file)
                guard status.isFile else { throw TFTPError(.accessViolation, "This is not a regular file.") }
                return FileSource(file: file, size: status.size)
            } catch {
                file.closeQuietly()
                throw error
            }
        }
    }

    package func open(writing name: String, size: Int?, client: String) async throws -> any TFTPSink {
        guard isWritable else { throw TFTPError(.accessViolation, "This server only allows reading.") }
        let parts = try TFTPFileName.parts(of: name)
        return try await Self.onDisk {
            guard let last = parts.last else { throw TFTPError(.accessViolation, "This name is not allowed.") }
            let folder = try openFolder(parts.dropLast())
            do {
                guard try !FolderCalls.exists(last, in: folder) else { throw Errno.fileExists }
                if let size, size > (try FolderCalls.freeSpace(at: folder)) { throw Errno.noSpace }
                let temporary = ".\(last.utf8.count > 150 ? "long" : last).\(nonce()).partial"
                let file = try FolderCalls.makeFile(temporary, in: folder)
                return FileSink(folder: folder, file: file, temporary: temporary, name: last)
            } catch {
                folder.closeQuietly()
                throw error
            }
        }
    }

    /// A file of this computer, wherever it is.
    ///
    /// - Throws: ``TFTPError`` if it cannot be read or is not a plain file.
    static func source(of path: FilePath) async throws -> any TFTPSource {
        try await onDisk {
            let file = try FileDescriptor.open(
                path, .readOnly, options: [.nonBlocking, .closeOnExec])
            do {
                let status = try FolderCalls.status(of: file)
                guard status.isFile else { throw TFTPError(.accessViolation, "This is not a regular file.") }
                return FileSource(file: file, size: status.size)
            } catch {
                file.closeQuietly()
                throw error
            }
        }
    }

    // MARK: Paths

    private static func openRoot(_ root: FilePath) throws(Errno) -> FileDescriptor {
        try FileDescriptor.openFolder(root)
    }

    /// The open folder of a file, and the file's name in it, with all links resolved.
    private func findFile(_ parts: [String]) throws -> (folder: FileDescriptor, name: String) {
        let found = try FolderCalls.resolved(root.appending(parts.map { FilePath.Component($0) }.compactMap { $0 }))
        let inside = try insideParts(found)
        guard let name = inside.last else { throw TFTPError(.accessViolation, "This is a folder.") }
        return (try walk(inside.dropLast()), name)
    }

    private func openFolder(_ parts: ArraySlice<String>) throws -> FileDescriptor {
        let found = try FolderCalls.resolved(root.appending(parts.compactMap { FilePath.Component($0) }))
        return try walk(try insideParts(found)[...])
    }

    /// The components of a path below the root.
    private func insideParts(_ path: FilePath) throws -> [String] {
        guard path.starts(with: root) else { throw TFTPError(.accessViolation, "This leads out of the folder.") }
        let parts = path.components.dropFirst(root.components.count).map(\.string)
        // A link may lead to a file whose name is refused.
        guard parts.allSatisfy({ !$0.hasPrefix(".") }) else {
            throw TFTPError(.accessViolation, "This name is not allowed.")
        }
        return parts
    }

    /// Opens folder after folder, so that nobody can insert a link into the path after it was checked.
    private func walk(_ parts: ArraySlice<String>) throws(Errno) -> FileDescriptor {
        var folder = try Self.openRoot(root)
        for part in parts {
            let parent = folder
            defer { parent.closeQuietly() }
            folder = try FolderCalls.openDirectory(part, in: folder)
        }
        return folder
    }

    // MARK: Disk

    /// Runs blocking disk work. It is not abandoned when the task is cancelled, because the caller must close whatever
    /// it opened.
    fileprivate static func onDisk<Result: Sendable>(
        _ work: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            NIOThreadPool.singleton.submit { state in
                guard state == .active else {
                    continuation.resume(throwing: CancellationError())
                    return
                }
                continuation.resume(with: Swift.Result { try told(work) })
            }
        }
    }

    /// Does disk work; an errno becomes the error for the client.
    fileprivate static func told<Result>(_ work: () throws -> Result) throws -> Result {
        do { return try work() } catch let error as Errno { throw words(error) }
    }

    /// The error for the client that corresponds to an errno.
    private static func words(_ error: Errno) -> TFTPError {
        switch error {
        case .noSuchFileOrDirectory, .notDirectory: TFTPError(.fileNotFound, "There is no such file.")
        case .fileExists: TFTPError(.fileExists, "The file exists, and files are not overwritten.")
        case .noSpace, .diskQuotaExceeded, .fileTooLarge: TFTPError(.diskFull, "There is not enough space for it.")
        case .permissionDenied, .notPermitted, .readOnlyFileSystem, .tooManySymbolicLinkLevels, .isDirectory,
            .fileNameTooLong:
            TFTPError(.accessViolation, "\(error)")
        default: TFTPError(.undefined, "\(error)")
        }
    }
}

extension FileDescriptor {
    fileprivate static func openFolder(_ path: FilePath) throws(Errno) -> FileDescriptor {
        do {
            return try open(path, .readOnly, options: [.directory, .closeOnExec])
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    /// Ignores errors: bytes already read, and files about to be removed, do not depend on them.
    fileprivate func closeQuietly() { try? close() }
}

/// A file that is read from start to end.
private final class FileSource: TFTPSource {
    let size: Int?
    private let file: FileDescriptor
    /// The number of bytes read.
    private let place = Mutex(0)

    init(file: FileDescriptor, size: Int) {
        self.file = file
        self.size = size
    }

    func read(_ count: Int) async throws -> [UInt8] {
        try await TFTPFolder.onDisk { try self.readAtOnce(count) ?? [] }
    }

    func readAtOnce(_ count: Int) throws -> [UInt8]? {
        try TFTPFolder.told {
            try place.withLock { place in
                let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: max(1, count)) { buffer, filled in
                    while filled < buffer.count {
                        let rest = unsafe UnsafeMutableRawBufferPointer(
                            rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                        let got = try unsafe file.read(fromAbsoluteOffset: Int64(place + filled), into: rest)
                        if got == 0 { break }
                        filled += got
                    }
                }
                place += bytes.count
                return bytes
            }
        }
    }

    func close() async {
        let file = file
        _ = try? await TFTPFolder.onDisk { file.closeQuietly() }
    }
}

/// A new file.
private actor FileSink: TFTPSink {
    private let folder: FileDescriptor
    private let file: FileDescriptor
    private let temporary: String
    private let name: String
    private var isClosed = false

    init(folder: FileDescriptor, file: FileDescriptor, temporary: String, name: String) {
        self.folder = folder
        self.file = file
        self.temporary = temporary
        self.name = name
    }

    func write(_ bytes: [UInt8]) async throws {
        let file = file
        try await TFTPFolder.onDisk { _ = try file.writeAll(bytes) }
    }

    func commit() async throws {
        let (folder, file, temporary, name) = (folder, file, temporary, name)
        try await TFTPFolder.onDisk {
            try FolderCalls.sync(file)
            try FolderCalls.rename(temporary, to: name, in: folder)
            // The file exists even if the file system cannot sync folders.
            try? FolderCalls.sync(folder)
        }
        await close(isWhole: true)
    }

    func discard() async {
        await close(isWhole: false)
    }

    private func close(isWhole: Bool) async {
        guard !isClosed else { return }
        isClosed = true
        let (folder, file, temporary) = (folder, file, temporary)
        _ = try? await TFTPFolder.onDisk {
            file.closeQuietly()
            if !isWhole { try? FolderCalls.remove(temporary, in: folder) }
            folder.closeQuietly()
        }
    }
}
