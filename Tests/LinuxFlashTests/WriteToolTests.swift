import FlashModel
import Foundation
import TestSupport
import Testing

@testable import LinuxFlash

/// Identifies tools by their own output.
@Suite("Tools that write flash, by their usage")
struct WriteToolTests {
    private static func usage(_ name: String) throws -> String {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        return String(decoding: try Data(contentsOf: folder.appending(path: "WriteTools/\(name).txt")), as: UTF8.self)
    }

    private static let tools = [
        "flash_erase": LinuxWriteTool.flashErase, "flash_eraseall": .flashEraseAll, "mtd": .openWrtMTD,
    ]

    @Test(
        "The expected tools",
        arguments: [
            ("flash_erase", "flash_erase-2.1.5"), ("flash_erase", "flash_erase-1.4.3"),
            ("flash_eraseall", "flash_eraseall-busybox-1.18.5"), ("flash_eraseall", "flash_eraseall-busybox-1.36.1"),
            ("flash_eraseall", "flash_eraseall-1.2.0"), ("mtd", "mtd-openwrt"),
        ])
    func right(_ tool: String, _ file: String) throws {
        #expect(try Self.tools[tool]?.complaint(about: Self.usage(file)) == nil)
    }

    @Test(
        "Other tools of the same name, and why they are refused",
        arguments: [
            ("flash_erase", "flash_erase-1.4.2", "in erase blocks, not in bytes"),
            ("flash_erase", "flash_erase-1.2.0", "does not take a device, an offset and a number"),
            ("flash_erase", "flash_erase-1.0.0", "printed \"File open error\""),
            ("flash_erase", "flash_erase-hisilicon", "not that of mtd-utils"),
            ("flash_erase", "flash_eraseall-1.2.0", "not that of mtd-utils"),
            ("flash_eraseall", "flash_eraseall-1.5.0", "neither busybox's nor"),
            ("flash_eraseall", "flash_erase-2.1.5", "neither busybox's nor"),
            ("mtd", "mtd-without-f", "has no option -f"), ("mtd", "mtd-without-p", "has no option -p"),
        ])
    func wrong(_ tool: String, _ file: String, _ why: String) throws {
        let complaint = try #require(try Self.tools[tool]?.complaint(about: Self.usage(file)))
        #expect(complaint.contains(why), "\(complaint)")
    }

    @Test("Arbitrary or missing output identifies no tool, and never traps")
    func hostile() throws {
        var random = SplitMix64(state: 20)
        let texts =
            ["", "\n\n", "Usage:", "Usage: flash_erase", "Usage: / /", "usage: mtd", "Usage: mtd [-", "-q", "[-"]
            + (0..<300).map { _ in
                String(
                    decoding: (0..<Int.random(in: 0...400, using: &random)).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }, as: UTF8.self)
            }
            + [String(repeating: "Usage: flash_erase x\n", count: 10_000), String(repeating: "a", count: 100_000)]
        for tool in Self.tools.values {
            for text in texts { #expect(tool.complaint(about: text) != nil, "\(text.prefix(40))") }
        }
        #expect(try #require(Self.tools["mtd"]?.complaint(about: "")).hasSuffix("it printed nothing"))
    }

    @Test("The parts of a rehearsal all differ, and its files fit the block")
    func rehearsal() throws {
        for (block, page) in [(4096, 1), (65_536, 1), (131_072, 2048), (8448, 528), (16_384, 512), (100, 1)] {
            let partition = Partition(
                index: 0, name: "x", chip: "c", offset: 0, offsetSource: .sysfs, size: 4 * block, eraseBlockSize: block,
                pageSize: page, oobSize: 0, type: page > 1 ? "nand" : "nor", isWritable: true)
            let rehearsal = try #require(LinuxWriteRehearsal(partition))
            #expect(rehearsal.source.count >= block && rehearsal.target.count > 2 * block)
            #expect(rehearsal.bytes.count == block)
            for copy in [BlockCopy.keeping, .synchronous, .plain] {
                let result = rehearsal.result(of: copy)
                #expect(result != rehearsal.target)
                #expect(copy == .plain || result.count == rehearsal.target.count)
            }
            guard page > 1, block % page == 0 else { continue }
            let pages = stride(from: 0, to: block - page, by: page).map { Array(rehearsal.source[$0..<$0 + page]) }
            #expect(pages.dropFirst() != pages.dropLast())
        }
        let none = Partition(
            index: 0, name: "x", chip: "c", offset: 0, offsetSource: .sysfs, size: 1, eraseBlockSize: 0, pageSize: 1,
            oobSize: 0, type: "nor", isWritable: true)
        #expect(LinuxWriteRehearsal(none) == nil)
    }
}
