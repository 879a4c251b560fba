package import SystemPackage

/// A file system operation.
///
/// Tests observe each operation before and after it happens, and so can interrupt a backup at every one.
package enum DiskOperation: Sendable, Hashable {
    case makeDirectory(FilePath)
    /// Opening a file; `creating` if that may create it.
    case open(FilePath, creating: Bool)
    case lock(FilePath)
    /// Writing bytes at an offset.
    case write(FilePath, offset: Int, count: Int)
    case read(FilePath, offset: Int, count: Int)
    case truncate(FilePath, size: Int)
    /// Making a file's bytes durable.
    case sync(FilePath)
    /// Making a directory's entries durable.
    case syncDirectory(FilePath)
    case rename(FilePath, to: FilePath)
    case remove(FilePath)
    case removeDirectory(FilePath)
}

/// Observes every file operation, and may make it fail. Used only in tests.
package protocol DiskWatcher: Sendable {
    /// Called before the operation; if it throws, the operation is not performed. An `Errno` is treated as if the
    /// system had returned it.
    func before(_ operation: DiskOperation) throws

    /// Called after the operation succeeded.
    func after(_ operation: DiskOperation)

    /// Replaces the number of free bytes on the file system; nil keeps the true one.
    var freeSpace: Int? { get }
}
