package import SystemPackage

/// One thing that is asked of the file system.
///
/// Tests see each of them before and after it happens, and so can cut a backup off at every one.
package enum DiskOperation: Sendable, Hashable {
    case makeDirectory(FilePath)
    /// Opening a file; `creating` where it may come into being by that.
    case open(FilePath, creating: Bool)
    case lock(FilePath)
    /// Bytes put at an offset.
    case write(FilePath, offset: Int, count: Int)
    case read(FilePath, offset: Int, count: Int)
    case truncate(FilePath, size: Int)
    /// A file's bytes made durable.
    case sync(FilePath)
    /// A directory's entries made durable.
    case syncDirectory(FilePath)
    case rename(FilePath, to: FilePath)
    case remove(FilePath)
    case removeDirectory(FilePath)
}

/// Somebody who sees every file operation, and may make it fail. Only tests have one.
package protocol DiskWatcher: Sendable {
    /// Called before the operation; what it throws takes the place of the operation. An `Errno` is treated just as
    /// if the system had answered with it.
    func before(_ operation: DiskOperation) throws

    /// Called when the operation has succeeded.
    func after(_ operation: DiskOperation)

    /// Free bytes on the file system, in place of the true number; nil leaves it.
    var freeSpace: Int? { get }
}
