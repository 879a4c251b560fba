import BackupBags
import FlashAccess
import FlashModel
import Operations
import TestBoards
import Testing

@testable import flashkeep

/// What a user learns about a backup from web pages.
@Suite("No claim beyond what web pages show", .serialized)
struct WebClaimTests {
    private static func hardware() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 8, blockSize: 1024, seed: 3)
        return SimulatedHardware(
            identity: BoardIdentity(), chips: [nor],
            devices: [nor.device(0, "u-boot", 0..<2), nor.device(1, "firmware", 2..<8)])
    }

    @Test(
        "Dumps on a page, whatever is beside them",
        arguments: [(true, "the size of chip0 is unknown"), (false, "there is no copy of /proc/mtd beside the dumps")])
    func page(_ hasTable: Bool, _ words: String) async throws {
        var page = SimulatedDumpPage(Self.hardware())
        page.hasTable = hasTable
        let served = page
        let server = try TestWebServer { served.reply($0) }
        defer { server.stop() }
        let made = try await ClaimTests.back(up: try server.connector())
        try await ClaimTests.expectUnknown(made, words)
        #expect(made.printed.contains("every image was read twice, and both reads agreed"))
    }

    @Test("A partition without a file is missing by name")
    func missing() async throws {
        let hardware = Self.hardware()
        var page = SimulatedDumpPage(hardware)
        page.replies[page.folder + "mtd1.bin"] = { _ in .status(404) }
        let served = page
        let server = try TestWebServer { served.reply($0) }
        defer { server.stop() }
        let made = try await ClaimTests.back(up: try server.connector())
        let words = "the file mtd1.bin is not used because the server replies with status 404"
        let summary = made.report.summary
        #expect(summary.missing == ["mtd1 \"firmware\" (6 KiB) is not in it: \(words)"], "\(summary.sentences)")
        #expect(summary.wholeness == "The backup is not whole:" && made.status == .notWhole)
        for text in [made.restoreText, made.printed] {
            #expect(text.contains("is not whole") && text.contains(words), "\(text.prefix(3_000))")
        }
        // Of what never came, there is no image that somebody could write.
        #expect(made.report.manifest.images.map(\.size) == [2048])
        #expect(made.restoreText.contains("### mtd0") && !made.restoreText.contains("### mtd1"))
        let verified = try await Verify.run(bag: made.bag)
        #expect(verified.ok && verified.summary == summary, "\(verified.problems)")
        let info = try await SurveyBoard.run(try server.connector(), environment: .simulated())
        let text = SurveyText.text(info, typedAddress: ["x"], width: 200, style: .plain, isVerbose: false)
        #expect(text.contains("The file mtd1.bin is not used because the server replies with status 404"), "\(text)")
    }

    @Test("LuCI, of either generation", arguments: [true, false])
    func luci(_ isNew: Bool) async throws {
        let server =
            isNew
            ? try SimulatedLuCI(Self.hardware()).server() : try SimulatedLuaLuCI(Self.hardware()).server()
        defer { server.stop() }
        let made = try await ClaimTests.back(up: try server.connector("luci", password: "secret word"))
        try await ClaimTests.expectUnknown(made, "NAND has bad blocks, which LuCI does not show")
    }
}
