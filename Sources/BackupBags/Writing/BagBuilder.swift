package import FlashModel
package import LocalFiles
private import Synchronization
package import SystemPackage

/// Makes a backup, so that it can be broken off at any point and taken up again.
///
/// It works in `TARGET.partial/` beside the target:
///
///     TARGET.partial/
///       flashkeep.lock     held while somebody works here
///       identity.json      which backup this is
///       journal.jsonl      what is there for sure (see ``JournalLine``)
///       bag/               the bag; it gets a bagit.txt only when all is there
///
/// and in the end renames `bag` to TARGET. What is at TARGET is therefore always whole.
///
/// The lock is held as long as the builder, or a writer of one of its images, lives. Every image that was opened, or
/// that an earlier run left, must be whole in the end or be given up with ``ImageWriter/discard()``.
package final class BagBuilder: Sendable {
    /// Where the backup will be.
    package let target: FilePath
    /// Where it is made.
    package let partial: FilePath
    /// Whether an earlier run was taken up again.
    package let isResumed: Bool
    /// Bytes that an earlier run left, and that were found to be sound.
    package let resumedBytes: Int
    /// What was noticed while taking it up, one line each, for a person.
    package let notes: [String]
    /// The transcript of all that was said to the board. Somebody else may append to it until ``complete(manifest:restoreText:bagInfo:)`` is called.
    package let transcript: FilePath

    /// After this many bytes what was written is made durable and noted in the journal: what a power failure can cost.
    package static let batchSize = 8 << 20

    private struct State: Sendable {
        var images: [ImageState]
        var journal: JournalFile
        /// Lines for the journal whose bytes may not be durable yet.
        var pendingLines: [UInt8] = []
        /// Bytes written since the last checkpoint.
        var pendingBytes = 0
        /// Images written to since then.
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

    /// Refuses a target that no backup can be made at, before any time is spent on the board.
    ///
    /// - Throws: `targetExists`, `usage`.
    package static func check(target: FilePath, disk: Disk = Disk()) throws {
        try WorkFolder(target: target, disk: disk).refuseExistingTarget()
    }

    /// Whether something has this name, or a backup of this name was begun.
    package static func isTaken(_ target: FilePath, disk: Disk = Disk()) throws -> Bool {
        let work = try WorkFolder(target: target, disk: disk)
        return try disk.status(of: target) != nil || disk.status(of: work.path) != nil
    }

    /// Begins a backup, or takes one up again that was broken off.
    ///
    /// - Parameters:
    ///   - target: where the backup is to be; must not be there yet, the folder that it lies in must.
    ///   - identity: what is to be backed up. An earlier run is taken up only if it had the same.
    ///   - needed: bytes that the whole backup will take.
    /// - Throws: `targetExists`, `otherBackupInProgress`, `diskFull`, `fileUnavailable`.
    package static func open(
        target: FilePath, identity: BackupIdentity, needed: Int, disk: Disk = Disk()
    ) throws -> BagBuilder {
        let work = try WorkFolder(target: target, disk: disk)
        try work.refuseExistingTarget()
        let lock = try work.takeLock()
        // Once more: whoever had the lock may just have finished.
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
    ///   - path: in the bag, below `data/images/`.
    ///   - size: bytes.
    /// - Throws: `internalFault` where the identity planned no such image.
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
                    "bytes at \(ByteCount.hex(there.range.lowerBound)) of \(state.images[index].path) came twice")
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
            throw Self.fault("bytes outside of \(image.path) were asked for")
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
                .bagIncomplete, what: "\(image.path) is not whole",
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

    /// Bytes that all images have by now.
    package var presentBytes: Int {
        state.withLock { state in state.images.map(\.segments.count).saturatingSum() }
    }

    // MARK: Durability

    /// Makes all that was written durable, and notes it in the journal.
    ///
    /// It happens by itself after every ``batchSize`` bytes; call it when a partition is done or the work is broken off.
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

    /// Before bytes are written over a part of a segment: what stays of that gets lines of its own (rule 2 of
    /// ``JournalLine``), and nothing is claimed any more of the bytes to be written.
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
        // Should the write fail, the hash must not stand for bytes that are half overwritten.
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

    /// Keeps what the board answered, in `data/evidence/`. Of the same name, the later one stays.
    ///
    /// - Throws: `internalFault` where the name is not plain.
    package func addEvidence(_ evidence: Evidence) throws {
        let path = BagLayout.evidence + "/" + evidence.name
        let isPlain = evidence.name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
        guard isPlain, BagPath.isSafe(path), path != BagLayout.transcript else {
            throw Self.fault("\(PlainText.line(evidence.name)) is no name for a piece of evidence")
        }
        let scratch = partial.appending(WorkFolder.scratchName)
        try disk.write(evidence.bytes, to: scratch)
        try disk.rename(scratch, to: bag.appending(path))
    }

    /// Ends the backup: writes all that a bag needs, makes it durable and gives it its name.
    ///
    /// - Parameters:
    ///   - manifest: its images must be those that were made here, with their sizes and SHA-256.
    ///   - restoreText: the text of `RESTORE.md`.
    /// - Returns: the path of the backup.
    /// - Throws: `bagIncomplete` where bytes are missing, `internalFault` where the manifest says something else than
    ///   what was written, `targetExists` where something came to lie at the target meanwhile, `diskFull` and others.
    ///   All stays as it was, and can be tried again.
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
        // The backup is whole and has its name: what is left here is only to be tidied up, and may fail.
        try? work.removeLeftOvers()
        return target
    }

    private func compare(_ manifest: Manifest) throws {
        let images = state.withLock { $0.images.filter { !$0.isDiscarded } }
        for record in manifest.images {
            guard let index = state.withLock({ $0.images.firstIndex { $0.path == record.path && !$0.isDiscarded } }),
                images.contains(where: { $0.path == record.path && $0.size == record.size })
            else {
                throw Self.fault("the manifest names \(record.path), which was not made so")
            }
            guard try sha256(of: index) == record.sha256 else {
                throw Self.fault("the manifest has another SHA-256 for \(record.path) than its file")
            }
        }
        if let extra = images.first(where: { manifest.image($0.path) == nil }) {
            throw Self.fault("\(extra.path) was made and is not in the manifest")
        }
    }

    // MARK: Checks

    private static func range(_ offset: Int, _ count: Int, in image: ImageState) throws -> Range<Int> {
        guard !image.isDiscarded, offset >= 0, count >= 0, offset <= image.size, count <= image.size - offset else {
            throw fault("bytes at \(ByteCount.hex(offset)) do not lie in \(image.path)")
        }
        return offset..<(offset + count)
    }

    private static func check(_ findings: [BlockFinding], within range: Range<Int>, of image: ImageState) throws {
        for finding in findings {
            guard finding.offset >= range.lowerBound, finding.size >= 0, finding.offset <= range.upperBound,
                finding.size <= range.upperBound - finding.offset
            else {
                throw fault("a finding at \(ByteCount.hex(finding.offset)) does not lie in its bytes of \(image.path)")
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
            .internalFault, what: "this backup cannot go on", why: why,
            next: "please report this; what was read is kept")
    }
}
