import BackupBags
import FlashModel
import SystemPackage
import Testing

@Suite("Reading an arbitrary backup")
struct BagReaderTests {
    private let scratch: Scratch
    private var bag: FilePath { scratch.path.appending("b") }

    init() throws {
        scratch = try Scratch()
        _ = try Samples.finish(
            try BagBuilder.open(target: bag, identity: Samples.identity, needed: Samples.total))
    }

    private func code(_ body: () throws -> Void) -> FlashkeepError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? FlashkeepError)?.code ?? .internalFault
        }
    }

    private func append(_ text: String, to name: String) throws {
        let path = bag.appending(name)
        try scratch.write(try scratch.read(path) + Array(text.utf8), path)
    }

    private let digest = String(repeating: "a", count: 64)

    @Test("A whole backup opens and reports its contents")
    func whole() throws {
        let reader = try BagReader.open(bag)
        #expect(reader.version == "1.0")
        #expect(reader.payload.map(\.path).contains("data/evidence/proc-mtd.txt"))
        #expect(
            reader.tags.map(\.path) == [
                "RESTORE.md", "bag-info.txt", "bagit.txt", "flashkeep.json", "manifest-sha256.txt",
            ])
        #expect(reader.info.contains(BagInfoField(label: "Bagging-Date", value: "2026-11-21")))
        let manifest = try reader.manifest()
        #expect(manifest.partition(2)?.view?.image == Samples.images[1].path)
        #expect(manifest.formatVersion == 2)
        // Through a user's symbolic link.
        let link = scratch.path.appending("link")
        try scratch.link(link, to: bag.string)
        #expect(try BagReader.open(link).manifest() == manifest)
    }

    @Test("A folder that is not a bag, or is unfinished, is refused")
    func notABag() throws {
        #expect(code { _ = try BagReader.open(scratch.path) } == .notABag)
        #expect(code { _ = try BagReader.open(scratch.path.appending("nothing")) } == .fileUnavailable)
        #expect(code { _ = try BagReader.open(bag.appending("bagit.txt")) } == .notABag)
        try scratch.move(bag, to: scratch.path.appending("b.partial"))
        #expect(code { _ = try BagReader.open(scratch.path.appending("b.partial")) } == .bagIncomplete)
        try scratch.move(scratch.path.appending("b.partial"), to: bag)
        #expect(code { _ = try BagReader.open(bag) } == nil)
        try scratch.write([], bag.appending("fetch.txt"))
        #expect(code { _ = try BagReader.open(bag) } == .bagIncomplete)
        try scratch.remove(bag.appending("fetch.txt"))
        for text in [
            "", "BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n", "BagIt-Version: 1.0\n",
            "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-16\n",
            "\u{FEFF}BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        ] {
            try scratch.write(Array(text.utf8), bag.appending("bagit.txt"))
            #expect(code { _ = try BagReader.open(bag) } == .notABag, "\(text)")
        }
        try scratch.write(
            Array("BagIt-Version: 0.97\r\nTag-File-Character-Encoding: utf-8\r\n".utf8), bag.appending("bagit.txt"))
        #expect(code { _ = try BagReader.open(bag) } == nil)
    }

    @Test(
        "Paths that lead out of the bag are refused",
        arguments: [
            "/etc/passwd", "../x", "data/../../x", "data/./x", "data//x", "data/x/", "data/\0", "data/a%0A/../../x",
            "data/" + String(repeating: "a/", count: 20) + "x", "data/" + String(repeating: "a", count: 300), "..", ".",
        ])
    func paths(_ path: String) throws {
        try append("\(digest)  \(path)\n", to: "manifest-sha256.txt")
        #expect(code { _ = try BagReader.open(bag) } == .bagUnsafePath)
        #expect(code { _ = try BagReader.open(bag, tolerant: true) } == .bagUnsafePath)
    }

    @Test("Broken, duplicate and missing lines are refused, or reported on request")
    func lines() throws {
        let list = bag.appending("manifest-sha256.txt")
        let good = try scratch.read(list)
        for text in [
            "\(digest)  flashkeep.json\n", "\(digest)\n", "abc  data/x\n", "\n",
            "\(digest)  data/images/mtd0-RedBoot.bin\n",
            "z\(digest.dropFirst())  data/x\n",
        ] {
            try scratch.write(good + Array(text.utf8), list)
            #expect(code { _ = try BagReader.open(bag) } == .bagDamaged, "\(text)")
            #expect(try BagReader.open(bag, tolerant: true).problems.count == 1, "\(text)")
        }
        try scratch.write(good + [0xFF, 0xFE], list)
        #expect(code { _ = try BagReader.open(bag) } == .bagDamaged)
        try scratch.remove(list)
        #expect(code { _ = try BagReader.open(bag) } == .bagDamaged)
        #expect(try BagReader.open(bag, tolerant: true).problems == ["manifest-sha256.txt is missing"])
    }

    @Test("Links are never followed, neither at the end of a path nor within it")
    func links() throws {
        let image = bag.appending(Samples.images[0].path)
        let outside = scratch.path.appending("outside")
        try scratch.move(image, to: outside)
        try scratch.link(image, to: outside.string)
        let reader = try BagReader.open(bag)
        #expect(code { _ = try reader.file(Samples.images[0].path) } == .bagUnsafePath)
        #expect(try reader.files().first { $0.path == Samples.images[0].path }?.kind == .symbolicLink)
        let folder = scratch.path.appending("images")
        try scratch.move(bag.appending("data/images"), to: folder)
        try scratch.link(bag.appending("data/images"), to: folder.string)
        #expect(code { _ = try reader.file(Samples.images[1].path) } == .bagUnsafePath)
        #expect(code { _ = try reader.file("../outside") } == .bagUnsafePath)
        #expect(code { _ = try reader.file("data/nothing") } == .fileUnavailable)
        #expect(code { _ = try reader.file("data") } == .fileUnavailable)
        try scratch.remove(bag.appending("bagit.txt"))
        try scratch.link(bag.appending("bagit.txt"), to: outside.string)
        #expect(code { _ = try BagReader.open(bag) } == .bagUnsafePath)
    }

    @Test("An invalid manifest, and one that is changed, too new or too large, is refused")
    func manifests() throws {
        let path = bag.appending("flashkeep.json")
        let good = try scratch.read(path)
        try scratch.flip(path, at: good.count / 2)
        #expect(code { _ = try BagReader.open(bag).manifest() } == .bagDamaged)
        try scratch.remove(path)
        #expect(code { _ = try BagReader.open(bag).manifest() } == .manifestInvalid)
        #expect(
            code { _ = try Manifest.decode(Array("{\"formatVersion\": 3, \"future\": true}".utf8)) } == .manifestTooNew)
        #expect(code { _ = try Manifest.decode(Array("{\"formatVersion\": 0}".utf8)) } == .manifestInvalid)
        for text in [
            "", "{", "[]", "{}", "{\"formatVersion\": \"1\"}", "{\"formatVersion\": 1}", "null", "\u{0}",
            "{\"formatVersion\": 1e400}",
        ] {
            #expect(code { _ = try Manifest.decode(Array(text.utf8)) } == .manifestInvalid, "\(text)")
        }
        let deep = String(repeating: "[", count: 1 << 20)
        #expect(code { _ = try Manifest.decode(Array(deep.utf8)) } == .manifestInvalid)
        #expect(
            code { _ = try Manifest.decode([UInt8](repeating: 0x20, count: Manifest.sizeLimit + 1)) }
                == .manifestInvalid)
        try scratch.write([UInt8](repeating: 0x20, count: Manifest.sizeLimit + 1), path)
        #expect(code { _ = try BagReader.open(bag).manifest() } == .bagDamaged)
    }

    @Test("Unknown fields of a manifest are ignored")
    func unknownFields() throws {
        let text = String(decoding: try scratch.read(bag.appending("flashkeep.json")), as: UTF8.self)
        let manifest = try Manifest.decode(Array(text.utf8))
        var newer = text
        newer.replace("\"formatVersion\" :", with: "\"added\" : {\"a\": [1]}, \"formatVersion\" :")
        newer.replace("\"representation\" :", with: "\"added\" : null, \"representation\" :")
        #expect(newer.count > text.count + 50)
        #expect(try Manifest.decode(Array(newer.utf8)) == manifest)
        #expect(try manifest.encoded() == Array(text.utf8))
    }

    @Test("Inconsistent manifests are refused")
    func contradictions() throws {
        let good = try BagReader.open(bag).manifest()
        func refuses(_ change: (inout Manifest) -> Void, _ location: SourceLocation = #_sourceLocation) throws {
            var bad = good
            change(&bad)
            #expect(!bad.problems.isEmpty, sourceLocation: location)
            #expect(throws: FlashkeepError.self, sourceLocation: location) { _ = try bad.encoded() }
        }
        try refuses { $0.images[0].path = "data/images/../../x" }
        try refuses { $0.images[0].path = "flashkeep.json" }
        try refuses { $0.images[0].path = "data/images/$(reboot)" }
        try refuses { $0.images[0].path = $0.images[1].path }
        try refuses { $0.images[0].size = -1 }
        try refuses { $0.images[0].size = .max }
        try refuses { $0.images[0].size -= 1 }
        try refuses { $0.images[0].offset = .min }
        try refuses { $0.images[0].sha256 = "x" }
        try refuses { $0.images[0].sha256 = $0.images[0].sha256.uppercased() + "" }
        try refuses { $0.images[0].chip = "?" }
        try refuses { $0.images[0].badBlocks = [$0.images[0].size] }
        try refuses { $0.images[0].blocks = [BlockFinding(offset: .max, size: .max, state: .unread)] }
        try refuses { $0.images[0].blocks = [BlockFinding(offset: -1, size: 1, state: .unread)] }
        try refuses { $0.partitions[0].index = 1 }
        try refuses { $0.partitions[0].index = -1 }
        try refuses { $0.partitions[0].size = .max }
        try refuses { $0.partitions[0].view?.offset = .max }
        try refuses { $0.partitions[0].view?.offset = 1 }
        try refuses { $0.partitions[0].view?.image = "data/images/none.bin" }
        try refuses { $0.partitions[0].chip = "?" }
        try refuses { $0.partitions[4].badBlocks?.bad = [-1] }
        try refuses { $0.chips[0].eraseBlockSize = -4 }
        try refuses { $0.chips[1].id = $0.chips[0].id }
        try refuses { $0.gaps = [CoverGap(chip: "?", offset: 0, size: 1, reason: "")] }
        try refuses { $0.gaps = [CoverGap(chip: "nand0", offset: .max, size: .max, reason: "")] }
        #expect(good.problems.isEmpty)
    }

    @Test("The largest numbers overflow no sum")
    func largest() throws {
        var manifest = try BagReader.open(bag).manifest()
        let size = 1 << 53
        // With an exact size, the images would be known to be too large.
        for index in manifest.chips.indices { manifest.chips[index].size = .atLeast(0) }
        manifest.partitions = manifest.partitions.map { record in
            var copy = record
            copy.size = size
            copy.view?.offset = 0
            copy.offset = size
            return copy
        }
        for index in manifest.images.indices {
            manifest.images[index].size = size
            manifest.images[index].blocks = [BlockFinding](
                repeating: BlockFinding(offset: 0, size: size, state: .unread), count: 2000)
        }
        manifest.gaps = [CoverGap(chip: "nand0", offset: size, size: size, reason: "")]
        #expect(manifest.problems.isEmpty)
        #expect(Summary(of: manifest).missing.count == 1 + manifest.images.count)
        #expect(!RestoreText.text(for: manifest).isEmpty)
    }

    @Test("Random changes of any text file end in an error or a backup, never in a crash")
    func mutations() throws {
        var generator = SystemRandomNumberGenerator()
        for name in ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "flashkeep.json"] {
            let path = bag.appending(name)
            let good = try scratch.read(path)
            for _ in 0..<150 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...5, using: &generator) where !bytes.isEmpty {
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0..<6, using: &generator) {
                    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8)
                    case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40)))
                    case 2:
                        bytes.insert(
                            contentsOf: bytes[place..<min(bytes.count, place + Int.random(in: 1...200))], at: place)
                    case 3: bytes.insert(contentsOf: Array("999999999999".utf8), at: place)
                    case 4: bytes.insert(UInt8(ascii: "-"), at: place)
                    default: bytes = Array(bytes.prefix(max(1, place)))
                    }
                }
                try scratch.write(bytes, path)
                if let reader = try? BagReader.open(bag, tolerant: true) { _ = try? reader.manifest() }
                if name == "flashkeep.json", let manifest = try? Manifest.decode(bytes) {
                    _ = Summary(of: manifest)
                    _ = RestoreText.text(for: manifest)
                    for partition in manifest.partitions { _ = manifest.findings(of: partition) }
                }
            }
            try scratch.write(good, path)
        }
    }

    @Test("Paths in lists are encoded exactly as in the RFC")
    func encoding() {
        #expect(BagPath.encoded("a%b\nc\rd e") == "a%25b%0Ac%0Dd e")
        #expect(BagPath.decoded("a%25b%0ac%0Dd%20e%") == "a%b\nc\rd%20e%")
        #expect(BagPath.encoded("\r\n") == "%0D%0A")
        #expect(BagPath.decoded("%250A") == "%0A")
        for path in ["plain", "100%", "%0A", "a\nb", "%%%25"] {
            #expect(BagPath.decoded(BagPath.encoded(path)) == path)
        }
    }

    @Test("Foreign text stays complete, and on its line")
    func foreignText() {
        #expect(PlainText.line("a\u{202E}\u{1B}b\n|") == "a\\u{202e}\\x1bb\\x0a|")
        #expect(PlainText.line(String(repeating: "x", count: 5000)).count == 5000)
    }
}

extension Manifest {
    func partition(_ index: Int) -> PartitionRecord? { partitions.first { $0.index == index } }
}
