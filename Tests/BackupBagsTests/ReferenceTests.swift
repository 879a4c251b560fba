import BackupBags
import FlashModel
import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@Suite("Checking a backup with other programs")
struct ReferenceTests {
    private static let schema = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent().appending("Documentation/flashkeep.schema.json")

    @Test("The reference validator for bags accepts a backup", .enabled(if: Python.path != nil, "\(Python.hint)"))
    func bagit() throws {
        let scratch = try Scratch()
        let target = scratch.path.appending("b")
        let builder = try BagBuilder.open(target: target, identity: Samples.identity, needed: 0)
        try scratch.write(Array("-> cat /proc/mtd\n".utf8), builder.transcript)
        _ = try Samples.finish(builder)
        #expect(try Python.accepts(bag: target.string))
        // The validator does report a damaged bag.
        try scratch.flip(target.appending(Samples.images[1].path), at: 100)
        #expect(try !Python.accepts(bag: target.string))
    }

    @Test("sha256sum accepts the lists of a backup, as RESTORE.md says")
    func sha256sum() throws {
        let scratch = try Scratch()
        let target = scratch.path.appending("b")
        _ = try Samples.finish(BagBuilder.open(target: target, identity: Samples.identity, needed: 0))
        for list in [BagLayout.payloadManifest, BagLayout.tagManifest] {
            let command = "cd '\(target.string)' && sha256sum --check --strict --quiet \(list)"
            #expect(try Python.run("/bin/sh", ["-c", command]) == 0)
        }
    }

    private static let check = """
        import json, sys, jsonschema
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for path in sys.argv[2:]:
            errors = list(validator.iter_errors(json.load(open(path))))
            for error in errors: print(path, list(error.path), error.message)
            if errors: sys.exit(1)
        """

    @Test("Manifests conform to the published schema", .enabled(if: Python.path != nil, "\(Python.hint)"))
    func schema() throws {
        let scratch = try Scratch()
        var full = RestoreTextTests.manifest
        full.board = BoardIdentity(
            model: "m", compatible: ["c"], hostname: "h", kernel: "k", distribution: "d", bootloader: "b",
            processor: "p", macAddresses: ["02:00:00:00:00:01"], serialNumber: "s")
        full.partitions[0].offset = nil
        full.partitions[0].parent = 1
        full.partitions[0].badBlocks = BadBlockKnowledge(bad: [1], source: "none", isComplete: false, note: "n")
        full.images[0].offset = nil
        full.images[3].blocks = BlockState.allCases.enumerated().map {
            BlockFinding(offset: $0.offset * 16, size: 16, state: $0.element, detail: "x")
        }
        full.ubi[0].volumes = [.init(id: 0, name: "rootfs", type: "dynamic", dataBytes: 1, reservedEraseBlocks: 1)]
        let least = Manifest(
            board: BoardIdentity(), chips: [], partitions: [], images: [], table: .complete, capture: Samples.capture)
        let files = try [full, RestoreTextTests.manifest, least].enumerated().map { number, manifest in
            let path = scratch.path.appending("\(number).json")
            try scratch.write(try manifest.encoded(), path)
            return path.string
        }
        #expect(try Python.run(["-c", Self.check, Self.schema.string] + files) == 0)
        let wrong = scratch.path.appending("wrong.json")
        var text = String(decoding: try full.encoded(), as: UTF8.self)
        text.replace("\"second-read\"", with: "\"hope\"")
        text.replace("\"board-checksum\"", with: "\"hope\"")
        try scratch.write(Array(text.utf8), wrong)
        #expect(try Python.run(["-c", Self.check, Self.schema.string, wrong.string]) == 1)
    }

    @Test("The schema has exactly the words that a manifest can have")
    func words() throws {
        struct Words: Decodable {
            var `enum`: [String]?
            var properties: [String: Words]?
            var items: [String: AnyWords]?
        }
        struct AnyWords: Decodable {
            init(from decoder: any Decoder) throws {}
        }
        struct Schema: Decodable {
            struct Definitions: Decodable {
                var chip: Words
                var partition: Words
                var image: Words
                var checksum: Words
            }
            var definitions: Definitions
            enum CodingKeys: String, CodingKey { case definitions = "$defs" }
        }
        guard let data = FileManager.default.contents(atPath: Self.schema.string) else {
            throw Errno.noSuchFileOrDirectory
        }
        let found = try JSONDecoder().decode(Schema.self, from: data).definitions
        func words(_ words: Words?, _ name: String) -> [String]? { words?.properties?[name]?.enum }
        #expect(words(found.chip, "kind") == Chip.Kind.allCases.map(\.rawValue))
        #expect(words(found.partition, "role") == Partition.Role.allCases.map(\.rawValue))
        #expect(words(found.partition, "source") == Partition.OffsetSource.allCases.map(\.rawValue))
        #expect(words(found.image, "representation") == ImageRecord.Representation.allCases.map(\.rawValue))
        let proof = found.image.properties?["proof"]
        #expect(words(proof, "against") == Proof.Against.allCases.map(\.rawValue))
        #expect(words(proof, "result") == Proof.Result.allCases.map(\.rawValue))
        #expect(words(found.checksum, "algorithm") == ChecksumAlgorithm.allCases.map(\.rawValue))
        let text = String(decoding: data, as: UTF8.self)
        for state in BlockState.allCases { #expect(text.contains("\"\(state.rawValue)\"")) }
    }
}
