import BoardChannels
import FlashAccess
import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import HTTPFlash

@Suite("MediaTek's failsafe pages")
struct FailsafeTests {
    private func survey(
        _ failsafe: SimulatedFailsafe, _ check: (SurveyedFlash, TestWebServer) async throws -> Void
    ) async throws {
        let server = try failsafe.server()
        defer { server.stop() }
        let board = try await WebBoard.open(
            server.url("/"), .page, WebSettings(), transcript: TranscriptLog(), clock: { .zero })
        try await check(try await board.survey(), server)
    }

    private func good(_ partition: Partition) -> [Range<Int>] {
        let block = partition.eraseBlockSize
        return [0..<partition.size].removing((partition.badBlocks?.bad ?? []).map { $0 * block..<($0 + 1) * block })
    }

    @Test("With its console everything is known", arguments: [true, false])
    func known(_ isMT7621: Bool) async throws {
        let hardware = SimulatedFailsafe.router()
        let failsafe = SimulatedFailsafe(hardware)
        failsafe.change { $0.isMT7621 = isMT7621 }
        try await survey(failsafe) { flash, server in
            let survey = flash.survey
            #expect(survey.board.model == "Acme M1" && survey.board.compatible == ["acme,m1"])
            #expect(survey.board.bootloader == "U-Boot 2025.07 (made up) abcdef-dirty")
            #expect(survey.chips.map(\.exactSize) == [1 << 20] && survey.chips.first?.kind.isNAND == true)
            #expect(survey.chips.first?.eraseBlockSize == 128 << 10 && survey.chips.first?.oobSize == 64)
            #expect(survey.partitions.map(\.label) == ["part0", "part1", "part2", "part3"])
            #expect(survey.partitions.map(\.offset) == [0, 0, 256 << 10, 512 << 10])
            #expect(survey.partitions.map { $0.badBlocks?.bad } == [[3, 5], [], [1], [1]])
            #expect(survey.unknowns.isEmpty && survey.otherStorage == [])
            // A bad block is never part of a request: what follows it in the same step would be wrong.
            for partition in survey.partitions {
                let bytes = try #require(SimulatedDumpPage.bytes(partition.index, of: hardware))
                for range in good(partition) {
                    let chunk = try await flash.reader.chunk(range, of: partition)
                    #expect(chunk.bytes == Array(bytes[range]) && chunk.findings.isEmpty)
                }
                var came: [Range<Int>] = []
                try await flash.reader.read(partition, ranges: good(partition)) { chunk in
                    came.append(chunk.range)
                    #expect(chunk.bytes == Array(bytes[chunk.range]))
                }
                #expect(PartitionMap.merged(came) == good(partition))
            }
            #expect(try await flash.layoutChanges().isEmpty)
            #expect(Set(failsafe.commands) == ["mtd list", "mtd bad spi-nand0"])
            let posts = Set(server.requests.filter { $0.method == "POST" }.map(\.target))
            #expect(posts == ["/console/exec", "/console/poll", isMT7621 ? "/backup" : "/backup/main"])
        }
    }

    @Test("Without it, bad blocks and places are unknown")
    func unknown() async throws {
        let failsafe = SimulatedFailsafe(SimulatedFailsafe.router())
        failsafe.change { $0.hasConsole = false }
        failsafe.change { $0.hasMMC = true }
        try await survey(failsafe) { flash, _ in
            let survey = flash.survey
            #expect(survey.chips.map(\.exactSize) == [1 << 20] && survey.chips.first?.kind == .nand)
            #expect(survey.partitions.map(\.offset) == [0, nil, nil, nil])
            let texts = survey.unknowns.map(\.text)
            #expect(texts.contains { $0.contains("console does not answer") }, "\(texts)")
            #expect(texts.count { $0.contains("its page sends other bytes in their place") } == 4, "\(texts)")
            #expect(survey.otherStorage?.map(\.text) == ["mmc0 (eMMC or SD card, 7.2 GiB)"])
        }
    }

    @Test("A page beyond repair is left out with its block, and the rest is read")
    func uncorrectable() async throws {
        let hardware = SimulatedFailsafe.router()
        let failsafe = SimulatedFailsafe(hardware)
        failsafe.change { $0.uncorrectable = [(6 << 17) + 70_000] }
        try await survey(failsafe) { flash, _ in
            let partition = try #require(flash.survey.partition(3))
            let bytes = try #require(SimulatedDumpPage.bytes(3, of: hardware))
            let range = 2 << 17..<4 << 17
            let chunk = try await flash.reader.chunk(range, of: partition)
            let unread = (2 << 17) + (64 << 10)..<3 << 17
            #expect(chunk.findings.map(\.range) == [unread] && chunk.findings.map(\.state) == [.unread])
            #expect(Array(chunk.bytes[..<(64 << 10)]) == Array(bytes[range.lowerBound..<unread.lowerBound]))
            #expect(Array(chunk.bytes[(1 << 17)...]) == Array(bytes[unread.upperBound..<range.upperBound]))
        }
    }

    @Test("The stock pages, which have no backup, are not taken for more")
    func stock() async throws {
        let failsafe = SimulatedFailsafe(SimulatedFailsafe.router())
        failsafe.change { $0.hasBackup = false }
        let error = await #expect(throws: FlashkeepError.self) { try await survey(failsafe) { _, _ in } }
        #expect(error?.code == .toolMissing && error?.next.contains("serial:/dev/ttyUSB0") == true)
        failsafe.change { $0.hasBackup = true }
        // A newer loader may have a backup in another form.
        failsafe.change { $0.info = .ok(Array("{\"parts\":[]}".utf8), type: "application/json") }
        let odd = await #expect(throws: FlashkeepError.self) { try await survey(failsafe) { _, _ in } }
        #expect(odd?.code == .replyNotUnderstood && odd?.what.hasPrefix("/backup") == true)
        failsafe.change { $0.info = nil }
        failsafe.change { $0.hardware.devices = [] }
        let none = await #expect(throws: FlashkeepError.self) { try await survey(failsafe) { _, _ in } }
        #expect(none?.code == .noPartitions)
    }

    @Test(
        "Only plain names are typed on the console",
        arguments: [
            "spi-nand0", "nmbm0", "a;reset", "a b", "$x", "a&&b", "", "-x", "a\nb", "é",
            String(repeating: "a", count: 65),
        ])
    func names(_ name: String) {
        let isPlain = ["spi-nand0", "nmbm0"].contains(name)
        #expect((FailsafeQuestion.DeviceName(name) != nil) == isPlain)
    }

    @Test(
        "Replies that are none",
        arguments: [
            "", "{", "null", "{\"mtd\":{}}", "{\"mtd\":{\"present\":true,\"parts\":[{\"name\":1,\"size\":2}]}}",
            "{\"mtd\":{\"present\":true,\"parts\":[{\"name\":\"a\",\"size\":-1}]}}",
            "{\"mtd\":{\"present\":true,\"parts\":[{\"name\":\"a\",\"size\":99999999999999999999999}]}}",
        ])
    func junk(_ text: String) {
        #expect(FailsafeFlash(Array(text.utf8)) == nil)
    }

    @Test("Impossible sizes and repeated names are left out and named")
    func hostile() throws {
        let text = """
            {"mtd":{"present":true,"type":3,"parts":[{"name":"c","size":1000,"master":true},
            {"name":"c","size":1000,"master":true},{"name":"a","size":9223372036854775808},{"name":"","size":5},
            {"name":"z","size":0},{"name":"b","size":500}]}}
            """
        let flash = try #require(FailsafeFlash(Array(text.utf8)))
        let system = try #require(FailsafeSystem(Array("{\"board\":{},\"storage\":{}}".utf8)))
        let survey = try FailsafeSurvey(system, flash, version: nil, devices: nil, badBlocks: [:]).survey
        #expect(survey.partitions.map(\.name) == ["c", "b"] && survey.chips.map(\.id) == ["c"])
        #expect(survey.table.doubts.count >= 5)
    }
}
