import FlashModel
import LocalFiles
private import Synchronization
import SystemPackage

/// The images of a backup in progress, and the journal of what is certain to be in them.
///
/// A write is recorded in two steps: its line waits in memory until the bytes are durable, and then goes to the journal.
final class ImageStore: Sendable {
    /// The number of bytes after which writes are made durable and recorded in the journal; a power failure can cost
    /// that much.
    static let batchSize = 8 << 20

    struct State: Sendable {
        var images: [ImageState]
        fileprivate var journal: JournalFile
        /// Journal lines whose bytes may not be durable yet.
        fileprivate var pendingLines: [UInt8] = []
        /// The number of bytes written since the last checkpoint.
        fileprivate var pendingBytes = 0
        /// The images written to since the last checkpoint.
        fileprivate var unsynced: Set<Int> = []
    }

    private let disk: Disk
    private let bag: FilePath
    /// Held as long as anything can be written.
    private let lock: OpenFile
    private let state: Mutex<State>

    init(_ images: [ImageState], _ journal: JournalFile, in bag: FilePath, lock: OpenFile, disk: Disk) {
        self.disk = disk
        self.bag = bag
        self.lock = lock
        state = Mutex(State(images: images, journal: journal))
    }

    /// The images as they are now.
    var all: [ImageState] { state.withLock { $0.images } }

    /// An image, which is begun if there is none of this path.
    func writer(path: String, size: Int) throws -> ImageWriter {
        try state.withLock { state in
            if let index = state.images.firstIndex(where: { $0.path == path && !$0.isDiscarded }) {
                return ImageWriter(path: path, size: size, index: index, store: self)
            }
            let place = bag.appending(path)
            let file = try disk.openToWrite(place)
            try file.truncate(to: size)
            try disk.syncDirectory(place.removingLastComponent())
            state.images.append(ImageState(path: path, size: size, file: file))
            return ImageWriter(path: path, size: size, index: state.images.count - 1, store: self)
        }
    }

    func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        try state.withLock { try body(&$0) }
    }

    /// Makes all writes durable, and records them in the journal.
    func checkpoint() throws {
        try state.withLock { try $0.checkpoint() }
    }

    /// Removes the file of an image.
    func removeFile(_ path: String) throws {
        try disk.remove(bag.appending(path))
    }

    static func fault(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "this backup cannot continue", why: why,
            next: "please report this; what was read is kept")
    }
}

extension ImageStore.State {
    fileprivate mutating func checkpoint() throws {
        for index in unsynced.sorted() {
            try images[index].file.sync()
            unsynced.remove(index)
        }
        if !pendingLines.isEmpty {
            try journal.append(pendingLines)
            pendingLines.removeAll(keepingCapacity: true)
        }
        pendingBytes = 0
    }

    /// Prepares for overwriting a part of a segment: the rest of the segment gets its own lines (rule 2 of
    /// ``JournalLine``), and the bytes to be written are no longer claimed.
    mutating func prepare(_ range: Range<Int>, of index: Int) throws {
        images[index].writes += 1
        let touched = Array(images[index].segments.touching(range))
        guard !touched.isEmpty else { return }
        var buffer = [UInt8](repeating: 0, count: Disk.bufferSize)
        var remains: [Segment] = []
        for segment in touched {
            let before = segment.range.lowerBound..<max(segment.range.lowerBound, range.lowerBound)
            let after = min(segment.range.upperBound, range.upperBound)..<segment.range.upperBound
            for part in [before, after] where !part.isEmpty {
                var crc = StreamingChecksum(.crc32)
                try images[index].file.stream(part, buffer: &buffer) { crc.update($1) }
                remains.append(Segment(range: part, crc32: Self.value(crc)))
            }
        }
        let findings = images[index].findings
        for segment in touched { images[index].segments.remove(segment) }
        for segment in remains {
            images[index].segments.insert(segment)
            let line = JournalLine(
                act: .bytes, image: images[index].path, offset: segment.range.lowerBound,
                length: segment.range.count, crc32: segment.crc32,
                findings: findings.compactMap { $0.clipped(to: segment.range) })
            try add(line)
        }
        images[index].findings = findings.removing(range)
        // If the write fails, the hash must not cover bytes that are half overwritten.
        if range.lowerBound < images[index].hashed {
            images[index].hash = StreamingChecksum(.sha256)
            images[index].hashed = 0
        }
    }

    /// Records bytes that were written.
    mutating func note(
        _ range: Range<Int>, _ crc: StreamingChecksum, _ findings: [BlockFinding], of index: Int
    ) throws {
        let crc = Self.value(crc)
        images[index].segments.insert(Segment(range: range, crc32: crc))
        images[index].findings += findings
        unsynced.insert(index)
        pendingBytes += range.count
        let line = JournalLine(
            act: .bytes, image: images[index].path, offset: range.lowerBound, length: range.count, crc32: crc,
            findings: findings.isEmpty ? nil : findings)
        try add(line)
        if pendingBytes >= ImageStore.batchSize { try checkpoint() }
    }

    /// Adds a line to the journal at the next checkpoint.
    mutating func add(_ line: JournalLine) throws {
        pendingLines += try JSONText.bytes(of: line, pretty: false)
        pendingLines.append(UInt8(ascii: "\n"))
    }

    /// Forgets an image.
    mutating func discard(_ index: Int) throws {
        images[index].isDiscarded = true
        images[index].segments = Segments()
        images[index].findings = []
        unsynced.remove(index)
        try add(JournalLine(act: .discard, image: images[index].path, offset: 0, length: 0, crc32: 0))
    }

    private static func value(_ crc: StreamingChecksum) -> UInt32 { UInt32(crc.finalize().hex, radix: 16) ?? 0 }
}
