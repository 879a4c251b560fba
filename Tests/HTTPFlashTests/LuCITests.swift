import BoardChannels
import FlashAccess
import FlashModel
import Synchronization
import SystemPackage
import TestBoards
import TestSupport
import Testing

@testable import HTTPFlash

@Suite("LuCI, both generations")
struct LuCITests {
    /// Without blanks in names, which LuCI in Lua does not list.
    static func hardware() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 8, blockSize: 1024, seed: 3)
        return SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme"), chips: [nor],
            devices: [
                nor.device(0, "u-boot", 0..<2), nor.device(1, "firmware", 2..<7), nor.device(2, "art", 7..<8),
            ])
    }

    private static func board(
        _ server: TestWebServer, password: String? = "secret word", key: String? = nil,
        log: TranscriptLog = TranscriptLog()
    ) async throws -> any FlashBoard {
        var settings = WebSettings()
        settings.serverKey = key
        settings.limits.stall = .milliseconds(600)
        settings.credentials = WebCredentials(user: "root", password: { password })
        return try await WebBoard.open(server.url("/"), .luci, settings, transcript: log, clock: { .zero })
    }

    private func error(
        _ code: FlashkeepError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
    ) async -> FlashkeepError? {
        let error = await #expect(throws: FlashkeepError.self, sourceLocation: sourceLocation) { try await body() }
        #expect(error?.code == code, "\(String(describing: error))", sourceLocation: sourceLocation)
        return error
    }

    private func read(_ flash: SurveyedFlash, _ index: Int) async throws -> FlashChunk {
        let partition = try #require(flash.survey.partition(index))
        return try await flash.reader.chunk(0..<partition.size, of: partition)
    }

    // MARK: ubus

    @Test("The new one is surveyed and read")
    func new() async throws {
        let luci = SimulatedLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        let board = try await Self.board(server)
        #expect(board.accessMethod == "LuCI (cgi-download)")
        let flash = try await board.survey()
        #expect(flash.survey.board.model == "Acme R1" && flash.survey.board.distribution == "OpenWrt 23.05.0")
        #expect(flash.survey.partitions.map(\.name) == ["u-boot", "firmware", "art"])
        #expect(flash.survey.partitions.map(\.isLive) == [false, true, false])
        // mtdblock on NAND hides bad blocks, and the type of flash is not shown.
        #expect(flash.survey.partitions.allSatisfy { $0.badBlocks?.isComplete == false })
        #expect(Set(flash.survey.unknowns.map(\.subject)) == [.chipSize, .partitionPlace, .badBlocks])
        for index in 0...2 {
            let chunk = try await read(flash, index)
            #expect(chunk.bytes == SimulatedDumpPage.bytes(index, of: Self.hardware()) && chunk.findings.isEmpty)
        }
        let partition = try #require(flash.survey.partition(1))
        let part = try await flash.reader.chunk(1000..<1030, of: partition)
        #expect(part.bytes == Array(try #require(SimulatedDumpPage.bytes(1, of: Self.hardware()))[1000..<1030]))
        #expect(try await flash.layoutChanges().isEmpty)
        // Nothing but these was sent, and no file name, which an underscore in the host name would spoil.
        let sent = Set(server.requests.map { "\($0.method) \($0.target)" })
        #expect(sent == ["GET /", "POST /ubus", "POST /cgi-bin/cgi-download"])
        let downloads = server.requests.filter { $0.target == "/cgi-bin/cgi-download" }
        #expect(downloads.allSatisfy { Set($0.form.keys) == ["sessionid", "path", "mimetype"] })
    }

    /// JSON escapes characters, and a search for a short password would blank half of the text.
    @Test(
        "The password and the session are in no transcript", arguments: ["secret word", "pa/ss\"\\w", "a/c", "xyz"])
    func transcript(_ password: String) async throws {
        let luci = SimulatedLuCI(Self.hardware())
        luci.change { $0.password = password }
        let server = try luci.server()
        defer { server.stop() }
        let scratch = try ScratchFolder()
        let log = try TranscriptLog(copy: scratch.path.appending("copy"))
        log.attach(scratch.path.appending("transcript"))
        let flash = try await Self.board(server, password: password, log: log).survey()
        _ = try await read(flash, 0)
        log.close()
        let texts = ["copy", "transcript"].map {
            String(decoding: ScratchFolder.read(scratch.path.appending($0)), as: UTF8.self)
        }
        for text in texts {
            #expect(text.contains("POST \(server.url("/cgi-bin/cgi-download"))") && text.contains("mtdblock0"))
            #expect(!text.contains("000000000000000a001") && text.contains("POST \(server.url("/ubus"))"))
            let escaped = password.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("/", with: "\\/")
            #expect(!text.contains(password) && !text.contains(escaped), "\(escaped)")
            #expect(text.contains("2048 bytes with flash data, crc32 "))
        }
        // Only the copy that the user asks for has the flash.
        #expect(texts[0].utf8.count > texts[1].utf8.count + 1_000)
    }

    @Test("A session that ends is renewed, once")
    func sessions() async throws {
        let luci = SimulatedLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        let flash = try await Self.board(server).survey()
        luci.change { $0.sessionLife = 1 }
        for index in [0, 1, 2, 1] {
            let chunk = try await read(flash, index)
            #expect(chunk.bytes == SimulatedDumpPage.bytes(index, of: Self.hardware()))
        }
        luci.change { $0.sessionLife = 0 }
        #expect(try await flash.layoutChanges().isEmpty)
        luci.change { $0.hasRights = false }
        let rights = await error(.notRoot) { _ = try await read(flash, 0) }
        #expect(rights?.why.contains("Download permission denied") == true)
    }

    @Test("Wrong passwords, none, and users without rights")
    func refusals() async throws {
        let luci = SimulatedLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        let wrong = await error(.authenticationFailed) { _ = try await Self.board(server, password: "x") }
        #expect(wrong?.what.contains("refuses the password of root") == true)
        _ = await error(.passwordNeeded) { _ = try await Self.board(server, password: nil) }
        // Without one nothing is sent but a look at the first page.
        #expect(server.requests.map(\.target) == ["/", "/ubus", "/"])
        luci.change { $0.hasRights = false }
        let rights = await error(.notRoot) { _ = try await Self.board(server).survey() }
        #expect(rights?.why.contains("luci-mod-system-flash") == true)
    }

    @Test("With the key of a server, no password is sent to one without TLS")
    func withoutTLS() async throws {
        let key = "sha256//" + String(repeating: "A", count: 43) + "="
        let new = try SimulatedLuCI(Self.hardware()).server()
        defer { new.stop() }
        let old = try SimulatedLuaLuCI(Self.hardware()).server()
        defer { old.stop() }
        for server in [new, old] {
            let found = await error(.hostKeyUnknown) { _ = try await Self.board(server, key: key) }
            #expect(found?.why.contains("--https-key") == true)
            #expect(server.requests.map(\.method) == ["GET"])
        }
    }

    @Test("The texts of cgi-io are explained")
    func explained() async throws {
        let luci = SimulatedLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        let flash = try await Self.board(server).survey()
        luci.change { $0.withoutBlockDevice = [1] }
        let gone = await error(.partitionVanished) { _ = try await read(flash, 1) }
        #expect(gone?.what.contains("no /dev/mtdblock1") == true)
        let cases: [(TestWebServer.Reply, FlashkeepError.Code, String)] = [
            (.status(403, "Access to path denied by ACL\n"), .notRoot, "luci-mod-system-flash"),
            (.status(403, "Requested path is not a regular file or block device\n"), .notRoot, "not a regular file"),
            (.status(400, "Invalid characters in filename\n"), .unreadable, "Invalid characters in filename"),
            (.status(500, "Failed to open requested path\n"), .unreadable, "Failed to open"),
            (.ok([1, 2, 3]), .layoutChanged, "3 bytes"), (.page("<html>login"), .layoutChanged, "11 bytes"),
            (TestWebServer.Reply(body: [1, 2]), .layoutChanged, "no length"),
        ]
        for (reply, code, words) in cases {
            luci.change { $0.download = reply }
            let found = await error(code) { _ = try await read(flash, 0) }
            #expect(found?.why.contains(words) == true, "\(String(describing: found))")
        }
    }

    @Test("A download that NAND cuts short names the place, and SSH")
    func truncated() async throws {
        let luci = SimulatedLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        luci.change { $0.readErrors = [1: 3072] }
        let flash = try await Self.board(server).survey()
        let error = await error(.unreadable) { _ = try await read(flash, 1) }
        #expect(error?.what == "The download of mtd1 \"firmware\" ends at 0x00000c00 of 0x00001400, each time.")
        #expect(error?.next.contains("flashkeep backup root@127.0.0.1") == true)
        #expect(error?.why.contains("mtdblock1") == true)
    }

    @Test("A redirect to another host is not followed, and the password not sent there")
    func redirected() async throws {
        let luci = SimulatedLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        luci.change { $0.redirect = "http://192.0.2.1/" }
        _ = await error(.replyNotUnderstood) { _ = try await Self.board(server) }
        #expect(server.requests.map(\.target) == ["/"])
    }

    @Test("A server without LuCI")
    func none() async throws {
        try await withServer {
            $0.target == "/" ? .page("<html>") : .status(404)
        } _: { server in
            let error = await error(.replyNotUnderstood) { _ = try await Self.board(server) }
            #expect(error?.what.contains("There is no LuCI") == true)
        }
        try await withServer {
            $0.target == "/" ? .page("<html>") : .redirect(307, to: "https://127.0.0.1/ubus")
        } _: {
            server in
            let error = await error(.replyNotUnderstood) { _ = try await Self.board(server) }
            #expect(error?.next.contains("luci+https://") == true)
        }
        for junk in [
            "", "{", "[]", "{\"result\":[]}", "{\"result\":[0]}", "{\"result\":[\"x\"]}", "{\"result\":{}}", "null",
        ] {
            try await withServer { request in
                request.target == "/ubus"
                    ? .ok(Array(junk.utf8)) : request.target == "/" ? .page("<html>") : .status(404)
            } _: { server in
                _ = await error(.replyNotUnderstood) { _ = try await Self.board(server) }
            }
        }
    }

    // MARK: Lua

    @Test("The old one is surveyed and read", arguments: [nil, "0123456789abcdef"])
    func old(_ stok: String?) async throws {
        let luci = SimulatedLuaLuCI(Self.hardware())
        luci.change { $0.stok = stok }
        let server = try luci.server()
        defer { server.stop() }
        let board = try await Self.board(server)
        #expect(board.accessMethod == "LuCI (backupmtdblock)")
        let flash = try await board.survey()
        #expect(flash.survey.partitions.map(\.title) == ["mtd0 \"u-boot\"", "mtd1 \"firmware\"", "mtd2 \"art\""])
        #expect(flash.survey.table.doubts.first?.contains("rootfs_data") == true)
        for index in 0...2 {
            let chunk = try await read(flash, index)
            #expect(chunk.bytes == SimulatedDumpPage.bytes(index, of: Self.hardware()) && chunk.findings.isEmpty)
        }
        #expect(try await flash.layoutChanges().isEmpty)
        // The manifest and `info --verbose` have these.
        #expect(!flash.transfer.commands.isEmpty && flash.transfer.commands.allSatisfy { !$0.contains("stok") })
        let base = "/cgi-bin/luci" + (stok.map { "/;stok=\($0)" } ?? "")
        let sent = Set(server.requests.map { "\($0.method) \($0.target)" })
        #expect(
            sent == [
                "GET /", "POST /ubus", "POST /cgi-bin/luci/", "GET \(base)/admin/system/flashops",
                "POST \(base)/admin/system/flashops/backupmtdblock",
            ])
        let page = try #require(flash.evidence.first { $0.name == "flashops.html" })
        #expect(!String(decoding: page.bytes, as: UTF8.self).contains("0123456789abcdef0123456789abcdef"))
    }

    @Test("A session of the old one that ends is renewed")
    func oldSessions() async throws {
        let luci = SimulatedLuaLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        let flash = try await Self.board(server).survey()
        luci.change { $0.sessionLife = 1 }
        for index in 0...2 {
            let chunk = try await read(flash, index)
            #expect(chunk.bytes == SimulatedDumpPage.bytes(index, of: Self.hardware()))
        }
        // The last look at the board comes after the longest pause.
        luci.change { $0.sessionLife = 0 }
        #expect(try await flash.layoutChanges().isEmpty)
        luci.change { $0.password = "another" }
        luci.change { $0.sessionLife = 0 }
        _ = await error(.authenticationFailed) { _ = try await flash.layoutChanges() }
        _ = await error(.authenticationFailed) { _ = try await read(flash, 0) }
    }

    @Test("Without a length: too few bytes, too many, and no end")
    func lengths() async throws {
        let luci = SimulatedLuaLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        let flash = try await Self.board(server).survey()
        luci.change { $0.endsAt = [1: 4096] }
        let short = await error(.unreadable) { _ = try await read(flash, 1) }
        #expect(short?.what == "The download of mtd1 \"firmware\" ends at 0x00001000 of 0x00001400, each time.")
        luci.change { $0.isEndless = true }
        luci.change { $0.endsAt = [:] }
        let long = await error(.layoutChanged) { _ = try await read(flash, 1) }
        #expect(long?.what == "mtd1 \"firmware\" has more bytes than it should have.")
    }

    @Test("The old one: a wrong password, and firmware without the form")
    func oldRefusals() async throws {
        let luci = SimulatedLuaLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        _ = await error(.authenticationFailed) { _ = try await Self.board(server, password: "x") }
        luci.change { $0.hasForm = false }
        let form = await error(.toolMissing) { _ = try await Self.board(server).survey() }
        #expect(form?.next.contains("SSH") == true)
    }

    @Test(
        "Choices that are none",
        arguments: [
            "u-boot/100", "u-boot/100/1;reboot", "u-boot/1e3/0", "/100/0", "a/b/c/0", "x/9223372036854775808/0",
            "x/-1/0", "x/100/99999999", "x/0/1", "$(reboot)/100/$(id)",
        ])
    func choices(_ value: String) {
        let html =
            "<input name=token value=abc><select name=mtdblockname><option value=\"\(value)\"><option value=a/1/7>"
        let page = LuaPage(Array(html.utf8))
        #expect(page.choices.map(\.index) == [7] && page.strays.count == 1 && page.token == "abc")
    }
}
