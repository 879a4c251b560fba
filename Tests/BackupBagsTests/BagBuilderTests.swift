import BackupBags
import FlashModel
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
}
