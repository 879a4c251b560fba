import BackupBags
import FlashModel
import LocalFiles
import SystemPackage
import Testing

/// A backup interrupted at every disk operation, and resumed.
@Suite("An interrupted backup")
struct CutTests {
    /// Makes a whole backup.
    private func make(_ target: FilePath, _ watcher: (any DiskWatcher)?) throws {
        let builder = try BagBuilder.open(
            target: target, identity: Samples.identity, needed: Samples.total, disk: Disk(watcher: watcher))
        _ = try Samples.finish(builder)
    }

    /// Resumes the backup at the target, or finds that it is finished.
    private func makeAgain(_ target: FilePath) throws {
        do {
            try make(target, nil)
        } catch let error as FlashkeepError where error.code == .targetExists {
            // The interruption came after the backup had its name.
        }
    }

    /// Checks everything that must hold at the end.
    private func check(_ target: FilePath, in scratch: Scratch, _ cut: Int, mayLeave: Bool = false) throws {
        for (number, image) in Samples.images.enumerated() {
            let same = try scratch.read(target.appending(image.path)) == Samples.contents[number]
            #expect(same, "\(image.path) after a cut at \(cut)")
        }
        let bag = try BagReader.open(target)
        let files = try bag.files().map(\.path)
        #expect(files == (bag.payload + bag.tags).map(\.path).sorted() + [BagLayout.tagManifest], "cut at \(cut)")
        for entry in bag.payload + bag.tags {
            let bytes = try bag.file(entry.path).readAll(limit: 1 << 24)
            #expect(StreamingChecksum.digest(of: bytes, .sha256).hex == entry.sha256, "\(entry.path), cut at \(cut)")
        }
        #expect(try bag.manifest().images.count == Samples.images.count)
        #expect(mayLeave || !scratch.exists(FilePath(target.string + ".partial")), "cut at \(cut)")
    }

    private func operations() throws -> Int {
        let scratch = try Scratch()
        let counter = Killer(at: .max)
        try make(scratch.path.appending("b"), counter)
        return counter.count
    }

    @Test("Killed at any operation, a backup can be completed, and is not one before that")
    func killed() throws {
        let operations = try operations()
        for cut in 0..<operations {
            let scratch = try Scratch()
            let target = scratch.path.appending("b")
            #expect(throws: Killed.self) {
                try make(target, Killer(at: cut))
                // After the rename only cleaning up remains, which throws nothing.
                throw Killed()
            }
            #expect(throws: FlashkeepError.self, "cut at \(cut)") {
                _ = try BagReader.open(scratch.path.appending("b.partial"))
            }
            try makeAgain(target)
            try check(target, in: scratch, cut)
        }
        print("killed at each of \(operations) operations")
    }

    @Test("Killed again while it is resumed, a backup can still be completed")
    func killedTwice() throws {
        let operations = try operations()
        var cuts = 0
        for first in stride(from: 0, to: operations, by: 13) {
            for second in stride(from: first % 7, to: operations, by: 7) {
                let scratch = try Scratch()
                let target = scratch.path.appending("b")
                try? make(target, Killer(at: first))
                try? make(target, Killer(at: second))
                try makeAgain(target)
                try check(target, in: scratch, second)
                cuts += 1
            }
        }
        print("killed twice at \(cuts) pairs of operations")
    }

    @Test("After a power failure at any operation a backup can be completed", arguments: PowerFailure.Fate.allCases)
    func powerFailure(_ fate: PowerFailure.Fate) throws {
        let operations = try operations()
        for cut in 0..<operations {
            let scratch = try Scratch()
            let before = scratch.path.appending("before")
            let after = scratch.path.appending("after")
            try scratch.makeFolder(before)
            let watcher = try PowerFailure(at: cut, root: before)
            try? make(before.appending("b"), watcher)
            try watcher.disk(from: before, to: after, fate)
            let target = after.appending("b")
            try makeAgain(target)
            // In this model, as on a file system without a journal, a rename may have taken effect at one end only:
            // then the bag appears under both names, and the old one is left alone.
            try check(target, in: scratch, cut, mayLeave: fate == .lost)
        }
        print("power failed at each of \(operations) operations, \(fate)")
    }

    @Test("A full disk at any operation is reported, and the backup can be completed once there is space")
    func diskFull() throws {
        let operations = try operations()
        var failures = 0
        for cut in 0..<operations {
            let scratch = try Scratch()
            let target = scratch.path.appending("b")
            do {
                try make(target, Spoiler(at: cut, .noSpace))
            } catch let error as FlashkeepError {
                #expect(error.code == .diskFull)
                failures += 1
            }
            try makeAgain(target)
            try check(target, in: scratch, cut)
        }
        print("disk full at each of \(operations) operations; \(failures) of them ended the run")
    }

    @Test("After a full disk the same builder can continue")
    func diskFullAndOn() throws {
        let scratch = try Scratch()
        let target = scratch.path.appending("b")
        // The first write to an image is some operations after the opening; it must work at any of them.
        for cut in 20..<60 {
            let place = FilePath("\(target.string)\(cut)")
            guard
                let builder = try? BagBuilder.open(
                    target: place, identity: Samples.identity, needed: 0,
                    disk: Disk(watcher: Spoiler(at: cut, .noSpace)))
            else { continue }
            for _ in 0..<2 {
                if let _ = try? Samples.finish(builder) { break }
            }
            try check(place, in: scratch, cut)
        }
    }
}
