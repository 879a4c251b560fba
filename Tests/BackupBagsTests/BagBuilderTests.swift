import BackupBags
import FlashModel
import LocalFiles
import SystemPackage
import Testing

@Suite("Making a backup")
struct BagBuilderTests {
    @Test("A completed backup has all its bytes, and leaves nothing beside it")
    func whole() throws {
        let scratch = try Scratch()
        let target = scratch.path.appending("backup")
        let builder = try BagBuilder.open(target: target, identity: Samples.identity, needed: Samples.total)
        #expect(!builder.isResumed)
        let path = try Samples.finish(builder)
        #expect(path == target)
        #expect(!scratch.exists(scratch.path.appending("backup.partial")))
        for (number, image) in Samples.images.enumerated() {
            let expected = Samples.contents[number]
            #expect(try scratch.read(target.appending(image.path)) == expected)
        }
        #expect(throws: FlashkeepError(.targetExists, what: "", why: "", next: "")) {
            _ = try BagBuilder.open(target: target, identity: Samples.identity, needed: 0)
        }
    }

    @Test("A refused backup leaves nothing behind: not in a folder of somebody else's, nor on a full disk")
    func refused() throws {
        let scratch = try Scratch()
        let target = scratch.path.appending("backup")
        let error = #expect(throws: FlashkeepError.self) {
            _ = try BagBuilder.open(target: target, identity: Samples.identity, needed: 1 << 60)
        }
        #expect(error?.code == .diskFull)
        #expect(try Disk().names(in: scratch.path).isEmpty)

        let partial = scratch.path.appending("backup.partial")
        try scratch.makeFolder(partial)
        try scratch.write([1], partial.appending("thesis.txt"))
        let other = #expect(throws: FlashkeepError.self) {
            _ = try BagBuilder.open(target: target, identity: Samples.identity, needed: 0)
        }
        #expect(other?.code == .otherBackupInProgress && other?.why.contains("thesis.txt") == true)
        #expect(try Disk().names(in: partial) == ["thesis.txt"])
    }
}
