import FlashModel
import LocalFiles
import SystemPackage

/// The folder in which a backup is made, beside its target.
struct WorkFolder: Sendable {
    let target: FilePath
    let path: FilePath
    private let disk: Disk

    var bag: FilePath { path.appending("bag") }
    var journal: FilePath { path.appending("journal.jsonl") }
    private var identity: FilePath { path.appending("identity.json") }
    private var lockPath: FilePath { path.appending(Self.lockName) }

    /// A temporary file that is being written.
    static let scratchName = "scratch.tmp"
    private static let lockName = "flashkeep.lock"
    /// The space in bytes for everything except images: evidence, texts, the journal.
    let overhead = 4 << 20

    /// - Throws: `usage` if the target is not a valid backup name.
    init(target: FilePath, disk: Disk) throws {
        guard let name = target.lastComponent, name.kind == .regular else {
            throw FlashkeepError(
                .usage, what: "\(DiskErrors.shown(target)) cannot be the name of a backup",
                why: "it does not end with a name", next: "give the path of the folder to make")
        }
        guard !name.string.hasSuffix(BagLayout.partialSuffix) else {
            throw FlashkeepError(
                .usage, what: "\(DiskErrors.shown(target)) cannot be the name of a backup",
                why: "names that end with \(BagLayout.partialSuffix) are for unfinished backups",
                next: "choose another name; to resume a backup, give its final name")
        }
        let partial = target.removingLastComponent().appending(name.string + BagLayout.partialSuffix)
        self.init(target: target, partial: partial, disk: disk)
    }

    init(target: FilePath, partial: FilePath, disk: Disk) {
        self.target = target
        self.path = partial
        self.disk = disk
    }

    private var parent: FilePath {
        let parent = target.removingLastComponent()
        return parent.isEmpty ? "." : parent
    }

    /// - Throws: `targetExists`.
    func refuseExistingTarget() throws {
        try refuseInsideOfBag()
        guard let status = try disk.status(of: target) else { return }
        if status.kind == .directory, try disk.status(of: path) != nil {
            if try disk.status(of: bag) != nil, try disk.names(in: target).isEmpty {
                // `giveName` was interrupted between its two steps.
                try disk.removeDirectory(target)
                return
            }
            // Finished, but interrupted before cleaning up.
            if try disk.status(of: bag) == nil { try? removeLeftOvers() }
        }
        throw targetExists()
    }

    /// A finished backup's manifests list everything in it: an extra file would be damage.
    private func refuseInsideOfBag() throws {
        var folder = target.lexicallyNormalized().removingLastComponent()
        while !folder.isEmpty, folder.lastComponent != nil {
            if try disk.status(of: folder.appending(BagLayout.bagit)) != nil {
                throw FlashkeepError(
                    .targetExists, what: "\(DiskErrors.shown(target)) is inside a backup",
                    why: "\(DiskErrors.shown(folder)) is a backup, and an extra file would damage it",
                    next: "choose a place outside of it")
            }
            folder = folder.removingLastComponent()
        }
    }

    private func targetExists() -> FlashkeepError {
        FlashkeepError(
            .targetExists, what: "\(DiskErrors.shown(target)) already exists",
            why: "a backup never overwrites anything", next: "choose another name, or move it out of the way")
    }

    /// Makes the folder and takes its lock.
    ///
    /// - Throws: `otherBackupInProgress` if another program is working here.
    func takeLock() throws -> OpenFile {
        try refuseForeignFolder()
        for _ in 0..<10 {
            try disk.makeDirectory(path)
            let file = try disk.openToWrite(lockPath)
            guard try disk.lock(file) else {
                throw FlashkeepError(
                    .otherBackupInProgress, what: "cannot make the backup \(DiskErrors.shown(target))",
                    why: "another flashkeep is making it right now",
                    next: "wait until it has finished, or choose another name")
            }
            // The previous holder may have removed the file on finishing; then this lock protects nothing.
            if try disk.isStillThere(file) { return file }
        }
        throw FlashkeepError(
            .otherBackupInProgress, what: "cannot make the backup \(DiskErrors.shown(target))",
            why: "other programs keep making and removing \(DiskErrors.shown(path))", next: "choose another name")
    }

    /// Refuses a folder of this name that someone else made, before a file is put into it.
    private func refuseForeignFolder() throws {
        guard try disk.status(of: path)?.kind == .directory, try disk.status(of: lockPath) == nil,
            try disk.status(of: identity) == nil
        else { return }
        try refuseForeignFiles()
    }

    private func refuseForeignFiles() throws {
        let foreign = try disk.names(in: path).filter { $0 != Self.lockName && $0 != Self.scratchName }
        guard let first = foreign.first else { return }
        throw otherBackup("it has files that flashkeep does not make, such as \(PlainText.line(first))")
    }

    private struct Head: Codable {
        /// The version of the folder's format.
        var version: Int
        var identity: BackupIdentity
    }

    /// Whether an earlier run began the same backup here.
    ///
    /// - Throws: `otherBackupInProgress` if it was a different one.
    func isBegun(as now: BackupIdentity) throws -> Bool {
        guard try disk.status(of: identity) != nil else {
            try refuseForeignFiles()
            return false
        }
        let bytes = try disk.read(identity, limit: 16 << 20)
        guard let head = try? JSONText.value(Head.self, from: bytes), head.version == 1 else {
            throw otherBackup("its identity.json is damaged, or from another version of flashkeep")
        }
        let differences = now.differences(from: head.identity)
        guard differences.isEmpty else {
            throw otherBackup(differences.prefix(3).joined(separator: "; "))
        }
        return true
    }

    private func otherBackup(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .otherBackupInProgress,
            what: "\(DiskErrors.shown(path)) is from another, unfinished backup", why: why,
            next: "choose another name for this backup, or remove that folder if you no longer need it")
    }

    /// Records which backup this is.
    func begin(_ now: BackupIdentity) throws {
        let scratch = path.appending(Self.scratchName)
        try disk.write(JSONText.bytes(of: Head(version: 1, identity: now), pretty: true), to: scratch)
        try disk.rename(scratch, to: identity)
        try disk.syncDirectory(path)
        try disk.syncDirectory(parent)
    }

    /// Makes the missing folders of a bag, and removes files that only a finished bag has.
    func makeFolders() throws {
        for folder in ["", "data", BagLayout.images, BagLayout.evidence] {
            // Flash contains passwords and keys: only the owner may read the backup.
            try disk.makeDirectory(folder.isEmpty ? bag : bag.appending(folder), isPrivate: folder.isEmpty)
        }
        // bagit.txt first: without it the folder is not a bag.
        for name in BagFiles.tagNames { try disk.remove(bag.appending(name)) }
        try disk.remove(path.appending(Self.scratchName))
        for folder in [bag.appending("data"), bag, path] { try disk.syncDirectory(folder) }
    }

    /// Renames the bag to its target, without replacing anything.
    ///
    /// A rename may replace an empty directory and no other (POSIX.1-2008, rename). So an empty one is made first,
    /// which fails if anything of that name exists: this works on every file system, unlike `RENAME_NOREPLACE`.
    func giveName() throws {
        do {
            try disk.makeNewDirectory(target)
        } catch Errno.fileExists {
            throw targetExists()
        }
        do {
            try disk.rename(bag, to: target)
        } catch {
            try? disk.removeDirectory(target)
            throw error
        }
        try disk.syncDirectory(parent)
        try disk.syncDirectory(path)
    }

    /// Removes the folder, once the bag is no longer in it.
    func removeLeftOvers() throws {
        try disk.remove(journal)
        try disk.remove(identity)
        try disk.remove(path.appending(Self.scratchName))
        try disk.remove(lockPath)
        try disk.removeDirectory(path)
        try disk.syncDirectory(parent)
    }
}
