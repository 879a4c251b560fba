package import FlashModel
package import LocalFiles
package import SystemPackage

/// A line of a restore's journal.
package struct RestoreEntry: Sendable, Codable, Hashable {
    package enum Act: String, Sendable, Codable {
        /// A plan was confirmed; what follows belongs to it.
        case planned
        /// What was on the board before is in this backup.
        case backedUp = "backed-up"
        /// This erase block is going to be erased or written: from here on it may hold anything.
        case began
        /// It was read back, and holds what the backup has.
        case done
        /// The block at this place of the flash does not take its bytes: what belongs there goes to another one. The
        /// bytes are those that the backup has for the place.
        case failing
        /// All of the plan is done.
        case ended
    }

    package var act: Act
    /// RFC 3339, in UTC.
    package var at: String
    /// The board's address, without secrets.
    package var address: String?
    /// The board, so that what is known of one is not taken for what is known of another.
    package var board: BoardIdentity?
    /// A partition as `mtd3 "rootfs"`.
    package var partition: String?
    /// The block, by the bytes that the backup has for it: numbers and names of partitions change between firmwares.
    package var block: Block?
    /// Erase blocks of the plan, by partition.
    package var blocks: [String: Int]?
    /// A backup's path.
    package var backup: String?

    /// Bytes of an image.
    package struct Block: Sendable, Codable, Hashable {
        package var image: String
        package var offset: Int
        package var size: Int

        package init(image: String, offset: Int, size: Int) {
            self.image = image
            self.offset = offset
            self.size = size
        }
    }

    package init(
        _ act: Act, at: String, address: String? = nil, board: BoardIdentity? = nil, partition: String? = nil,
        block: Block? = nil, blocks: [String: Int]? = nil, backup: String? = nil
    ) {
        self.board = board
        self.act = act
        self.at = at
        self.address = address
        self.partition = partition
        self.block = block
        self.blocks = blocks
        self.backup = backup
    }
}

/// What is known of the restores of a backup, on disk beside it: each block's state before it is touched and after it
/// was read back, so that whatever breaks a restore off, the next one knows what may be half written.
package final class RestoreJournal {
    private let disk: Disk
    private let folder: FilePath
    private var file: JournalFile?
    /// Held for as long as the restore runs.
    private var open: OpenFile?
    /// The lines since the last plan began, or since one was ended.
    package private(set) var entries: [RestoreEntry] = []
    /// The lines of blocks that were begun and not done, of all restores: an ended one may have left out what an earlier
    /// one had begun.
    private var begun: [RestoreEntry.Block: RestoreEntry] = [:]
    /// Places that did not take their bytes, of all restores.
    private var aside: [(block: RestoreEntry.Block, board: BoardIdentity?)] = []

    /// Reads what there is; nothing is made by that.
    ///
    /// - Parameter bag: the backup. Its journal lies beside it: what is in a backup never changes.
    package init(of bag: FilePath, disk: Disk = Disk()) throws {
        self.disk = disk
        let plain = bag.lexicallyNormalized()
        let name = plain.lastComponent?.string ?? "backup"
        folder = plain.removingLastComponent().appending("\(name).restore")
        guard try disk.status(of: place) != nil else { return }
        let opened = try disk.openToRead(place)
        _ = try JournalFile(reading: opened, RestoreEntry.self) { take($0) }
    }

    /// Where it lies.
    package var place: FilePath { folder.appending("journal.jsonl") }

    /// The lines of blocks that were begun and not done.
    package var unfinished: [RestoreEntry] {
        begun.sorted { ($0.key.image, $0.key.offset) < ($1.key.image, $1.key.offset) }.map(\.value)
    }

    /// Places of a board's flash that do not take their bytes.
    package func failing(on now: BoardIdentity) -> [RestoreEntry.Block] {
        aside.filter { $0.board?.isSameUnit(as: now) != false }.map(\.block)
    }

    /// The board that was written to last; nil where nobody wrote it down.
    package private(set) var board: BoardIdentity?

    /// Whether something is known of a board that must not be forgotten.
    package var isOpen: Bool { isUnderWay || !begun.isEmpty }

    /// Whether a restore was begun and not ended.
    package var isUnderWay: Bool { entries.last.map { $0.act != .ended } ?? false }

    /// The backups of what was on the board before the restore that is under way: the first has what was there at first,
    /// a later one what was written since by others.
    package var earlierBackups: [String] {
        isUnderWay ? entries.filter { $0.act == .backedUp }.compactMap(\.backup) : []
    }

    /// Where the restore that is under way backs up what was on the board before, done or not.
    package var plannedBackup: String? { isUnderWay ? entries.last { $0.act == .planned }?.backup : nil }

    /// Writes a line, and returns once it is durable.
    ///
    /// - Throws: `otherBackupInProgress` where another restore of this backup runs; `diskFull` and others.
    package func append(_ entry: RestoreEntry) throws {
        if file == nil {
            try disk.makeDirectory(folder, isPrivate: true)
            let opened = try disk.openToWrite(place)
            guard try disk.lock(opened) else {
                throw FlashkeepError(
                    .otherBackupInProgress, what: "Another restore of this backup is running.",
                    why: "It holds \(DiskErrors.shown(place)).", next: "Wait for it to end, or end it.")
            }
            (entries, begun, aside) = ([], [:], [])
            let journal = try JournalFile(reading: opened, RestoreEntry.self) { take($0) }
            try journal.cutTail()
            file = journal
            open = opened
        }
        try file?.append(try JSONText.bytes(of: entry, pretty: false) + [UInt8(ascii: "\n")])
        take(entry)
    }

    private func take(_ entry: RestoreEntry) {
        // A plan that takes up an earlier one keeps what that had begun.
        if entry.act == .planned, !isUnderWay { entries = [] }
        entries.append(entry)
        if let identity = entry.board { board = identity }
        guard let block = entry.block else { return }
        switch entry.act {
        case .began: begun[block] = entry
        case .done: begun[block] = nil
        case .failing:
            // Its content is another's now.
            begun[block] = nil
            aside.append((block, board))
        case .planned, .backedUp, .ended: break
        }
    }
}
