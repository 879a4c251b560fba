import BackupBags
import FoundationEssentials
import LocalFiles
import Synchronization
import SystemPackage

/// Thrown in place of an operation, as if the program had been killed.
struct Killed: Error {}

/// Lets the operations before the `cut`th happen, and none after, as if the program had been killed.
final class Killer: DiskWatcher {
    private let cut: Int
    private let counter = Mutex(0)
    let freeSpace: Int? = nil

    init(at cut: Int) {
        self.cut = cut
    }

    /// The number of requested operations.
    var count: Int { counter.withLock { $0 } }

    func before(_ operation: DiskOperation) throws {
        try counter.withLock { count in
            count += 1
            if count > cut { throw Killed() }
        }
    }

    func after(_ operation: DiskOperation) {}
}

/// Makes one operation fail with an errno, and lets all others happen.
final class Spoiler: DiskWatcher {
    private let cut: Int
    private let number: Errno
    private let counter = Mutex(0)
    let freeSpace: Int?

    init(at cut: Int, _ number: Errno, freeSpace: Int? = nil) {
        self.cut = cut
        self.number = number
        self.freeSpace = freeSpace
    }

    func before(_ operation: DiskOperation) throws {
        let isTheOne = counter.withLock { count in
            count += 1
            return count == cut + 1
        }
        if isTheOne { throw number }
    }

    func after(_ operation: DiskOperation) {}
}

/// Tracks what is durable, so that a test can make the disk look as after a power failure.
///
/// A file's bytes are durable as of its last sync, a name as of the last sync of its directory. The rest depends on the
/// file system: see ``Fate``.
final class PowerFailure: DiskWatcher {
    enum Fate: CaseIterable {
        /// Everything that was not made durable is lost.
        case lost
        /// Names survive, but new bytes of unsynced files are zero.
        case namesOnly
        /// Names survive, and each page of unsynced bytes is either old or new.
        case mixed
    }

    private struct Durable {
        var contents: [UInt64: [UInt8]] = [:]
        var entries: [UInt64: [String: UInt64]] = [:]
        /// Inodes that may have been removed meanwhile.
        var folders: Set<UInt64> = []
        var count = 0
    }

    private let cut: Int
    private let state: Mutex<Durable>
    let freeSpace: Int? = nil

    /// - Parameter root: a folder whose current state is durable.
    init(at cut: Int, root: FilePath) throws {
        self.cut = cut
        var durable = Durable()
        try Self.keepEntries(of: root, &durable)
        state = Mutex(durable)
    }

    var count: Int { state.withLock { $0.count } }

    func before(_ operation: DiskOperation) throws {
        try state.withLock { state in
            state.count += 1
            if state.count > cut { throw Killed() }
        }
    }

    func after(_ operation: DiskOperation) {
        try? state.withLock { state in
            switch operation {
            case .open(let path, creating: true):
                // An inode number may be reused.
                state.contents[try Self.inode(path)] = nil
            case .makeDirectory(let path):
                state.entries[try Self.inode(path)] = nil
                state.folders.insert(try Self.inode(path))
            case .sync(let path): state.contents[try Self.inode(path)] = try Self.contents(path)
            case .syncDirectory(let path): try Self.keepEntries(of: path, &state)
            default: break
            }
        }
    }

    /// Makes `copy` the disk's content after the power returns.
    func disk(from root: FilePath, to copy: FilePath, _ fate: Fate) throws {
        var generator = SystemRandomNumberGenerator()
        try state.withLock { state in
            try Self.rebuild(root, Self.inode(root), to: copy, fate, &state, &generator)
        }
    }

    private static func rebuild(
        _ path: FilePath?, _ inode: UInt64, to copy: FilePath, _ fate: Fate, _ state: inout Durable,
        _ generator: inout SystemRandomNumberGenerator
    ) throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: copy.string, withIntermediateDirectories: true)
        var entries: [String: (inode: UInt64, path: FilePath?)] = [:]
        if fate == .lost {
            for (name, inode) in state.entries[inode] ?? [:] { entries[name] = (inode, path?.appending(name)) }
        } else if let path {
            for name in try manager.contentsOfDirectory(atPath: path.string) {
                entries[name] = (try Self.inode(path.appending(name)), path.appending(name))
            }
        }
        for (name, entry) in entries {
            let place = copy.appending(name)
            if state.folders.contains(entry.inode) || state.entries[entry.inode] != nil {
                try rebuild(entry.path, entry.inode, to: place, fate, &state, &generator)
                continue
            }
            let old = state.contents[entry.inode] ?? []
            var bytes = old
            if fate != .lost, let path = entry.path {
                let new = try contents(path)
                if old != new {
                    bytes = Array(old.prefix(new.count)) + [UInt8](repeating: 0, count: max(0, new.count - old.count))
                }
                if fate == .mixed {
                    for start in stride(from: 0, to: bytes.count, by: 4096) where Bool.random(using: &generator) {
                        let page = start..<min(bytes.count, start + 4096)
                        bytes.replaceSubrange(page, with: new[page])
                    }
                }
            }
            try Data(bytes).write(to: URL(fileURLWithPath: place.string))
        }
    }

    private static func keepEntries(of path: FilePath, _ state: inout Durable) throws {
        var entries: [String: UInt64] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path.string) {
            entries[name] = try inode(path.appending(name))
        }
        state.entries[try inode(path)] = entries
    }

    private static func contents(_ path: FilePath) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path.string) else { throw Errno.noSuchFileOrDirectory }
        return Array(data)
    }

    private static func inode(_ path: FilePath) throws -> UInt64 {
        let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
        guard let number = attributes[.systemFileNumber] as? UInt64 else {
            guard let number = attributes[.systemFileNumber] as? UInt else { throw Errno.invalidArgument }
            return UInt64(number)
        }
        return number
    }
}
