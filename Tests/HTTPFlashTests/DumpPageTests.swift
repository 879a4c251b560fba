import BoardChannels
import FlashAccess
import FlashModel
import Synchronization
import TestBoards
import TestSupport
import Testing

@testable import HTTPFlash

@Suite("A page of dumps")
struct DumpPageTests {
    private typealias Reply = TestWebServer.Reply

    /// Two NOR chips of different erase blocks, with an odd name.
    private static func hardware() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 8, blockSize: 1024, seed: 3)
        let other = SimulatedHardware.Flash("spi0.1", kind: .spiNOR, blocks: 4, blockSize: 2048, seed: 5)
        return SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1"), chips: [nor, other],
            devices: [
                nor.device(0, "u-boot", 0..<2), nor.device(1, "kernel", 2..<4), nor.device(2, "root \"fs\"", 4..<8),
                other.device(3, "data", 0..<4),
            ])
    }

    private func survey(
        _ page: SimulatedDumpPage, _ client: WebClient = .quick(), path: String? = nil,
        _ check: (SurveyedFlash, TestWebServer) async throws -> Void
    ) async throws {
        try await withServer({ page.reply($0) }) { server in
            let board = LinkedDumps(client, try server.address(path ?? page.folder))
            try await check(try await board.survey(), server)
        }
    }

    private func read(_ flash: SurveyedFlash, _ index: Int) async throws -> FlashChunk {
        let partition = try #require(flash.survey.partition(index))
        return try await flash.reader.chunk(0..<partition.size, of: partition)
    }

    private func error(
        _ page: SimulatedDumpPage, _ code: FlashkeepError.Code, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> FlashkeepError? {
        do {
            try await survey(page) { flash, _ in
                for partition in flash.survey.partitions { _ = try await read(flash, partition.index) }
            }
            Issue.record("there is no error", sourceLocation: sourceLocation)
        } catch let error as FlashkeepError {
            #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
            return error
        }
        return nil
    }

    // MARK: Surveys

    @Test("With a copy of /proc/mtd")
    func withTable() async throws {
        let hardware = Self.hardware()
        try await survey(SimulatedDumpPage(hardware)) { flash, _ in
            let survey = flash.survey
            #expect(survey.partitions.map(\.label) == ["mtd0", "mtd1", "mtd2", "mtd3"])
            #expect(survey.partitions.map(\.name) == hardware.devices.map(\.partition.name))
            #expect(survey.partitions.map(\.size) == hardware.devices.map(\.partition.size))
            #expect(survey.partitions.map(\.eraseBlockSize) == [1024, 1024, 1024, 2048])
            #expect(survey.partitions.map(\.offset) == [nil, nil, nil, nil] && survey.table == .complete)
            #expect(survey.partitions.first?.role == .bootloader)
            // Neither kinds nor sizes nor places are known.
            #expect(survey.chips.map(\.kind) == [.unknown, .unknown])
            #expect(survey.chips.map(\.size) == [.atLeast(4096), .atLeast(8192)])
            let subjects = Set(survey.unknowns.map(\.subject))
            #expect(subjects == [.chipSize, .partitionPlace, .badBlocks])
            #expect(flash.evidence.map(\.name) == ["page.html", "files.txt", "proc-mtd.txt"])
            #expect(flash.writer == nil && flash.transfer.transferName == "HTTP")
            for device in hardware.devices {
                let chunk = try await read(flash, device.partition.index)
                #expect(chunk.bytes == SimulatedDumpPage.bytes(device.partition.index, of: hardware))
                #expect(chunk.findings.isEmpty)
            }
            #expect(try await flash.layoutChanges().isEmpty)
        }
    }

    @Test("A copy of /proc/mtd that the page does not link to", arguments: DumpName.tables)
    func unlinkedTable(_ name: String) async throws {
        var page = SimulatedDumpPage(Self.hardware())
        page.hasTable = false
        let table = SimulatedDumpPage.table(page.hardware)
        page.replies[page.folder + name] = { _ in .ok(Array(table.utf8), type: "text/plain") }
        try await survey(page) { flash, _ in
            #expect(flash.survey.partitions.map(\.name).contains("kernel") && flash.survey.table == .complete)
        }
    }

    @Test("Without one")
    func withoutTable() async throws {
        var page = SimulatedDumpPage(Self.hardware())
        page.hasTable = false
        try await survey(page) { flash, _ in
            #expect(flash.survey.partitions.map(\.label) == ["mtd0", "mtd1", "mtd2", "mtd3"])
            #expect(flash.survey.partitions.map(\.eraseBlockSize) == [0, 0, 0, 0])
            #expect(flash.survey.table.doubts.first?.contains("there is no copy of /proc/mtd") == true)
            let read3 = try await read(flash, 3)
            #expect(read3.bytes == SimulatedDumpPage.bytes(3, of: page.hardware))
        }
        page.hardware.devices.remove(at: 1)
        page.more = "<a href=\"mtd2-rootfs.bin\">"
        let bytes = try #require(SimulatedDumpPage.bytes(2, of: page.hardware))
        page.replies[page.folder + "mtd2-rootfs.bin"] = { _ in .ok(bytes) }
        page.replies[page.folder + "mtd2.bin"] = { _ in .status(404) }
        try await survey(page) { flash, _ in
            #expect(flash.survey.partitions.map(\.name) == ["", "rootfs", ""])
            let doubts = flash.survey.table.doubts
            #expect(doubts.contains { $0.contains("no file of mtd1") }, "\(doubts)")
            #expect(doubts.contains { $0.contains("mtd2.bin is not used") && $0.contains("404") }, "\(doubts)")
        }
    }

    @Test("Files that contradict the table are named")
    func contradictions() async throws {
        var page = SimulatedDumpPage(Self.hardware())
        let bytes = try #require(SimulatedDumpPage.bytes(1, of: page.hardware))
        page.more = "<a href=mtd1-u-boot.bin><a href=mtd7.bin><a href=mtd0.bin.gz><a href=other.bin><a href=x.txt>"
        page.replies[page.folder + "mtd1-u-boot.bin"] = { _ in .ok(bytes) }
        page.replies[page.folder + "mtd7.bin"] = { _ in .ok(bytes) }
        page.replies[page.folder + "mtd3.bin"] = { _ in .ok(Array(repeating: 0, count: 8192 + 64)) }
        page.replies[page.folder + "mtd1.bin"] = { _ in .ok([1]) }
        try await survey(page) { flash, _ in
            let doubts = flash.survey.table.doubts
            for words in [
                "mtd1.bin and mtd1-u-boot.bin are both named after mtd1",
                "mtd1-u-boot.bin is named after mtd0 \"u-boot\"",
                "the page has mtd7.bin, but /proc/mtd lists no mtd7",
            ] { #expect(doubts.contains { $0.contains(words) }, "\(words): \(doubts)") }
            // Beside a good dump, a packed one casts no doubt on anything.
            #expect(flash.survey.warnings.contains("the file mtd0.bin.gz is not used because it is compressed"))
            #expect(flash.survey.partitions.map(\.index) == [0, 1, 2, 3])
            #expect(flash.survey.unreadable.map(\.partition) == [3])
            let reason = flash.survey.unreadable.first?.reason
            #expect(
                reason?.hasPrefix("the file mtd3.bin is not used because it has 8256 bytes, more than the 8192") == true
            )
            #expect(flash.survey.warnings.contains { $0.contains("other.bin") && !$0.contains("x.txt") })
            // The one with the right size is used.
            let read1 = try await read(flash, 1)
            #expect(read1.bytes == bytes)
        }
    }

    @Test("A table with files missing and lines that are none")
    func missing() async throws {
        var page = SimulatedDumpPage(Self.hardware())
        let table = SimulatedDumpPage.table(page.hardware) + "mtd9: 00001000 00000400 \"lost\"\nmtd10: what\n"
        page.replies[page.folder + "proc-mtd.txt"] = { _ in .ok(Array(table.utf8)) }
        try await survey(page) { flash, _ in
            let doubts = flash.survey.table.doubts
            #expect(doubts.contains { $0.contains("a line of /proc/mtd was not understood: \"mtd10: what\"") })
            #expect(flash.survey.partition(9)?.name == "lost")
            #expect(flash.survey.unreadable == [CoverSkip(partition: 9, reason: "the page has no file of it")])
            let cover = ReadCoverage.plan(flash.survey)
            #expect(cover.view(of: 9) == nil && cover.skipped == flash.survey.unreadable && cover.images.count == 4)
            do {
                _ = try await read(flash, 9)
                Issue.record("it was read")
            } catch let error as FlashkeepError {
                #expect(error.code == .partitionVanished)
            }
        }
    }

    @Test("A dump shorter than its partition: the rest is named as unread")
    func short() async throws {
        var page = SimulatedDumpPage(Self.hardware())
        let bytes = Array(try #require(SimulatedDumpPage.bytes(2, of: page.hardware)).prefix(1500))
        page.replies[page.folder + "mtd2.bin"] = { Reply.ok(bytes).ranged($0) }
        try await survey(page) { flash, _ in
            #expect(flash.survey.warnings.contains { $0.contains("mtd2.bin has only 1500 of the 4096 bytes") })
            let chunk = try await read(flash, 2)
            #expect(chunk.bytes == bytes + [UInt8](repeating: 0xFF, count: 4096 - 1500))
            #expect(chunk.findings.map(\.range) == [1500..<4096] && chunk.findings.map(\.state) == [.unread])
            #expect(chunk.findings.first?.detail?.contains("ends at 0x000005dc") == true)
        }
    }

    @Test(
        "Sizes that no flash has are refused",
        arguments: ["9223372036854775808", "9223372036854775807", "1125899906842625", "-5", "x", ""])
    func hostileSizes(_ length: String) async throws {
        for hasTable in [true, false] {
            var page = SimulatedDumpPage(Self.hardware())
            page.hasTable = hasTable
            page.replies[page.folder + "mtd1.bin"] = { _ in Reply(body: [1, 2, 3], length: length) }
            do {
                try await survey(page) { flash, _ in
                    #expect(flash.survey.partitions.map(\.index) == (hasTable ? [0, 1, 2, 3] : [0, 2, 3]))
                    let doubts = flash.survey.table.doubts + flash.survey.unreadable.map(\.reason)
                    #expect(
                        doubts.contains { $0.contains("mtd1.bin is not used") && $0.contains("length") }, "\(doubts)")
                    #expect(flash.survey.unreadable.map(\.partition) == (hasTable ? [1] : []))
                }
            } catch let error as FlashkeepError {
                // The library refuses some by itself.
                #expect(error.code == .replyNotUnderstood, "\(length): \(error)")
            }
        }
    }

    // MARK: Trouble

    @Test("Pages in place of dumps")
    func pages() async throws {
        var page = SimulatedDumpPage(Self.hardware())
        for index in 0...3 {
            page.replies[page.folder + "mtd\(index).bin"] = { _ in .page("\n <!DOCTYPE HTML><html>Login</html>") }
        }
        let all = try await error(page, .replyNotUnderstood)
        #expect(all?.why.contains("it is a web page, perhaps a login") == true)
        #expect(all?.next.contains("login") == true)
        // A redirect to a login.
        for index in 0...3 { page.replies[page.folder + "mtd\(index).bin"] = { _ in .redirect(302, to: "/login") } }
        page.replies["/login"] = { _ in .page("<html>Login</html>") }
        #expect(try await error(page, .replyNotUnderstood)?.why.contains("login") == true)
        // Only later.
        let count = Mutex(0)
        var later = SimulatedDumpPage(Self.hardware())
        let bytes = try #require(SimulatedDumpPage.bytes(1, of: later.hardware))
        later.replies[later.folder + "mtd1.bin"] = { _ in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            return isFirst
                ? .ok(bytes)
                : Reply(headers: [("Content-Type", "text/html")], body: Array("<html>".utf8), length: "\(bytes.count)")
        }
        #expect(try await error(later, .replyNotUnderstood)?.what == "mtd1.bin is a web page, not a dump.")
    }

    @Test("A partition that begins like a page, and has its size", arguments: [true, false])
    func contentLikeAPage(_ hasRanges: Bool) async throws {
        var page = SimulatedDumpPage(Self.hardware())
        let text = Array("<!DOCTYPE html><html><body>Settings".utf8)
        let bytes = text + [UInt8](repeating: 0xFF, count: 2048 - text.count)
        page.replies[page.folder + "mtd1.bin"] = { hasRanges ? Reply.ok(bytes).ranged($0) : .ok(bytes) }
        try await survey(page) { flash, _ in
            #expect(flash.survey.unreadable.isEmpty && flash.survey.table == .complete)
            let chunk = try await read(flash, 1)
            #expect(chunk.bytes == bytes && chunk.findings.isEmpty)
        }
    }

    @Test("A server that packs dumps")
    func packed() async throws {
        var page = SimulatedDumpPage(Self.hardware())
        page.replies[page.folder + "mtd1.bin"] = { _ in
            Reply(headers: [("Content-Encoding", "gzip")], body: [0x1F, 0x8B], length: "2")
        }
        try await survey(page) { flash, server in
            let reasons = flash.survey.unreadable.map(\.reason)
            #expect(reasons == ["the file mtd1.bin is not used because the server packs it (gzip)"])
            let dumps = server.requests.filter { $0.target.hasSuffix(".bin") }
            #expect(dumps.allSatisfy { $0.headers["accept-encoding"] == "identity" } && dumps.count == 4)
        }
    }

    @Test("A transfer that breaks off is taken up again", arguments: [true, false])
    func brokenOff(_ hasRanges: Bool) async throws {
        var page = SimulatedDumpPage(Self.hardware())
        page.hasRanges = hasRanges
        let bytes = try #require(SimulatedDumpPage.bytes(3, of: page.hardware))
        let count = Mutex(0)
        page.replies[page.folder + "mtd3.bin"] = { request in
            let number = count.withLock { count in
                count += 1
                return count
            }
            var reply = Reply.ok(bytes)
            // The first request is that of the survey.
            if number > 1, number < 4 { reply.cutAt = 3000 + 1000 * number }
            return hasRanges ? reply.ranged(request) : reply
        }
        try await survey(page) { flash, server in
            let chunk = try await read(flash, 3)
            #expect(chunk.bytes == bytes && chunk.findings.isEmpty)
            let ranges = server.requests.filter { $0.target.hasSuffix("mtd3.bin") }.map { $0.headers["range"] }
            #expect(ranges == [nil, nil, "bytes=5000-", "bytes=6000-"])
        }
    }

    @Test("One that ends at the same place each time is an error that names it", arguments: [true, false])
    func truncated(_ hasRanges: Bool) async throws {
        var page = SimulatedDumpPage(Self.hardware())
        let bytes = try #require(SimulatedDumpPage.bytes(3, of: page.hardware))
        page.replies[page.folder + "mtd3.bin"] = { request in
            var reply = Reply.ok(bytes)
            reply.cutAt = 5000
            return hasRanges ? reply.ranged(request) : reply
        }
        let error = try await error(page, .unreadable)
        #expect(error?.what == "The download of mtd3.bin ends at 0x00001388 of 0x00002000.")
    }

    @Test("One that breaks off at two places in turn is given up", .timeLimit(.minutes(1)))
    func alternating() async throws {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 48, blockSize: 64 << 10, seed: 3)
        var page = SimulatedDumpPage(
            SimulatedHardware(
                identity: BoardIdentity(), chips: [nor], devices: [nor.device(0, "firmware", 0..<48)]))
        page.hasRanges = false
        let bytes = try #require(SimulatedDumpPage.bytes(0, of: page.hardware))
        let count = Mutex(0)
        page.replies[page.folder + "mtd0.bin"] = { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            var reply = Reply.ok(bytes)
            if number > 1 { reply.cutAt = number.isMultiple(of: 2) ? 0 : 2 << 20 + number }
            return reply
        }
        #expect(try await error(page, .boardLost) != nil)
        #expect(count.withLock { $0 } < 10)
    }

    @Test("A server that stalls", .timeLimit(.minutes(1)))
    func stalled() async throws {
        var page = SimulatedDumpPage(Self.hardware())
        let bytes = try #require(SimulatedDumpPage.bytes(3, of: page.hardware))
        page.replies[page.folder + "mtd3.bin"] = { _ in
            var reply = Reply.ok(bytes)
            reply.stallAt = 700
            return reply
        }
        _ = try await error(page, .noReplyInTime)
    }

    @Test("Files that change between survey and reading")
    func changed() async throws {
        let bytes = try #require(SimulatedDumpPage.bytes(1, of: Self.hardware()))
        let later: [(FlashkeepError.Code, Reply)] = [
            (.layoutChanged, .ok(bytes + [1])), (.layoutChanged, .ok(Array(bytes.dropLast()))),
            (.partitionVanished, .status(404)), (.replyNotUnderstood, .status(500)),
            (.layoutChanged, Reply(body: bytes)), (.layoutChanged, .status(416)),
            (.layoutChanged, Reply(headers: [("ETag", "\"2\"")], body: bytes, length: "\(bytes.count)")),
            (
                .replyNotUnderstood,
                Reply(status: 206, headers: [("Content-Range", "bytes 9-20/30")], body: bytes, length: "\(bytes.count)")
            ),
        ]
        for (code, reply) in later {
            let count = Mutex(0)
            var page = SimulatedDumpPage(Self.hardware())
            page.replies[page.folder + "mtd1.bin"] = { _ in
                let isFirst = count.withLock { count in
                    count += 1
                    return count == 1
                }
                return isFirst ? Reply(headers: [("ETag", "\"1\"")], body: bytes, length: "\(bytes.count)") : reply
            }
            #expect(try await error(page, code) != nil)
        }
    }

    // MARK: Other addresses

    @Test("Addresses without dumps say what is there")
    func otherPages() async throws {
        let pages: [(Reply, FlashkeepError.Code, String)] = [
            (.page("<html><a href=\"/cgi-bin/luci\">"), .noPartitions, "luci://root@127.0.0.1"),
            (.page("<html><a href=a.txt>x"), .noPartitions, "names such as mtd3.bin"),
            (.page("<html><a href=rootfs.bin>x"), .noPartitions, "names such as mtd3.bin"),
            (.status(404, "gone"), .replyNotUnderstood, "browser"),
            (.status(403, "no"), .authenticationFailed, "index.html"),
            (.ok([0, 1, 2]), .replyNotUnderstood, "folder or page"),
        ]
        for (reply, code, words) in pages {
            try await withServer { request in
                request.target == "/" ? reply : .status(404)
            } _: { server in
                let board = try await WebBoard.open(
                    server.url("/"), .page, WebSettings(), transcript: TranscriptLog(), clock: { .zero })
                let error = await #expect(throws: FlashkeepError.self) { _ = try await board.survey() }
                #expect(error?.code == code && error?.next.contains(words) == true, "\(String(describing: error))")
            }
        }
    }

    @Test("A page behind a redirect and a login")
    func behindLogin() async throws {
        let page = SimulatedDumpPage(Self.hardware())
        try await withServer { request in
            if request.target == "/mtd_backup" { return .redirect(301, to: "/mtd_backup/") }
            guard request.headers["authorization"] == "Basic cm9vdDpzZWNyZXQgd29yZA==" else {
                var reply = Reply.status(401)
                reply.headers.append(("WWW-Authenticate", "Basic realm=\"x\""))
                return reply
            }
            return page.reply(request)
        } _: { server in
            var settings = WebSettings()
            settings.credentials = WebCredentials(user: "root", password: { "secret word" })
            let board = try await WebBoard.open(
                server.url("/mtd_backup"), .page, settings, transcript: TranscriptLog(), clock: { .zero })
            let flash = try await board.survey()
            #expect(flash.survey.partitions.count == 4)
            #expect(try await flash.layoutChanges().isEmpty)
            #expect(server.requests.filter { $0.target == "/mtd_backup" }.count == 1)
        }
    }

    @Test("A listing with thousands of links, and names with control characters")
    func large() async throws {
        var page = SimulatedDumpPage(Self.hardware())
        page.hasTable = false
        page.more =
            (0..<5_000).map { "<a href=\"log\($0).txt\">x</a>" }.joined() + "<a href=\"mtd4-%1b%5b31m%0ax.bin\">"
        page.replies[page.folder + "mtd4-%1b%5b31m%0ax.bin"] = { _ in .ok([7, 8, 9]) }
        try await survey(page) { flash, server in
            #expect(flash.survey.partition(4)?.name == "\u{1B}[31m\nx")
            let read4 = try await read(flash, 4)
            #expect(read4.bytes == [7, 8, 9])
            #expect(server.requests.count < 20)
            for text in flash.survey.warnings + flash.survey.unknowns.map(\.text) {
                #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "\(text)")
            }
        }
    }

    @Test("Nothing but GET of the page and its files is sent")
    func onlyReads() async throws {
        try await survey(SimulatedDumpPage(Self.hardware())) { flash, server in
            for index in 0...3 { _ = try await read(flash, index) }
            #expect(server.requests.allSatisfy { $0.method == "GET" && $0.target.hasPrefix("/mtd_backup/") })
        }
    }
}
