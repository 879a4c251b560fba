import BackupBags
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// Backups with correct lists whose manifests make false claims: nothing is believed that can be computed.
@Suite("Backups that claim too much")
struct ForgedBagTests {
    /// A backup of a simulated board, and its folder.
    private struct Kept {
        let folder: ScratchFolder
        let bag: FilePath
        var manifest: Manifest { get throws { try BagReader.open(bag).manifest() } }

        init(_ hardware: SimulatedHardware = SampleBoards.router()) async throws {
            folder = try ScratchFolder()
            bag = FilePath(try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder).bag)
        }

        func read(_ name: String) -> [UInt8] { ScratchFolder.read(bag.appending(name)) }

        func write(_ bytes: [UInt8], _ name: String) throws { try folder.write(bytes, "bag/\(name)") }

        /// Replaces the manifest, and updates all lists, as a forger would.
        func forge(_ change: (inout Manifest) throws -> Void) throws {
            var manifest = try manifest
            try change(&manifest)
            for place in manifest.images.indices {
                manifest.images[place].sha256 =
                    StreamingChecksum.digest(of: read(manifest.images[place].path), .sha256).hex
            }
            try write(try manifest.encoded(), Manifest.path)
            for list in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
                let lines = String(decoding: read(list), as: UTF8.self).split(separator: "\n").map { line in
                    let name = line.split(separator: " ", maxSplits: 1).last.map { $0.drop { $0 == " " } } ?? ""
                    return "\(StreamingChecksum.digest(of: read(String(name)), .sha256).hex)  \(name)\n"
                }
                try write(Array(lines.joined().utf8), list)
            }
        }

        /// Flips a meaningful bit of an image.
        func turnBit(_ path: String, at place: Int) throws {
            var bytes = read(path)
            bytes[place] ^= 1
            try write(bytes, path)
        }
    }

    @Test("An image that was changed together with all lists is not what the board's checksum says")
    func changedImage() async throws {
        for (algorithm, number) in [
            (ChecksumAlgorithm.sha256, 0), (.md5, 1), (.sha1, 2), (.crc32, 3), (.cksum, 4),
        ] {
            var hardware = SampleBoards.router()
            hardware.algorithms = [algorithm]
            let kept = try await Kept(hardware)
            let image = try kept.manifest.images[number]
            #expect(image.proof.checksum != nil || image.proof.parts?.count == 2, "\(image)")
            #expect(try await Verify.run(bag: kept.bag).ok)
            try kept.turnBit(image.path, at: 7)
            try kept.forge { _ in }
            let report = try await Verify.run(bag: kept.bag)
            #expect(report.problems.map(\.kind) == [.proof] && report.problems.first?.path == image.path, "\(report)")
            #expect(report.problems.first?.message.contains("differs from what was on the board") == true)
            // Nor is any of it written to a board.
            await #expect(throws: FlashkeepError(.bagDamaged, what: "", why: "", next: "")) {
                _ = try await Restore.plan(kept.bag, on: SimulatedConnector(hardware), choice: RestoreChoice())
            }
        }
    }

    @Test("Bytes of bad and damaged blocks are in no checksum, as when it was taken")
    func damagedBlocks() async throws {
        var hardware = SampleBoards.router()
        hardware.chips["nand0"]?.failed = [2, 12]
        hardware.chips["spi0.0"]?.unreadable = [4_200..<4_300]
        hardware.chips["spi0.0"]?.misreads = [9: 1]
        let kept = try await Kept(hardware)
        let report = try await Verify.run(bag: kept.bag)
        #expect(report.ok, "\(report.problems)")
        #expect(report.summary?.isProven == true)
    }

    @Test("What is called proven without having been checked is a contradiction")
    func provenByNothing() async throws {
        let kept = try await Kept()
        try kept.forge { $0.images[1].proof = Proof(against: .none, result: .proven) }
        let report = try await Verify.run(bag: kept.bag)
        #expect(report.problems.map(\.kind) == [.proof] && report.summary?.isProven == false)
        #expect(report.problems.first?.message.contains("was not checked against anything") == true)
    }

    @Test("A proof by the board's checksums needs them, for all that means anything")
    func checksumsThatAreNotThere() async throws {
        let forgeries: [(inout Proof, Int) -> Void] = [
            { proof, _ in (proof.checksum, proof.parts) = (nil, nil) },
            { proof, _ in (proof.checksum, proof.parts) = (nil, []) },
            { proof, size in
                let sum = proof.checksum ?? proof.parts?.first?.checksum ?? Digest(algorithm: .md5, hex: "00")
                (proof.checksum, proof.parts) = (nil, [Proof.Part(offset: 0, size: min(10, size), checksum: sum)])
            },
            { proof, size in
                // A wrong checksum besides right ones.
                proof.parts = proof.checksum.map { [Proof.Part(offset: 0, size: size, checksum: $0)] }
                proof.checksum = Digest(algorithm: .crc32, hex: "deadbeef")
            },
        ]
        for forge in forgeries {
            let kept = try await Kept()
            try kept.forge { manifest in
                for place in manifest.images.indices where manifest.images[place].chip == "spi0.0" {
                    forge(&manifest.images[place].proof, manifest.images[place].size)
                }
            }
            let report = try await Verify.run(bag: kept.bag)
            #expect(!report.ok && report.problems.allSatisfy { $0.kind == .proof }, "\(report.problems)")
        }
    }

    @Test("What a chip cannot have is no manifest, and a list that is left out says nothing")
    func impossible() async throws {
        let kept = try await Kept()
        let good = try kept.manifest
        var bad = good
        let nor = try #require(bad.images.firstIndex { $0.chip == "spi0.0" })
        bad.images[nor].blocks = [BlockFinding(offset: 0, size: 1024, state: .factoryBad)]
        #expect(bad.problems.contains { $0.contains("its chip cannot have any") })
        bad = good
        bad.chips[1].size = .exact(1024)
        #expect(bad.problems.contains { $0.contains("beyond the end of its chip") })
        bad = good
        let nand = try #require(bad.partitions.firstIndex { $0.badBlocks != nil })
        bad.partitions[nand].badBlocks = nil
        #expect(
            !Summary(of: bad).isWhole && Summary(of: bad).unknown.contains { $0.contains("there is no list") })
        #expect(Summary(of: good).isWhole && good.problems.isEmpty)
    }

    @Test("A chip with neither image nor gap, or nothing at all, is not whole")
    func nothingThere() async throws {
        let kept = try await Kept()
        try kept.forge { manifest in
            manifest.chips.append(
                Chip(
                    id: "more", kind: .nor, size: .exact(4_096), eraseBlockSize: 1_024, pageSize: 1, oobSize: 0,
                    source: "sysfs"))
        }
        let report = try await Verify.run(bag: kept.bag)
        #expect(report.ok && report.summary?.isWhole == false)
        #expect(report.summary?.missing.first?.hasPrefix("4 KiB at 0x00000000 of chip more are not in it") == true)
        // Half of a chip, which the manifest no longer mentions.
        let half = try await Kept()
        try half.forge { manifest in
            let path = manifest.images.first { $0.chip == "spi0.0" }?.path
            manifest.partitions.removeAll { $0.view?.image == path }
            manifest.images.removeAll { $0.path == path }
        }
        let summary = Summary(of: try half.manifest)
        #expect(!summary.isWhole && summary.missing.contains { $0.hasPrefix("3 KiB at 0x00000000 of chip spi0.0") })
        let empty = Summary(
            of: Manifest(
                board: BoardIdentity(), chips: [], partitions: [], images: [], table: .complete,
                capture: try kept.manifest.capture))
        #expect(!empty.isWhole && !empty.isProven)
        #expect(empty.sentences == ["The backup is not whole: it is empty.", "It has no images."])
    }

    @Test("Bytes that go bad after they were verified are never written", arguments: [false, true])
    func goingBad(_ hasChecksums: Bool) async throws {
        var hardware = RestoreTests.router()
        if !hasChecksums { hardware.algorithms = [] }
        let before = RestoreTests.changed(hardware)
        let counter = SimulatedConnector(before)
        _ = try await RestoreTests.Kept(hardware).restore(counter)
        var refused = 0
        for number in stride(from: 0, to: counter.calls, by: hasChecksums ? 9 : 31) {
            let kept = try await RestoreTests.Kept(hardware)
            let connector = SimulatedConnector(
                before,
                onCall: { call, _ in
                    guard call == number else { return }
                    // Flip a bit in each block of each image, so that the next write would be wrong.
                    for image in try BagReader.open(kept.bag).manifest().images {
                        var bytes = ScratchFolder.read(kept.bag.appending(image.path))
                        for place in stride(from: 3, to: bytes.count, by: 512) { bytes[place] ^= 4 }
                        try kept.folder.write(bytes, "bag/\(image.path)")
                    }
                })
            do {
                _ = try await kept.restore(connector)
                #expect(number > counter.calls / 2, "at call \(number) of \(counter.calls)")
            } catch let error as FlashkeepError {
                #expect(error.code == .bagDamaged && error.what.contains("changed since it was verified"), "\(error)")
                refused += 1
            }
            // Each block is as before, as in the backup, or blank: none has the present bytes of the files.
            for (id, flash) in connector.hardware.chips {
                let size = flash.chip.eraseBlockSize
                for block in 0..<flash.bytes.count / size {
                    let range = block * size..<(block + 1) * size
                    let now = flash.bytes[range]
                    let isKnown = [before, hardware].contains { $0.chips[id]?.bytes[range] == now }
                    #expect(isKnown, "block \(block) of \(id), changed at call \(number)")
                }
            }
        }
        #expect(refused > 5)
    }
}
