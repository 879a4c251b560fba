package import FlashModel
package import LocalFiles
package import SystemPackage

/// A line of a restore's journal.
package struct RestoreEntry: Sendable, Codable, Hashable {
    package enum Act: String, Sendable, Codable {
        /// A plan was confirmed; the lines that follow belong to it.
        case planned
        /// The old contents of the board are in this backup.
        case backedUp = "backed-up"
        /// This erase block is about to be erased or written: from here on it may hold anything.
        case began
        /// The block was read back, and holds the backup's bytes.
        case done
        /// The block at this place of the flash failed to program: its content goes to another block. The bytes are
        /// those that the backup has for the place.
        case failing
        /// The whole plan is done.
        case ended
    }

    package var act: Act
    /// RFC 3339, in UTC.
    package var at: String
    /// The board's address, without secrets.
    package var address: String?
    /// The board's identity, so that facts about one board are not applied to another.
    package var board: BoardIdentity?
    /// A partition as `mtd3 "rootfs"`.
    package var partition: String?
    /// The block, identified by the backup's bytes for it: numbers and names of partitions change between firmwares.
    package var block: Block?
    /// The number of erase blocks in the plan, by partition.
    package var blocks: [String: Int]?
    /// The path of a backup.
    package var backup: String?
    /// The partitions that this backup has, if not all.
    package var only: [String]?

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
        block: Block? = nil, blocks: [String: Int]? = nil, backup: String? = nil, only: [String]? = nil
    ) {
        self.board = board
        self.act = act
        self.at = at
        self.address = address
        self.partition = partition
        self.block = block
        self.blocks = blocks
        self.backup = backup
        self.only = only
    }
}

/// The persistent record of the restores of a backup, stored beside it: each block's state before it is touched and
/// after it was read back, so that after any interruption the next restore knows what may be half written.
package final class RestoreJournal {
    private let disk: Disk
    private let folder: FilePath
    private var file: JournalFile?
    /// Held while the restore runs.
    private var open: OpenFile?
    /// The lines of the current or last restore, from its first plan on.
    package private(set) var entries: [RestoreEntry] = []
    /// The lines of blocks that were begun and not done, of all restores: a completed restore may have left out blocks
    /// that an earlier one had begun.
    private var begun: [RestoreEntry.Block: RestoreEntry] = [:]
    /// Blocks that failed to program, of all restores.
    private var aside: [(block: RestoreEntry.Block, board: BoardIdentity?)] = []

    /// Reads the existing journal, if any; creates nothing.
    ///
    /// - Parameter bag: the backup. Its journal is beside it: the contents of a backup never change.
    package init(of bag: FilePath, disk: Disk = Disk()) throws {
        self.disk = disk
        let plain = bag.lexicallyNormalized()
        let name = plain.lastComponent?.string ?? "backup"
        folder = plain.removingLastComponent().appending("\(name).restore")
        guard try disk.status(of: place) != nil else { return }
        let opened = try disk.openToRead(place)
        _ = try JournalFile(reading: opened, RestoreEntry.self) { take($0) }
    }

    /// The path of the journal.
    package var place: FilePath { folder.appending("journal.jsonl") }

    /// The lines of blocks that were begun and not done.
    package var unfinished: [RestoreEntry] {
        begun.sorted { ($0.key.image, $0.key.offset) < ($1.key.image, $1.key.offset) }.map(\.value)
    }

    /// Blocks of a board's flash that failed to program.
    package func failing(on now: BoardIdentity) -> [RestoreEntry.Block] {
        aside.filter { $0.board?.isSameUnit(as: now) != false }.map(\.block)
    }

    /// The board that was last written to; nil if it was not recorded.
    package private(set) var board: BoardIdentity?

    /// Whether the journal has facts about a board that must not be lost.
    package var isOpen: Bool { isUnderWay || !begun.isEmpty }

    /// Whether a restore was begun and not ended.
    package var isUnderWay: Bool { entries.last.map { $0.act != .ended } ?? false }

    /// The backups of the old contents of the board, for the restore in progress: the first has the original contents,
    /// each later one what others wrote since.
    package var earlierBackups: [String] {
        isUnderWay ? entries.filter { $0.act == .backedUp }.compactMap(\.backup) : []
    }

    /// The partitions that the first backup of the old contents has; nil for all.
    package var firstBackupOnly: [String]? {
        guard let first = entries.firstIndex(where: { $0.act == .backedUp }) else { return nil }
        return entries[..<first].last { $0.act == .planned }?.only
    }

    /// Where the restore in progress backs up the old contents of the board, whether done or not.
    package var plannedBackup: String? { isUnderWay ? entries.last { $0.act == .planned }?.backup : nil }

    /// The partitions that this backup has; nil for all.
    package var plannedOnly: [String]? { isUnderWay ? entries.last { $0.act == .planned }?.only : nil }

    /// Appends a line, and returns once it is durable.
    ///
    /// - Throws: `otherBackupInProgress` if another restore of this backup is running; `diskFull` and others.
    package func append(_ entry: RestoreEntry) throws {
        if file == nil {
            try disk.makeDirectory(folder, isPrivate: true)
            let opened = try disk.openToWrite(place)
            guard try disk.lock(opened) else {
                throw FlashkeepError(
                    .otherBackupInProgress, what: "Another restore of this backup is running.",
                    why: "It holds \(DiskErrors.shown(place)).", next: "Wait until it ends, or stop it.")
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
        // A plan that resumes an earlier one keeps the lines of blocks that the earlier one had begun.
        if entry.act == .planned, !isUnderWay { entries = [] }
        entries.append(entry)
        if let identity = entry.board { board = identity }
        guard let block = entry.block else { return }
        switch entry.act {
        case .began: begun[block] = entry
        case .done: begun[block] = nil
        case .failing:
            // Its content now belongs to another block.
            begun[block] = nil
            aside.append((block, board))
        case .planned, .backedUp, .ended: break
        }
    }
}
