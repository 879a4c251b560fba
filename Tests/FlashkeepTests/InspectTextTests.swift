import BackupBags
import FlashModel
import Operations
import Testing

@testable import flashkeep

@Suite("The text of inspect")
struct InspectTextTests {
    /// A report as JSON, so that this test also holds the document's form.
    private static let report = """
        { "formatVersion": 1, "source": "b", "skipped": [{ "name": "oob.bin", "reason": "its pages are mixed" }],
          "images": [{ "name": "spi0.bin", "size": 1048576, "chip": "spi0.0", "offset": 0,
            "partitions": [
              { "label": "mtd0", "name": "u-boot", "offset": 0, "size": 131072, "role": "bootloader" },
              { "label": "mtd1", "name": "evil\\u001b[2J", "offset": 131072, "size": 917504, "role": "unknown" }],
            "findings": [
              { "format": "U-Boot", "offset": 4096, "grade": "plausible", "notes": [], "children": [], "contents": [],
                "facts": [{ "name": "version", "kind": "text", "value": "2020.01\\u001b[31m" }] },
              { "format": "uImage", "offset": 131072, "size": 65536, "grade": "proven", "notes": ["a note"],
                "facts": [{ "name": "created", "kind": "date", "value": "2024-03-01T00:00:00Z" },
                          { "name": "unpacked size", "kind": "size", "value": 4096 }],
                "children": [
                  { "format": "LZMA", "offset": 131136, "size": 65472, "grade": "hint", "facts": [], "notes": [], "children": [],
                    "contents": [{ "name": "content", "size": 4096, "notes": [], "findings": [
                      { "format": "Linux version", "offset": 16, "grade": "plausible", "facts": [], "notes": [], "children": [],
                        "contents": [] }] }] }], "contents": [] }],
            "segments": [
              { "offset": 0, "size": 131072, "kind": "unknown", "entropy": 5.5 },
              { "offset": 131072, "size": 65536, "kind": "finding", "finding": 1 },
              { "offset": 196608, "size": 851968, "kind": "blank", "byte": 255 }],
            "tables": [{ "source": "device tree", "offset": 8192, "isSame": false, "entries": [
              { "name": "u-boot", "offset": 0, "size": 131072, "agreement": "same" },
              { "name": "art", "offset": 983040, "size": 65536, "agreement": "missing" }] }],
            "overlaps": [], "notes": ["gzip: not all places were examined"] }] }
        """

    private func text(isVerbose: Bool = false) throws -> String {
        let report = try JSONText.value(InspectReport.self, from: Array(Self.report.utf8))
        return InspectText.text(report, style: .plain, isVerbose: isVerbose, width: 80)
    }

    @Test func findingsStandUnderTheirPartitions() throws {
        let text = try text()
        #expect(text.hasPrefix("spi0.bin: 1 MiB, chip spi0.0\n"))
        #expect(
            text.contains(
                """
                mtd0 "u-boot": 128 KiB at 0x00000000, bootloader
                  0x00001000 U-Boot, size unknown, plausible
                    version: 2020.01\\x1b[31m
                mtd1 "evil\\x1b[2J": 896 KiB at 0x00020000
                  0x00020000 uImage, 64 KiB, proven
                    created: 2024-03-01T00:00:00Z; unpacked size: 4 KiB
                    note: a note
                    0x00020040 LZMA, 63.9 KiB, hint
                      inside: content, 4 KiB
                        0x00000010 Linux version, size unknown, plausible

                """))
    }

    @Test func theRestIsAccountedFor() throws {
        let text = try text()
        #expect(text.contains("Not claimed by any format: 128 KiB of 1 MiB\n"))
        #expect(text.contains("0x00000000  128 KiB  unknown data, entropy 5.5  mtd0 \"u-boot\"\n"))
        #expect(text.contains("Blank: 832 KiB of 0xff\n"))
        #expect(text.contains("Note: gzip: not all places were examined\n"))
        #expect(text.hasSuffix("Not inspected:\n  oob.bin: its pages are mixed\n"))
    }

    @Test func onlyDisagreementsOfATableAreListed() throws {
        let short = try text()
        #expect(
            short.contains("Partition table in device tree at 0x00002000: the system reported something else\n"))
        #expect(short.contains("art   0x000f0000  64 KiB  is unknown to the system\n"))
        #expect(!short.contains("as reported"))
        #expect(try text(isVerbose: true).contains("u-boot  0x00000000  128 KiB  as reported\n"))
    }

    @Test func nothingInItMovesTheCursor() throws {
        #expect(try !text(isVerbose: true).contains("\u{1B}"))
    }
}
