package import FlashModel
package import LocalFiles
package import SystemPackage

/// Makes a backup that can be interrupted at any point and resumed.
///
/// It works in `TARGET.partial/` beside the target:
///
///     TARGET.partial/
///       flashkeep.lock     held while a program works here
///       identity.json      which backup this is
///       journal.jsonl      what is certain to be there (see ``JournalLine``)
///       bag/               the bag; it gets a bagit.txt only when it is complete
///
/// and finally renames `bag` to TARGET. What is at TARGET is therefore always complete.
///
/// The lock is held as long as the builder, or a writer of one of its images, lives. Every image that was opened, or
/// that an earlier run left, must be complete at the end, or be dropped with ``ImageWriter/discard()``.
package final class BagBuilder: Sendable {
    /// The path of the finished backup.
    package let target: FilePath
    /// The path of the work folder.
    package let partial: FilePath
    /// Whether an earlier run was resumed.
    package let isResumed: Bool
    /// The number of bytes left by an earlier run that were found intact.
    package let resumedBytes: Int
    /// Remarks on the resumption, one line each, for people.
    package let notes: [String]
    /// The transcript of the dialogue with the board. Another component may append to it until
    /// ``complete(manifest:restoreText:bagInfo:)`` is called.
    package let transcript: FilePath

    private let disk: Disk
    private let bag: FilePath
    private let images: ImageStore
    private let plan: [String: Int]

    private init(
        target: FilePath, work: WorkFolder, lock: OpenFile, isResumed: Bool, disk: Disk, journal: JournalFile,
        images: [ImageState], plan: [String: Int], notes: [String]
    ) {
        self.target = target
        self.partial = work.path
        self.isResumed = isResumed
        self.resumedBytes = images.reduce(0) { $0 + $1.segments.count }
        self.notes = notes
        self.transcript = work.bag.appending(BagLayout.transcript)
        self.disk = disk
        self.bag = work.bag
        self.plan = plan
        self.images = ImageStore(images, journal, in: work.bag, lock: lock, disk: disk)
    }

    // MARK: Beginning

    /// Rejects an impossible target before any time is spent on the board.
    ///
    /// - Throws: `targetExists`, `usage`.
    package static func check(target: FilePath, disk: Disk = Disk()) throws {
        try WorkFolder(target: target, disk: disk).refuseExistingTarget()
    }

    /// Whether the name is in use, or a backup of this name was begun.
    package static func isTaken(_ target: FilePath, disk: Disk = Disk()) throws -> Bool {
        let work = try WorkFolder(target: target, disk: disk)
        return try disk.status(of: target) != nil || disk.status(of: work.path) != nil
    }

    /// Begins a backup, or resumes an interrupted one.
    ///
    /// - Parameters:
    ///   - target: the path of the backup, which must not exist; its parent folder must.
    ///   - identity: what is to be backed up. An earlier run is resumed only if it had the same.
    ///   - needed: the size in bytes of the whole backup.
    /// - Throws: `targetExists`, `otherBackupInProgress`, `diskFull`, `fileUnavailable`.
    package static func open(
        target: FilePath, identity: BackupIdentity, needed: Int, disk: Disk = Disk()
    ) throws -> BagBuilder {
        let work = try WorkFolder(target: target, disk: disk)
        try work.refuseExistingTarget()
        let lock = try work.takeLock()
        // Checked again: the previous holder of the lock may just have finished.
        try work.refuseExistingTarget()

        let isResumed = try work.isBegun(as: identity)
        if !isResumed {
            let free = try disk.freeSpace(at: work.path)
            let room = needed.plus(work.overhead) ?? .max
            if free < room {
                // Only the lock is in it so far.
                try? work.removeLeftOvers()
                throw DiskErrors.noRoom(for: target, needed: room, free: free)
            }
            try work.begin(identity)
        }
        try work.makeFolders()

        var plan: [String: Int] = [:]
        for image in identity.images { plan[image.path] = image.size }
        var recovery = Recovery(sizes: plan)
        let journalFile = try disk.openToWrite(work.journal)
        let journal = try JournalFile(reading: journalFile, JournalLine.self) { recovery.take($0) }
        try journal.cutTail()
        let images = try recovery.checkedImages(in: work.bag, disk: disk)
        if isResumed {
            let present = images.reduce(0) { $0 + $1.segments.count }
            let free = try disk.freeSpace(at: work.path)
            let room = max(0, needed - present).plus(work.overhead) ?? .max
            if free < room { throw DiskErrors.noRoom(for: target, needed: room, free: free) }
        }
        return BagBuilder(
            target: target, work: work, lock: lock, isResumed: isResumed, disk: disk, journal: journal,
            images: images, plan: plan, notes: recovery.notes)
    }

    /// An image of the plan, with what an earlier run left of it.
    ///
    /// - Parameters:
    ///   - path: the path in the bag, below `data/images/`.
    ///   - size: the size in bytes.
    /// - Throws: `internalFault` if the identity plans no such image.
    package func image(path: String, size: Int) throws -> ImageWriter {
        guard plan[path] == size, BagPath.isSafe(path), path.hasPrefix(BagLayout.images + "/") else {
            throw ImageStore.fault("the image \(PlainText.line(path)) is not in the plan of this backup")
        }
        return try images.writer(path: path, size: size)
    }

    /// The number of bytes present in all images.
    package var presentBytes: Int {
        images.all.map(\.segments.count).saturatingSum()
    }

    // MARK: Durability

    /// Makes all writes durable, and records them in the journal.
    ///
    /// This happens automatically after every ``ImageStore/batchSize`` bytes; call it when a partition is complete or the work is
    /// interrupted.
    package func checkpoint() throws {
        try images.checkpoint()
    }

    // MARK: Evidence and end

    /// Stores a board's answer in `data/evidence/`. A later one of the same name replaces it.
    ///
    /// - Throws: `internalFault` if the name contains other characters than ``Evidence/name`` allows.
    package func addEvidence(_ evidence: Evidence) throws {
        let path = BagLayout.evidence + "/" + evidence.name
        let isPlain = evidence.name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
        guard isPlain, BagPath.isSafe(path), path != BagLayout.transcript else {
            throw ImageStore.fault("\(PlainText.line(evidence.name)) is not a valid name for a piece of evidence")
        }
        let scratch = partial.appending(WorkFolder.scratchName)
        try disk.write(evidence.bytes, to: scratch)
        try disk.rename(scratch, to: bag.appending(path))
    }

    /// Completes the backup: writes all files that a bag needs, makes them durable and renames the bag.
    ///
    /// - Parameters:
    ///   - manifest: its images must be those made here, with their sizes and SHA-256.
    ///   - restoreText: the text of `RESTORE.md`.
    /// - Returns: the path of the backup.
    /// - Throws: `bagIncomplete` if bytes are missing, `internalFault` if the manifest contradicts what was written,
    ///   `targetExists` if the target has come into existence meanwhile, `diskFull` and others. The work folder is
    ///   kept, and the call can be repeated.
    package func complete(manifest: Manifest, restoreText: String, bagInfo: BagInfo) throws -> FilePath {
        let manifestBytes = try manifest.encoded()
        try checkpoint()
        try compare(manifest)
        try BagFiles.write(
            in: bag, manifest: manifest, manifestBytes: manifestBytes, restoreText: restoreText, bagInfo: bagInfo,
            disk: disk)
        let work = WorkFolder(target: target, partial: partial, disk: disk)
        try work.giveName()
        // The backup is complete and has its name: only cleaning up remains, and may fail.
        try? work.removeLeftOvers()
        return target
    }

    private func compare(_ manifest: Manifest) throws {
        let made = images.all.filter { !$0.isDiscarded }
        for record in manifest.images {
            guard made.contains(where: { $0.path == record.path && $0.size == record.size }) else {
                throw ImageStore.fault("the manifest names \(record.path), which was not made like that")
            }
            guard try images.writer(path: record.path, size: record.size).sha256() == record.sha256 else {
                throw ImageStore.fault("the SHA-256 of \(record.path) in the manifest differs from that of its file")
            }
        }
        if let extra = made.first(where: { manifest.image($0.path) == nil }) {
            throw ImageStore.fault("\(extra.path) was made and is not in the manifest")
        }
    }
}
