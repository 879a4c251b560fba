import BackupBags
import FlashModel
import FoundationEssentials
import LocalFiles
import SystemPackage
import Testing

@Suite("Writing an image")
struct ImageWriterTests {
    private static let path = "data/images/mtd0-x.bin"
    private static let size = 0x10000
    private static let identity = BackupIdentity(
        board: ["model": "x"], partitions: [],
        images: [
            BackupIdentity.Image(path: path, chip: "c", offset: 0, size: size),
            BackupIdentity.Image(path: smallPath, chip: "c", offset: 0, size: smallSize),
        ])
    /// An image small enough for a test to model byte by byte.
    private static let smallPath = "data/images/mtd1-y.bin"
    private static let smallSize = 0x1800

    private let scratch: Scratch
    private var target: FilePath { scratch.path.appending("b") }
    private var journal: FilePath { scratch.path.appending("b.partial/journal.jsonl") }
    private var file: FilePath { scratch.path.appending("b.partial/bag/data/images/mtd0-x.bin") }

    init() throws {
        scratch = try Scratch()
    }

    private func open() throws -> BagBuilder {
        try BagBuilder.open(target: target, identity: Self.identity, needed: 0)
    }

    private func image(_ builder: BagBuilder) throws -> ImageWriter {
        try builder.image(path: Self.path, size: Self.size)
    }

    private func small(_ builder: BagBuilder) throws -> ImageWriter {
        try builder.image(path: Self.smallPath, size: Self.smallSize)
    }

    private func bytes(_ value: UInt8, _ count: Int) -> [UInt8] { [UInt8](repeating: value, count: count) }

    @Test("Bytes written in order, out of order or twice have the right SHA-256, even over several runs")
    func hashes() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            try? scratch.remove(scratch.path.appending("b.partial"))
            var model = [UInt8?](repeating: nil, count: Self.smallSize)
            var findings = [BlockState?](repeating: nil, count: Self.smallSize)
            var builder = try open()
            var writer = try small(builder)
            for _ in 0..<Int.random(in: 1..<30) {
                let start = Int.random(in: 0..<Self.smallSize)
                let count = Int.random(in: 0...min(900, Self.smallSize - start))
                let range = start..<(start + count)
                let new = (0..<count).map { _ in UInt8.random(in: 0...255) }
                let state: BlockState? = Bool.random() && count > 0 ? .unread : nil
                let found = state.map { [BlockFinding(offset: start, size: count, state: $0)] } ?? []
                switch Int.random(in: 0..<8, using: &generator) {
                case 0:
                    try writer.fill(range, findings: found)
                    for place in range { (model[place], findings[place]) = (0xFF, state) }
                case 1...3:
                    try writer.replace(offset: start, bytes: new, findings: found)
                    for place in range { (model[place], findings[place]) = (new[place - start], state) }
                case 4:
                    try builder.checkpoint()
                case 5:
                    try builder.checkpoint()
                    // Only in this order does the first release the lock.
                    withExtendedLifetime(builder) {}
                    builder = try reopen(&builder, &writer)
                default:
                    for hole in writer.missing(in: range) {
                        try writer.write(
                            offset: hole.lowerBound,
                            bytes: Array(new[(hole.lowerBound - start)..<(hole.upperBound - start)]),
                            findings: found.compactMap { $0.clipped(to: hole) })
                        for place in hole { (model[place], findings[place]) = (new[place - start], state) }
                    }
                }
                #expect(writer.missing() == runs(model.map { $0 == nil }))
                #expect(runs(findings.map { $0 == .unread }) == writer.findings.map(\.range))
            }
            for hole in writer.missing() { try writer.fill(hole, with: 0x5A) }
            let expected = model.map { $0 ?? 0x5A }
            #expect(try writer.sha256() == StreamingChecksum.digest(of: expected, .sha256).hex)
            #expect(try writer.read(offset: 0, count: Self.smallSize + 5) == expected)
            let ranges = [100..<2000, 3000..<3001, 0x1000..<Self.smallSize]
            let joined = ranges.flatMap { Array(expected[$0]) }
            #expect(try writer.checksum(.md5, of: ranges) == StreamingChecksum.digest(of: joined, .md5))
        }
    }

    /// Closes a backup and reopens it.
    private func reopen(_ builder: inout BagBuilder, _ writer: inout ImageWriter) throws -> BagBuilder {
        let other = BackupIdentity(board: [:], partitions: [], images: Self.identity.images)
        // The lock is held as long as the builder or a writer lives: release both.
        let idle = try BagBuilder.open(
            target: scratch.path.appending("idle\(UInt32.random(in: 0 ... .max))"), identity: other, needed: 0)
        builder = idle
        writer = try idle.image(path: Self.smallPath, size: Self.smallSize)
        let again = try open()
        #expect(again.isResumed)
        #expect(again.notes.isEmpty)
        writer = try small(again)
        return again
    }

    private func runs(_ flags: [Bool]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for (place, flag) in flags.enumerated() where flag {
            if let last = result.last, last.upperBound == place {
                result[result.count - 1] = last.lowerBound..<(place + 1)
            } else {
                result.append(place..<(place + 1))
            }
        }
        return result
    }

    @Test("Repeated bytes, and bytes outside of the image, are refused")
    func refusals() throws {
        let builder = try open()
        let writer = try image(builder)
        try writer.write(offset: 0, bytes: bytes(1, 10))
        func refuses(_ body: () throws -> Void, _ location: SourceLocation = #_sourceLocation) {
            #expect(throws: FlashkeepError(.internalFault, what: "", why: "", next: ""), sourceLocation: location) {
                try body()
            }
        }
        refuses { try writer.write(offset: 9, bytes: bytes(1, 2)) }
        refuses { try writer.write(offset: -1, bytes: bytes(1, 2)) }
        refuses { try writer.write(offset: Self.size - 1, bytes: bytes(1, 2)) }
        refuses { try writer.write(offset: .max, bytes: bytes(1, 2)) }
        refuses {
            try writer.write(
                offset: 20, bytes: bytes(1, 2), findings: [BlockFinding(offset: 21, size: 2, state: .unread)])
        }
        refuses {
            try writer.write(
                offset: 20, bytes: bytes(1, 2), findings: [BlockFinding(offset: 21, size: .max, state: .unread)])
        }
        refuses { _ = try writer.read(offset: 5, count: 10) }
        refuses { _ = try writer.checksum(.md5, of: [0..<11]) }
        refuses { _ = try builder.image(path: "data/images/other.bin", size: 1) }
        refuses { _ = try builder.image(path: Self.path, size: 1) }
        refuses { try builder.addEvidence(Evidence(name: "../x", bytes: [])) }
        refuses { try builder.addEvidence(Evidence(name: "..", bytes: [])) }
        refuses { try builder.addEvidence(Evidence(name: "", bytes: [])) }
        refuses { try builder.addEvidence(Evidence(name: "transcript.log", bytes: [])) }
        #expect(throws: FlashkeepError(.bagIncomplete, what: "", why: "", next: "")) { _ = try writer.sha256() }
        #expect(writer.missing(in: -5..<Self.size + 5) == [10..<Self.size])
    }

    @Test("Marks and discarded images persist")
    func marks() throws {
        do {
            let writer = try image(try open())
            try writer.fill(0..<0x2000)
            try writer.mark([BlockFinding(offset: 0x1000, size: 0x1000, state: .changed, detail: "between two reads")])
            try writer.checkpoint()
        }
        do {
            let writer = try image(try open())
            #expect(writer.findings.map(\.state) == [.changed])
            try writer.replace(offset: 0x1800, bytes: bytes(1, 0x800))
            #expect(writer.findings.map(\.range) == [0x1000..<0x1800])
            try writer.discard()
            try writer.checkpoint()
            #expect(!scratch.exists(file))
        }
        let writer = try image(try open())
        #expect(writer.findings.isEmpty)
        #expect(writer.missing() == [0..<Self.size])
    }

    @Test("A journal is valid up to its first broken line, wherever it is cut or changed")
    func brokenJournal() throws {
        do {
            let builder = try open()
            let writer = try image(builder)
            for block in 0..<16 { try writer.write(offset: block * 0x1000, bytes: bytes(UInt8(block), 0x1000)) }
            try builder.checkpoint()
        }
        let whole = try scratch.read(journal)
        let good = try scratch.read(file)
        let lineLength = whole.count / 16
        for cut in stride(from: 0, through: whole.count, by: 29) {
            try scratch.write(Array(whole.prefix(cut)), journal)
            let builder = try open()
            let writer = try image(builder)
            // Line lengths vary by a few digits.
            #expect(abs(builder.resumedBytes / 0x1000 - cut / lineLength) <= 2)
            #expect(try scratch.read(journal).count <= cut)
            for hole in writer.missing() {
                try writer.write(offset: hole.lowerBound, bytes: Array(good[hole]))
            }
            try builder.checkpoint()
            #expect(try writer.sha256() == StreamingChecksum.digest(of: good, .sha256).hex)
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            var broken = whole
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<broken.count, using: &generator)
                switch Int.random(in: 0..<3) {
                case 0: broken[place] = UInt8.random(in: 0...255)
                case 1: broken.remove(at: place)
                default: broken.insert(UInt8(ascii: "9"), at: place)
                }
            }
            try scratch.write(broken, journal)
            let builder = try open()
            let writer = try image(builder)
            let missing = writer.missing()
            for place in stride(from: 0, to: Self.size, by: 0x800)
            where !missing.contains(where: { $0.contains(place) }) {
                #expect(try writer.read(offset: place, count: 1) == [good[place]])
            }
        }
    }

    @Test("Bytes that were damaged on the disk are read again")
    func damaged() throws {
        do {
            let builder = try open()
            let writer = try image(builder)
            for block in 0..<16 { try writer.write(offset: block * 0x1000, bytes: bytes(UInt8(block), 0x1000)) }
            try builder.checkpoint()
        }
        try scratch.flip(file, at: 0x3456)
        let builder = try open()
        #expect(builder.notes.count == 1)
        let writer = try image(builder)
        #expect(writer.missing() == [0x3000..<0x4000])
        try writer.write(offset: 0x3000, bytes: bytes(3, 0x1000))
        let expected = (0..<16).flatMap { bytes(UInt8($0), 0x1000) }
        #expect(try writer.sha256() == StreamingChecksum.digest(of: expected, .sha256).hex)
    }

    @Test("Two runs do not mix")
    func others() throws {
        let builder = try open()
        func refused(_ identity: BackupIdentity) -> FlashkeepError? {
            do {
                _ = try BagBuilder.open(target: target, identity: identity, needed: 0)
                return nil
            } catch {
                return error as? FlashkeepError
            }
        }
        #expect(refused(Self.identity)?.why.contains("right now") == true)
        withExtendedLifetime(builder) {}
    }

    @Test("Another backup's remains are not resumed, and the difference is named")
    func differences() throws {
        do { _ = try open() }
        var other = Self.identity
        other.board["model"] = "y\u{1B}[2J"
        let error = #expect(throws: FlashkeepError.self) {
            _ = try BagBuilder.open(target: target, identity: other, needed: 0)
        }
        #expect(error?.code == .otherBackupInProgress)
        #expect(error?.why == "the board's model was \"x\" and is now \"y\\x1b[2J\"")
        var moved = Self.identity
        moved.images[0].size += 1
        #expect(moved.differences(from: Self.identity).count == 1)
        #expect(throws: FlashkeepError(.otherBackupInProgress, what: "", why: "", next: "")) {
            _ = try BagBuilder.open(target: target, identity: moved, needed: 0)
        }
        try scratch.write(Array("{}".utf8), scratch.path.appending("b.partial/identity.json"))
        #expect(throws: FlashkeepError(.otherBackupInProgress, what: "", why: "", next: "")) { _ = try open() }
        try scratch.makeFolder(scratch.path.appending("c.partial/photos"))
        #expect(throws: FlashkeepError(.otherBackupInProgress, what: "", why: "", next: "")) {
            _ = try BagBuilder.open(target: scratch.path.appending("c"), identity: other, needed: 0)
        }
    }

    @Test("Disk space is checked before anything is written")
    func noRoom() throws {
        let disk = Disk(watcher: Spoiler(at: .max - 1, .noSpace, freeSpace: 100 << 20))
        let error = #expect(throws: FlashkeepError.self) {
            _ = try BagBuilder.open(target: target, identity: Self.identity, needed: 200 << 20, disk: disk)
        }
        #expect(error?.code == .diskFull)
        #expect(error?.why == "it needs 204 MiB more and 100 MiB are free on that disk")
        _ = try BagBuilder.open(target: target, identity: Self.identity, needed: 90 << 20, disk: disk)
    }

    @Test("Impossible targets are refused")
    func targets() throws {
        for name in ["b.partial", "nowhere/b"] {
            #expect(throws: FlashkeepError.self) {
                _ = try BagBuilder.open(target: scratch.path.appending(name), identity: Self.identity, needed: 0)
            }
        }
        #expect(throws: FlashkeepError(.usage, what: "", why: "", next: "")) {
            _ = try BagBuilder.open(target: "/", identity: Self.identity, needed: 0)
        }
        try scratch.link(target, to: "/tmp")
        #expect(throws: FlashkeepError(.targetExists, what: "", why: "", next: "")) { _ = try open() }
        try scratch.link(scratch.path.appending("l.partial"), to: "/tmp")
        #expect(throws: FlashkeepError.self) {
            _ = try BagBuilder.open(target: scratch.path.appending("l"), identity: Self.identity, needed: 0)
        }
    }

    @Test("A manifest that contradicts the written data is refused, and the builder remains usable")
    func wrongManifest() throws {
        let builder = try open()
        let writer = try image(builder)
        try writer.fill(0..<Self.size)
        let chip = Chip(
            id: "c", kind: .nor, size: Self.size, sizeKnowledge: .exact, eraseBlockSize: 0x1000, pageSize: 1,
            oobSize: 0,
            source: "guess")
        var manifest = Manifest(
            board: BoardIdentity(), chips: [chip], partitions: [],
            images: [
                ImageRecord(
                    path: Self.path, chip: "c", offset: 0, size: Self.size,
                    sha256: String(repeating: "0", count: 64), proof: .none)
            ], table: .complete, capture: Samples.capture)
        func complete() throws {
            _ = try builder.complete(manifest: manifest, restoreText: "", bagInfo: Samples.bagInfo)
        }
        let fault = FlashkeepError(.internalFault, what: "", why: "", next: "")
        #expect(throws: fault) { try complete() }
        manifest.images[0].sha256 = try writer.sha256()
        manifest.images[0].size += 1
        #expect(throws: fault) { try complete() }
        manifest.images = []
        #expect(throws: fault) { try complete() }
        manifest.images = [
            ImageRecord(
                path: Self.path, chip: "c", offset: 0, size: Self.size, sha256: try writer.sha256(), proof: .none)
        ]
        try scratch.makeFolder(target)
        #expect(throws: FlashkeepError(.targetExists, what: "", why: "", next: "")) { try complete() }
        try scratch.remove(target)
        try complete()
        #expect(try BagReader.open(target).manifest() == manifest)
    }
}
