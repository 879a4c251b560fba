import BackupBags
import FlashModel
import LocalFiles
import Operations
import Synchronization
import SystemPackage
import Testing

@Suite("Verifying a backup")
struct VerifyTests {
    private let bags: SampleBags

    init() throws {
        bags = try SampleBags()
    }

    private func kinds(_ report: VerifyReport) -> [String] {
        report.problems.map { "\($0.kind.rawValue) \($0.path ?? "")" }.sorted()
    }

    @Test("A backup as it was made is intact, and progress adds up")
    func intact() async throws {
        let bag = try bags.make("b")
        let events = Mutex<[ProgressEvent]>([])
        let report = try await Verify.run(bag: bag) { event in events.withLock { $0.append(event) } }
        #expect(report.problems == [])
        #expect(report.ok)
        #expect(report.notes == [])
        #expect(report.filesChecked == 8)
        #expect(report.summary?.missing.count == 2)
        #expect(report.summary?.isProven == true)
        #expect(report.images.map(\.isIntact) == [true, true])
        #expect(report.images.first?.proof.against == .secondRead)
        let all = events.withLock { $0 }
        #expect(all.first == .began(.checking, bytes: report.bytesChecked))
        #expect(all.last == .ended(.checking))
        #expect(all.contains(.advanced(done: report.bytesChecked, total: report.bytesChecked)))
        let json = String(decoding: try JSONText.bytes(of: report, pretty: true), as: UTF8.self)
        #expect(json.contains("\"ok\" : true"))
    }

    @Test("A flipped bit in any file is found, and named")
    func flipped() async throws {
        for name in [SampleBags.first, SampleBags.second, "data/evidence/proc-mtd.txt", "RESTORE.md"] {
            let bag = try bags.make("b" + String(name.utf8.count))
            try bags.flip(bag.appending(name), at: 5)
            let report = try await Verify.run(bag: bag)
            #expect(!report.ok)
            #expect(report.problems.contains { $0.kind == .changed && $0.path == name }, "\(name)")
            let problem = try #require(report.problems.first { $0.kind == .changed })
            #expect(problem.expected?.utf8.count == 64 && problem.actual?.utf8.count == 64)
            #expect(problem.expected != problem.actual)
            if name == SampleBags.first { #expect(report.images.map(\.isIntact) == [false, true]) }
        }
    }

    @Test("What says how to put it back cannot be changed, or taken away, together with its line in the list")
    func unlisted() async throws {
        for name in ["RESTORE.md", "flashkeep.json", "bag-info.txt"] {
            let bag = try bags.make("u" + String(name.utf8.count))
            let list = bag.appending("tagmanifest-sha256.txt")
            let lines = String(decoding: try bags.read(list), as: UTF8.self).split(separator: "\n")
            let kept = lines.filter { !$0.hasSuffix(name) }.map { "\($0)\n" }.joined()
            #expect(kept.utf8.count > 0 && lines.count == kept.split(separator: "\n").count + 1)
            try bags.write(Array(kept.utf8), list)
            let report = try await Verify.run(bag: bag)
            #expect(report.problems.contains { $0.kind == .list && $0.path == name }, "\(name): \(report.problems)")
        }
    }

    @Test("Flipped bits in the lists are found wherever they are")
    func flippedLists() async throws {
        for name in ["manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt", "flashkeep.json", "bagit.txt"] {
            let bag = try bags.make("l" + String(name.utf8.count))
            let good = try bags.read(bag.appending(name))
            for place in stride(from: 0, to: good.count, by: max(1, good.count / 25)) {
                var bad = good
                bad[place] ^= 0x08
                try bags.write(bad, bag.appending(name))
                do {
                    let report = try await Verify.run(bag: bag)
                    #expect(!report.ok, "\(name) at \(place)")
                } catch let error as FlashkeepError {
                    #expect([.notABag, .bagUnsafePath].contains(error.code), "\(name) at \(place)")
                    // An unknown version is not called damaged.
                    #expect(error.code != .notABag || error.why.contains("version"), "\(name) at \(place)")
                }
            }
        }
    }

    @Test("Missing, extra, cut and strange files are found")
    func files() async throws {
        let bag = try bags.make("b")
        try bags.remove(bag.appending(SampleBags.first))
        #expect(
            kinds(try await Verify.run(bag: bag)) == ["missing \(SampleBags.first)", "total bag-info.txt"])
        let headless = try bags.make("h")
        try bags.remove(headless.appending(Manifest.path))
        #expect(kinds(try await Verify.run(bag: headless)) == ["missing \(Manifest.path)"])
        let other = try bags.make("c")
        try bags.write([1], other.appending("data/images/x.bin"))
        try bags.write([1], other.appending("notes.txt"))
        let report = try await Verify.run(bag: other)
        #expect(kinds(report) == ["extra data/images/x.bin", "total bag-info.txt"])
        #expect(report.notes == ["notes.txt is not part of the backup, and was not checked"])
        let cut = try bags.make("d")
        try bags.write(
            Array(try bags.read(cut.appending(SampleBags.second)).dropLast()), cut.appending(SampleBags.second))
        #expect(
            kinds(try await Verify.run(bag: cut)) == [
                "changed \(SampleBags.second)", "size \(SampleBags.second)", "total bag-info.txt",
            ])
        let linked = try bags.make("e")
        try bags.remove(linked.appending(SampleBags.second))
        try bags.link(linked.appending(SampleBags.second), to: "/etc/passwd")
        #expect(kinds(try await Verify.run(bag: linked)).contains("unreadable \(SampleBags.second)"))
        let listless = try bags.make("f")
        try bags.remove(listless.appending("tagmanifest-sha256.txt"))
        #expect(kinds(try await Verify.run(bag: listless)).contains("list "))
    }

    @Test("Of a file that is far too long, only what it should have is read", .timeLimit(.minutes(1)))
    func farTooLong() async throws {
        let bag = try bags.make("b")
        let file = try Disk().openToWrite(bag.appending(SampleBags.second))
        try file.truncate(to: 1 << 40)
        let report = try await Verify.run(bag: bag)
        #expect(kinds(report) == ["size \(SampleBags.second)", "total bag-info.txt"])
        #expect(report.bytesChecked < 1 << 20)
    }

    @Test("A manifest that was changed together with its list, or is too new, is found")
    func forged() async throws {
        let bag = try bags.make("b")
        let path = bag.appending("flashkeep.json")
        let good = String(decoding: try bags.read(path), as: UTF8.self)
        var forged = good
        forged.replace("\"size\" : 8192", with: "\"size\" : 8190")
        #expect(forged != good)
        try bags.rewrite(bag, "flashkeep.json", forged)
        #expect(try await Verify.run(bag: bag).problems.map(\.kind) == [.size])
        forged = good
        forged.replace("\"formatVersion\" : 2", with: "\"formatVersion\" : 9")
        try bags.rewrite(bag, "flashkeep.json", forged)
        let report = try await Verify.run(bag: bag)
        #expect(report.problems.map(\.kind) == [.manifest])
        #expect(report.problems[0].message.contains("newer"))
        #expect(report.summary == nil)
        try bags.rewrite(bag, "flashkeep.json", good)
        #expect(try await Verify.run(bag: bag).ok)
    }

    @Test("A backup that is not finished is refused")
    func partial() async throws {
        let bag = try bags.make("b")
        try bags.move(bag, to: FilePath(bag.string + ".partial"))
        let error = await #expect(throws: FlashkeepError.self) {
            _ = try await Verify.run(bag: FilePath(bag.string + ".partial"))
        }
        #expect(error?.code == .bagIncomplete)
    }

    @Test("It ends soon when it is cancelled")
    func cancelled() async throws {
        let bag = try bags.make("b")
        let task = Task {
            // Cancelled before it starts, since a fast machine would finish first.
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Verify.run(bag: bag)
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
}
