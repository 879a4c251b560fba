import BackupBags
import FlashModel
import FoundationEssentials
import SystemPackage
import Testing

/// Backups of earlier versions stay readable forever; what they did not record is derived.
@Suite("Backups of earlier versions")
struct EarlierVersionTests {
    /// Assembled by hand to match what Flashkeep 0.1 wrote.
    static let first = FilePath(#filePath).removingLastComponent().appending("Golden/version-1")

    @Test("Version 1 opens, with the same contents as ever")
    func version1() throws {
        let manifest = try BagReader.open(Self.first).manifest()
        #expect(manifest.formatVersion == 1 && manifest.table == .complete && manifest.otherStorage == nil)
        #expect(manifest.partitions.map(\.name) == ["u-boot", "firmware", "kernel", "ubi"])
        let summary = Summary(of: manifest)
        #expect(summary.isProven && summary.unknown.isEmpty)
        #expect(
            summary.missing == ["2 KiB of mtd3 \"ubi\" had more bit errors than the ECC can correct, at 0x00001800"])
    }

    @Test("What was unknown then prevents it from being called whole now")
    func unknowns() throws {
        let bytes = try #require(FileManager.default.contents(atPath: Self.first.appending("flashkeep.json").string))
        let text = String(decoding: bytes, as: UTF8.self).replacing("ecc-failed", with: "ecc-corrected")
        func summary(_ old: String, _ new: String) throws -> Summary {
            #expect(text.contains(old))
            return Summary(of: try Manifest.decode(Array(text.replacing(old, with: new).utf8)))
        }
        #expect(try summary("R1", "R1").isWhole)
        let size = try summary("\"sizeKnowledge\" : \"exact\"", "\"sizeKnowledge\" : \"at-least\"")
        #expect(!size.isWhole && size.unknown.count == 2)
        let blocks = try summary("\"isComplete\" : true", "\"isComplete\" : false")
        #expect(!blocks.isWhole && blocks.unknown.count == 1)
        let table = try summary(
            "\"warnings\" : []", "\"warnings\" : [\"a line of /proc/mtd was not understood: \\\"mtdX\\\"\"]")
        #expect(!table.isWhole && table.unknown == ["a line of /proc/mtd was not understood: \"mtdX\""])
    }
}
