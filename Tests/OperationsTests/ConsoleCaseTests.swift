import BackupBags
import BoardAccess
import FlashAccess
import FlashModel
import Foundation
import LinuxFlash
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing
import UBootFlash

/// Boards whose consoles their owners posted, from the address to the bytes: what they print is word for word theirs, and
/// behind it is simulated flash.
@Suite("Boards as they are out there, backed up", .serialized, .timeLimit(.minutes(3)))
struct ConsoleCaseTests {
    /// A board that answers as a posted console.
    static func scenario(_ name: String, prompt: String) throws -> UBootScenario {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "UBootFlashTests/Fixtures/UBootConsoles/board-\(name).txt")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        var scenario = UBootScenario()
        scenario.prompt = prompt
        scenario.commands = []
        scenario.variables = [:]
        for exchange in ("\n" + text).components(separatedBy: "\n" + prompt).dropFirst() {
            let lines = exchange.components(separatedBy: "\n")
            scenario.answers[lines[0]] = lines.dropFirst().joined(separator: "\n") + "\n"
        }
        #expect(scenario.answers.count >= 3, "\(name)")
        for line in (scenario.answers["help"] ?? "").components(separatedBy: "\n") {
            if let command = line.split(whereSeparator: { $0 == " " || $0 == "-" }).first {
                scenario.allow(String(command))
            }
        }
        return scenario
    }

    /// Flash of which little is not blank: each byte costs four characters.
    static func flash(
        _ id: String, kind: Chip.Kind, size: Int, block: Int, page: Int = 1, oob: Int = 0, bad: Set<Int> = []
    ) -> SimulatedHardware.Flash {
        var flash = SimulatedHardware.Flash(
            id, kind: kind, blocks: size / block, blockSize: block, pageSize: page, oobSize: oob, badBlocks: bad,
            seed: 9)
        for position in flash.bytes.indices where position >= 0x900 && position < size - 0x500 {
            flash.bytes[position] = 0xFF
        }
        return flash
    }

    static func backUp(
        _ scenario: UBootScenario, given: GivenMemory = GivenMemory(), stopKey: [UInt8]? = nil,
        password: String? = nil, board: SimulatedUBoot? = nil, in folder: ScratchFolder
    ) async throws -> BackupReport {
        let board = board ?? SimulatedUBoot(scenario)
        var settings = ConsoleConnector.Settings(
            stopKey: stopKey, powerCycle: { board.powerOn() }, timing: .simulated)
        settings.given = given
        let connector = ConsoleConnector(
            opener: board, credentials: Credentials(password: { password }), environment: .simulated(),
            settings: settings)
        let report = try await Backup.run(
            connector, options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
            environment: .simulated())
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
        return report
    }

    /// The bytes of the images in the order of the chips' offsets, and the flash: they must be the same.
    static func expectSame(_ report: BackupReport, _ scenario: UBootScenario, _ chip: String) throws {
        var flash = try #require(scenario.hardware.chips[chip])
        for block in flash.badBlocks {
            let size = flash.chip.eraseBlockSize
            for position in block * size..<(block + 1) * size { flash.bytes[position] = 0xFF }
        }
        var bytes: [UInt8] = []
        for image in report.manifest.images.sorted(by: { ($0.offset ?? 0) < ($1.offset ?? 0) }) {
            #expect(image.offset == bytes.count)
            bytes += ScratchFolder.read(FilePath(report.bag).appending(image.path))
        }
        // Not within the macro: of large arrays that differ it would compute the difference for hours.
        let isSame = bytes == flash.bytes
        let first = zip(bytes, flash.bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        #expect(isSame, "\(bytes.count) of \(flash.bytes.count) bytes; the first that differs is at \(first ?? -1)")
    }

    @Test("AR7240: flash by bdinfo, partitions by bootargs")
    func atheros() async throws {
        var scenario = try Self.scenario("ath79-flinfo-joke", prompt: "ar7240> ")
        scenario.memory = 0x8000_0000..<0x8200_0000
        scenario.hardware.chips["nor0"] = Self.flash("nor0", kind: .nor, size: 4 << 20, block: 64 << 10)
        scenario.bases["nor0"] = 0x9F00_0000
        let folder = try ScratchFolder()
        let report = try await Self.backUp(scenario, in: folder)
        #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        #expect(report.manifest.partitions.map(\.name) == ["u-boot", "kernel", "rootfs", "config", "ART"])
        try Self.expectSame(report, scenario, "nor0")
    }

    @Test("An address line too few: half of what bdinfo reports is a repetition, and the backup is not called whole")
    func mirrored() async throws {
        var scenario = try Self.scenario("ath79-flinfo-joke", prompt: "ar7240> ")
        scenario.memory = 0x8000_0000..<0x8200_0000
        var flash = Self.flash("nor0", kind: .nor, size: 4 << 20, block: 64 << 10)
        for position in 0..<2 << 20 { flash.bytes[position + (2 << 20)] = flash.bytes[position] }
        scenario.hardware.chips["nor0"] = flash
        scenario.bases["nor0"] = 0x9F00_0000
        let folder = try ScratchFolder()
        let report = try await Self.backUp(scenario, in: folder)
        #expect(!report.summary.isWhole)
        #expect(report.summary.unknown.contains { $0.contains("same bytes") }, "\(report.summary.sentences)")
    }

    @Test("hornet: without --flash an error that names it, with it a backup")
    func hornet() async throws {
        var scenario = try Self.scenario("hornet-no-flinfo", prompt: "hornet> ")
        scenario.hardware.chips["nor0"] = Self.flash("nor0", kind: .nor, size: 16 << 10, block: 4 << 10)
        scenario.bases["nor0"] = 0x9F00_0000
        let folder = try ScratchFolder()
        let error = await #expect(throws: FlashkeepError.self) { try await Self.backUp(scenario, in: folder) }
        #expect(error?.code == .noPartitions && error?.next.contains("--flash") == true)
        let given = GivenFlash(kind: .nor, start: 0x9F00_0000, size: 16 << 10, eraseBlockSize: 4 << 10)
        let report = try await Self.backUp(scenario, given: GivenMemory(flash: [given]), in: folder)
        #expect(report.summary.isProven, "\(report.summary.sentences)")
        try Self.expectSame(report, scenario, "nor0")
    }

    @Test(
        "Cameras: serial flash in the words of SigmaStar and Goke, and RAM where bootcmd loads to",
        arguments: [
            ("sigmastar-sf-probe", "SigmaStar # ", 0x2000_0000 as UInt64), ("goke-sf-probe", "GOKE # ", 0xC000_0000),
        ])
    func cameras(_ name: String, _ prompt: String, _ memory: UInt64) async throws {
        var scenario = try Self.scenario(name, prompt: prompt)
        scenario.memory = memory..<memory + (64 << 20)
        scenario.relocation = memory + (60 << 20)
        scenario.spiForm = .short
        scenario.hardware.chips["spi0"] = Self.flash("spi0", kind: .spiNOR, size: 8 << 20, block: 64 << 10)
        let folder = try ScratchFolder()
        let report = try await Self.backUp(scenario, in: folder)
        #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        try Self.expectSame(report, scenario, "spi0")
    }

    @Test("anyka: a prompt without a blank; RAM that only the user knows")
    func anyka() async throws {
        var scenario = try Self.scenario("prompt-without-blank", prompt: "anyka$")
        scenario.spiForm = .short
        scenario.hardware.chips["spi0"] = Self.flash("spi0", kind: .spiNOR, size: 8 << 20, block: 64 << 10)
        let folder = try ScratchFolder()
        let error = await #expect(throws: FlashkeepError.self) { try await Self.backUp(scenario, in: folder) }
        #expect(error?.next.contains("--ram START+SIZE") == true, "\(String(describing: error))")
        try folder.removeAll(but: "none")
        let given = GivenMemory(freeRAM: 0x8100_0000..<0x8200_0000)
        let report = try await Self.backUp(scenario, given: given, in: folder)
        #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        try Self.expectSame(report, scenario, "spi0")
    }

    @Test("HiSilicon: a framed password question, and an sf probe that says nothing")
    func hisilicon() async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "UBootFlashTests/Fixtures/UBootConsoles/board-uboot-password-hashes.txt")
        let posted = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        var scenario = UBootScenario()
        scenario.version = "U-Boot 2016.11 (Apr 03 2019 - 18:54:33 +0800)hi3516ev200"
        scenario.start = .off
        let log = try #require(posted.components(separatedBy: "hi3516ev200").last)
        scenario.startLog = log.components(separatedBy: "Hit any key")[0]
        scenario.countdown = .init("Hit any key to stop autoboot: ", keys: "\u{3}")
        scenario.password = "hipass"
        scenario.passwordPrompt = "### Please input uboot password: ###\n"
        scenario.prompt = "hisilicon # "
        scenario.allow("sf")
        scenario.answers["sf probe"] = ""
        scenario.spiForm = .silent
        scenario.hardware.chips["spi0"] = Self.flash("spi0", kind: .spiNOR, size: 16 << 20, block: 64 << 10)
        let folder = try ScratchFolder()
        let report = try await Self.backUp(scenario, password: "hipass", in: folder)
        #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        #expect(report.manifest.chips.map(\.size) == [.exact(16 << 20)])
        try Self.expectSame(report, scenario, "spi0")
        let evidence = try FileManager.default.subpathsOfDirectory(atPath: report.bag)
        #expect(evidence.contains { $0.hasSuffix("uboot-start-log.txt") })
    }

    @Test("Hit ENTER: Enter is sent while the countdown stands, and the start log has the size")
    func enterKey() async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.startLog =
            "\n\nDRAM:  256 MiB\nNAND: Built-in ECC Nand\nmaf_id : 0x00000098, dev_id : 0x00000075\n"
            + "Pagesize : 2Kbytes\n1 MiB\nIn: serial\nOut: serial\nErr: serial\n"
        scenario.countdown = .init("Hit ENTER key to stop autoboot: ", keys: "\r")
        scenario.namesNANDSize = false
        scenario.allow("nand")
        scenario.hardware.chips["nand0"] = Self.flash(
            "nand0", kind: .nand, size: 1 << 20, block: 16 << 10, page: 512, oob: 16, bad: [3, 7])
        let folder = try ScratchFolder()
        let report = try await Self.backUp(scenario, in: folder)
        // The id speaks of another size than the log: that is told, and the probe is not asked any more.
        #expect(!report.summary.isWhole && report.manifest.chips.first?.leastSize == 1 << 20)
        scenario.startLog = scenario.startLog?.replacing("0x00000075", with: "0x000000ff")
        let other = try ScratchFolder()
        let whole = try await Self.backUp(scenario, in: other)
        #expect(whole.summary.isWhole && whole.summary.isProven, "\(whole.summary.sentences)")
        try Self.expectSame(whole, scenario, "nand0")
    }

    @Test("NAND whose size nothing tells: found by the first read that lies outside", arguments: [(4, 31), (8, 32)])
    func probed(_ mebibytes: Int, bad: Int) async throws {
        var scenario = try Self.scenario("nand-size-unknown", prompt: "zlg@imx280a# ")
        scenario.memory = 0x4000_0000..<0x4400_0000
        scenario.relocation = 0x43F3_C000
        scenario.hardware.chips["nand0"] = Self.flash(
            "nand0", kind: .nand, size: mebibytes << 20, block: 128 << 10, page: 2_048, oob: 64, bad: [bad])
        scenario.answers["nand bad"] = nil
        let folder = try ScratchFolder()
        let report = try await Self.backUp(scenario, in: folder)
        #expect(report.manifest.chips.map(\.size) == [.exact(mebibytes << 20)])
        #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        try Self.expectSame(report, scenario, "nand0")
    }

    @Test(
        "A loader that echoes and is none of ours is named by its prompt",
        arguments: ["ZHAL> ", "<RealTek>", "RTL838x# "])
    func stranger(_ prompt: String) async throws {
        var scenario = UBootScenario()
        scenario.prompt = prompt
        scenario.commands = []
        scenario.unknown = "ERROR: %"
        let folder = try ScratchFolder()
        let error = await #expect(throws: FlashkeepError.self) { try await Self.backUp(scenario, in: folder) }
        #expect(error?.what.contains("\"\(prompt)\"") == true, "\(String(describing: error))")
        #expect(error?.code == .replyNotUnderstood)
    }
}
