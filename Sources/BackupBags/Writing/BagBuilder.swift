package import FlashModel
package import LocalFiles
private import Synchronization
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

    /// The number of bytes after which writes are made durable and recorded in the journal; a power failure can cost
    /// that much.
    package static let batchSize = 8 << 20

    private struct State: Sendable {
        var images: [ImageState]
        var journal: JournalFile
        /// Journal lines whose bytes may not be durable yet.
        var pendingLines: [UInt8] = []
        /// The number of bytes written since the last checkpoint.
        var pendingBytes = 0
        /// The images written to since the last checkpoint.
        var unsynced: Set<Int> = []
        var isFinished = false
    }

    private let disk: Disk
    private let bag: FilePath
    private let lock: OpenFile
    private let state: Mutex<State>
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
        self.lock = lock
        self.plan = plan
        state = Mutex(State(images: images, journal: journal))
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
            if free < room { throw DiskErrors.noRoom(for: target, needed: room, free: free) }
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
            throw Self.fault("the image \(PlainText.line(path)) is not in the plan of this backup")
        }
        return try state.withLock { state in
            if let index = state.images.firstIndex(where: { $0.path == path && !$0.isDiscarded }) {
                return ImageWriter(path: path, size: size, index: index, builder: self)
            }
            let place = bag.appending(path)
            let file = try disk.openToWrite(place)
            try file.truncate(to: size)
            try disk.syncDirectory(place.removingLastComponent())
            state.images.append(ImageState(path: path, size: size, file: file))
            return ImageWriter(path: path, size: size, index: state.images.count - 1, builder: self)
        }
    }

    // MARK: Images

    func put(
        _ bytes: [UInt8], at offset: Int, in index: Int, findings: [BlockFinding], replacing: Bool
    ) throws {
        try state.withLock { state in
            let range = try Self.range(offset, bytes.count, in: state.images[index])
            try Self.check(findings, within: range, of: state.images[index])
            if !replacing, let there = state.images[index].segments.touching(range).first {
                throw Self.fault(
                    "bytes at \(ByteCount.hex(there.range.lowerBound)) of \(state.images[index].path) were written "
                        + "twice")
            }
            if range.isEmpty { return }
            var crc = StreamingChecksum(.crc32)
            crc.update(bytes)
            try prepare(range, &state, index)
            try state.images[index].file.write(bytes, at: offset)
            state.images[index].takeIntoHash(bytes, at: offset)
            try note(range, crc, findings, &state, index)
        }
    }

    func fill(_ range: Range<Int>, with byte: UInt8, in index: Int, findings: [BlockFinding]) throws {
        try state.withLock { state in
            let range = try Self.range(range.lowerBound, range.count, in: state.images[index])
            try Self.check(findings, within: range, of: state.images[index])
            if range.isEmpty { return }
            var crc = StreamingChecksum(.crc32)
            try prepare(range, &state, index)
            let buffer = [UInt8](repeating: byte, count: min(range.count, Disk.bufferSize))
            var place = range.lowerBound
            while place < range.upperBound {
                let piece = buffer[0..<min(buffer.count, range.upperBound - place)]
                crc.update(piece)
                try state.images[index].file.write(piece, count: piece.count, at: place)
                state.images[index].takeIntoHash(piece, at: place)
                place += piece.count
            }
            try note(range, crc, findings, &state, index)
        }
    }

    func mark(_ findings: [BlockFinding], in index: Int) throws {
        guard !findings.isEmpty else { return }
        try state.withLock { state in
            try Self.check(findings, within: 0..<state.images[index].size, of: state.images[index])
            state.images[index].findings += findings
            let line = JournalLine(
                act: .mark, image: state.images[index].path, offset: 0, length: 0, crc32: 0, findings: findings)
            try Self.add(line, &state)
        }
    }

    func missing(in range: Range<Int>, of index: Int) -> [Range<Int>] {
        state.withLock { state in
            let image = state.images[index]
            return image.segments.missing(in: range.clamped(to: 0..<image.size))
        }
    }

    func findings(of index: Int) -> [BlockFinding] {
        state.withLock { $0.images[index].findings.coalesced() }
    }

    func read(offset: Int, count: Int, of index: Int) throws -> [UInt8] {
        let image = state.withLock { $0.images[index] }
        guard offset >= 0, count >= 0, offset <= image.size else {
            throw Self.fault("bytes outside of \(image.path) were requested")
        }
        let range = offset..<(offset + min(count, image.size - offset))
        try Self.refuseMissing(range, image)
        var bytes = [UInt8](repeating: 0, count: range.count)
        let got = try image.file.read(into: &bytes, count: range.count, at: offset)
        bytes.removeSubrange(got...)
        return bytes
    }

    func checksum(_ algorithm: ChecksumAlgorithm, of ranges: [Range<Int>], in index: Int) throws -> Digest {
        let image = state.withLock { $0.images[index] }
        var checksum = StreamingChecksum(algorithm)
        var buffer = [UInt8](repeating: 0, count: Disk.bufferSize)
        for range in ranges {
            try Self.refuseMissing(Self.range(range.lowerBound, range.count, in: image), image)
            try image.file.stream(range, buffer: &buffer) { checksum.update($1) }
        }
        return checksum.finalize()
    }

    func sha256(of index: Int) throws -> String {
        // The file is read outside of the lock; the hash is kept only if nothing was written meanwhile.
        var image = state.withLock { $0.images[index] }
        if let hole = image.segments.missing(in: 0..<image.size).first {
            throw FlashkeepError(
                .bagIncomplete, what: "\(image.path) is incomplete",
                why: "\(ByteCount.text(hole.count)) at \(ByteCount.hex(hole.lowerBound)) were not read",
                next: "run the same command again: it reads only what is missing")
        }
        if image.hashed < image.size {
            var buffer = [UInt8](repeating: 0, count: Disk.bufferSize)
            try image.file.stream(image.hashed..<image.size, buffer: &buffer) { offset, bytes in
                image.takeIntoHash(bytes, at: offset)
            }
        }
        state.withLock { state in
            if state.images[index].writes == image.writes {
                state.images[index].hash = image.hash
                state.images[index].hashed = image.hashed
            }
        }
        return image.hash.finalize().hex
    }

    func discard(_ index: Int) throws {
        try state.withLock { state in
            guard !state.images[index].isDiscarded else { return }
            state.images[index].isDiscarded = true
            state.images[index].segments = Segments()
            state.images[index].findings = []
            state.unsynced.remove(index)
            let path = state.images[index].path
            try Self.add(JournalLine(act: .discard, image: path, offset: 0, length: 0, crc32: 0), &state)
            try disk.remove(bag.appending(path))
        }
    }

    /// The number of bytes present in all images.
    package var presentBytes: Int {
        state.withLock { state in state.images.map(\.segments.count).saturatingSum() }
    }

    // MARK: Durability

    /// Makes all writes durable, and records them in the journal.
    ///
    /// This happens automatically after every ``batchSize`` bytes; call it when a partition is complete or the work is
    /// interrupted.
    package func checkpoint() throws {
        try state.withLock { try Self.checkpoint(&$0) }
    }

    private static func checkpoint(_ state: inout State) throws {
        for index in state.unsynced.sorted() {
            try state.images[index].file.sync()
            state.unsynced.remove(index)
        }
        if !state.pendingLines.isEmpty {
            try state.journal.append(state.pendingLines)
            state.pendingLines.removeAll(keepingCapacity: true)
        }
        state.pendingBytes = 0
    }

    /// Prepares for overwriting a part of a segment: the rest of the segment gets its own lines (rule 2 of
    /// ``JournalLine``), and the bytes to be written are no longer claimed.
    private func prepare(_ range: Range<Int>, _ state: inout State, _ index: Int) throws {
        state.images[index].writes += 1
        let touched = Array(state.images[index].segments.touching(range))
        guard !touched.isEmpty else { return }
        var buffer = [UInt8](repeating: 0, count: Disk.bufferSize)
        var remains: [Segment] = []
        for segment in touched {
            let before = segment.range.lowerBound..<max(segment.range.lowerBound, range.lowerBound)
            let after = min(segment.range.upperBound, range.upperBound)..<segment.range.upperBound
            for part in [before, after] where !part.isEmpty {
                var crc = StreamingChecksum(.crc32)
                try state.images[index].file.stream(part, buffer: &buffer) { crc.update($1) }
                remains.append(Segment(range: part, crc32: Self.value(crc)))
            }
        }
        let findings = state.images[index].findings
        for segment in touched { state.images[index].segments.remove(segment) }
        for segment in remains {
            state.images[index].segments.insert(segment)
            let line = JournalLine(
                act: .bytes, image: state.images[index].path, offset: segment.range.lowerBound,
                length: segment.range.count, crc32: segment.crc32,
                findings: findings.compactMap { $0.clipped(to: segment.range) })
            try Self.add(line, &state)
        }
        state.images[index].findings = findings.removing(range)
        // If the write fails, the hash must not cover bytes that are half overwritten.
        if range.lowerBound < state.images[index].hashed {
            state.images[index].hash = StreamingChecksum(.sha256)
            state.images[index].hashed = 0
        }
    }

    private func note(
        _ range: Range<Int>, _ crc: StreamingChecksum, _ findings: [BlockFinding], _ state: inout State, _ index: Int
    ) throws {
        let crc = Self.value(crc)
        state.images[index].segments.insert(Segment(range: range, crc32: crc))
        state.images[index].findings += findings
        state.unsynced.insert(index)
        state.pendingBytes += range.count
        let line = JournalLine(
            act: .bytes, image: state.images[index].path, offset: range.lowerBound, length: range.count, crc32: crc,
            findings: findings.isEmpty ? nil : findings)
        try Self.add(line, &state)
        if state.pendingBytes >= Self.batchSize { try Self.checkpoint(&state) }
    }

    private static func add(_ line: JournalLine, _ state: inout State) throws {
        state.pendingLines += try JSONText.bytes(of: line, pretty: false)
        state.pendingLines.append(UInt8(ascii: "\n"))
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
            throw Self.fault("\(PlainText.line(evidence.name)) is not a valid name for a piece of evidence")
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
        state.withLock { $0.isFinished = true }
        // The backup is complete and has its name: only cleaning up remains, and may fail.
        try? work.removeLeftOvers()
        return target
    }

    private func compare(_ manifest: Manifest) throws {
        let images = state.withLock { $0.images.filter { !$0.isDiscarded } }
        for record in manifest.images {
            guard let index = state.withLock({ $0.images.firstIndex { $0.path == record.path && !$0.isDiscarded } }),
                images.contains(where: { $0.path == record.path && $0.size == record.size })
            else {
                throw Self.fault("the manifest names \(record.path), which was not made like that")
            }
            guard try sha256(of: index) == record.sha256 else {
                throw Self.fault("the SHA-256 of \(record.path) in the manifest differs from that of its file")
            }
        }
        if let extra = images.first(where: { manifest.image($0.path) == nil }) {
            throw Self.fault("\(extra.path) was made and is not in the manifest")
        }
    }

    // MARK: Checks

    private static func range(_ offset: Int, _ count: Int, in image: ImageState) throws -> Range<Int> {
        guard !image.isDiscarded, offset >= 0, count >= 0, offset <= image.size, count <= image.size - offset else {
            throw fault("bytes at \(ByteCount.hex(offset)) are outside of \(image.path)")
        }
        return offset..<(offset + count)
    }

    private static func check(_ findings: [BlockFinding], within range: Range<Int>, of image: ImageState) throws {
        for finding in findings {
            guard finding.offset >= range.lowerBound, finding.size >= 0, finding.offset <= range.upperBound,
                finding.size <= range.upperBound - finding.offset
            else {
                throw fault("a finding at \(ByteCount.hex(finding.offset)) is outside of its bytes in \(image.path)")
            }
        }
    }

    private static func refuseMissing(_ range: Range<Int>, _ image: ImageState) throws {
        if let hole = image.segments.missing(in: range).first {
            throw fault("bytes at \(ByteCount.hex(hole.lowerBound)) of \(image.path) were not written yet")
        }
    }

    private static func value(_ crc: StreamingChecksum) -> UInt32 { UInt32(crc.finalize().hex, radix: 16) ?? 0 }

    private static func fault(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "this backup cannot continue", why: why,
            next: "please report this; what was read is kept")
    }
}
