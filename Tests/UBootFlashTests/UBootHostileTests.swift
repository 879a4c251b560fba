import FlashAccess
import FlashModel
import TestSupport
import Testing
import UBootFlash

/// Arbitrary output, damaged in arbitrary ways, never traps.
@Suite struct UBootHostileTests {
    static func parseAll(_ bytes: [UInt8]) {
        let reply = UBootReply(output: bytes)
        _ = UBootVersion(reply)
        _ = UBootHelp(reply)
        _ = UBootUsage(reply)
        _ = UBootFlashInfo(reply)?.banks.map(\.sectorSizes)
        _ = UBootSPIFlash(reply)
        _ = UBootReadResult(reply)
        let written = UBootWriteResult(reply)
        for range in [0..<0, 0..<Int.max, 0x2000..<0x4000] {
            let works: [UBootWriteResult.Work] = [
                .nandErase(range), .nandWrite(range), .mtdErase(range), .mtdWrite(range),
            ]
            for work in works { _ = written.complaint(work) }
        }
        _ = UBootNANDInfo(reply)
        _ = UBootBadBlocks(reply)
        _ = UBootMTDList(reply)
        _ = UBootMTDParts(reply)
        _ = UBootEnvironment(reply)
        _ = UBootChecksum(reply)
        _ = UBootPageDump(reply)
        _ = UBootTransferResult(reply)
        _ = UBootSerialLoad(reply)
        for width in UBootMemoryDump.Width.allCases {
            for order in UBootMemoryDump.ByteOrder.allCases {
                let dump = UBootMemoryDump(reply, width: width, order: order, isPadded: order == .little)
                #expect(dump.lines.values.allSatisfy { (1...16).contains($0.count) })
            }
        }
        if let board = UBootBoardInfo(reply), let map = try? UBootLoadAddress(board) {
            _ = try? map.choose(size: 1 << 20, target: 0..<(1 << 32))
        }
        var console = UBootConsoleText(prompt: Array("=> ".utf8))
        _ = console.feed(bytes)
        #expect(console.openLine.count <= 1024)
    }

    static func check(_ replies: [String: UBootReply]) {
        guard let survey = try? UBootSurvey.assemble(replies: replies) else { return }
        let cover = ReadCoverage.plan(survey)
        for image in cover.images {
            #expect(image.pieces.map(\.length).reduce(0, +) == image.size)
        }
        #expect(Set(survey.chips.map(\.id)).count == survey.chips.count)
        #expect(survey.warnings.count <= 101)
        for line in survey.warnings {
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
        }
    }

    static func mutate(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        guard !bytes.isEmpty else { return bytes }
        var bytes = bytes
        switch Int.random(in: 0...5, using: &random) {
        case 0: bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
        case 1, 2:
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
        case 3:
            var lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
            lines.shuffle(using: &random)
            bytes = Array(lines.joined(separator: [10]))
        case 4:
            // Numbers become huge.
            bytes = bytes.flatMap { byte in
                (0x30...0x39).contains(byte) && Int.random(in: 0...15, using: &random) == 0
                    ? [UInt8](repeating: 0x66, count: 12) : [byte]
            }
        default:
            for _ in 0..<Int.random(in: 1...10, using: &random) where !bytes.isEmpty {
                bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random))
            }
        }
        return bytes
    }

    @Test(arguments: 0..<4) func mutatedTranscripts(seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed) &* 104_729)
        for (_, bytes) in try UBootTranscript.all().sorted(by: { $0.key < $1.key }) where bytes.count < 3000 {
            Self.parseAll(Self.mutate(bytes, &random))
        }
    }

    @Test(arguments: 0..<60) func mutatedSurveys(seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed) &* 7919)
        var replies = try UBootSurveyTests.replies([
            ("malta-version-help", "version"), ("arm-flinfo", "flinfo"), ("arm-mtd", "mtd list"),
            ("sandbox-2026.07-nand-info", "nand info"), ("sandbox-2026.07-nand-badblock", "nand bad"),
            ("sandbox-2026.07-sf", "sf probe"), ("vexpress-2011.12-printenv", "printenv"),
        ])
        replies["mtdparts"] = UBootReply(
            text: "device nor0 <x>, # parts = 2\n 0: a  0x00100000\t0x00000000\t0\n 1: b  0x00100000\t0x00080000\t0\n")
        for name in replies.keys.sorted() {
            replies[name] = UBootReply(output: Self.mutate(replies[name]?.output ?? [], &random))
        }
        Self.check(replies)
    }

    /// Every recording is parsed as the reply to every question.
    @Test func everyRecordingAsEveryReply() throws {
        for (_, bytes) in try UBootTranscript.all() where bytes.count < 12_000 {
            var replies: [String: UBootReply] = [:]
            for question in UBootFacts.questions + ["help mtd"] { replies[question] = UBootReply(output: bytes) }
            Self.check(replies)
        }
    }

    @Test func gigantic() {
        Self.parseAll([UInt8](repeating: 0x41, count: 200_000))
        Self.parseAll([UInt8](repeating: 0x0A, count: 60_000))
        Self.parseAll(Array(String(repeating: "* x\n  - 0x000000000000-0x3ffffffffffff : \"x\"\n", count: 500).utf8))
    }
}
