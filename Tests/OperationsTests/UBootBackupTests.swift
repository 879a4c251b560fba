import BackupBags
import BoardAccess
import BoardChannels
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

/// Whole backups over a serial line with U-Boot at the other end.
@Suite("Backups through U-Boot", .serialized)
struct UBootBackupTests {
    /// Parallel flash, serial flash and NAND with a bad block; small, since each byte costs five characters.
    private static func scenario(_ change: (inout UBootScenario) -> Void = { _ in }) -> UBootScenario {
        func half(_ flash: SimulatedHardware.Flash, from start: Int) -> SimulatedHardware.Flash {
            var flash = flash
            for place in start..<flash.bytes.count { flash.bytes[place] = 0xFF }
            return flash
        }
        let nor = half(.init("nor0", kind: .nor, blocks: 4, blockSize: 0x1000, seed: 3), from: 0x1800)
        let spi = half(.init("spi0", kind: .spiNOR, blocks: 4, blockSize: 0x1000, seed: 4), from: 0x800)
        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: 0x400, pageSize: 0x200, oobSize: 16, badBlocks: [1, 4], seed: 5)
        var scenario = UBootScenario(
            SimulatedHardware(
                identity: BoardIdentity(), chips: [nor, spi, nand],
                devices: [nor.device(0, "nor0", 0..<4), spi.device(1, "spi0", 0..<4), nand.device(2, "nand0", 0..<6)]))
        scenario.bases["nor0"] = 0xBF00_0000
        scenario.allow("flinfo", "sf", "nand")
        change(&scenario)
        return scenario
    }

    /// The smallest board: one chip.
    private static func tiny() -> UBootScenario {
        let nor = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 2, blockSize: 0x200, seed: 6)
        var scenario = UBootScenario(
            SimulatedHardware(identity: BoardIdentity(), chips: [nor], devices: [nor.device(0, "nor0", 0..<2)]))
        scenario.bases["nor0"] = 0xBF00_0000
        scenario.allow("flinfo")
        return scenario
    }

    private func connector(
        _ board: SimulatedUBoot, over opener: (any ChannelOpening)? = nil, store: ContentStore = ContentStore(),
        password: String? = nil, stopKey: [UInt8]? = nil, progress: @escaping ProgressHandler = { _ in }
    ) -> ConsoleConnector {
        ConsoleConnector(
            opener: opener ?? board, credentials: Credentials(password: { password }), environment: .simulated(),
            settings: ConsoleConnector.Settings(
                stopKey: stopKey, powerCycle: { board.powerOn() }, store: store, timing: .simulated),
            notify: progress)
    }

    private func backUp(
        _ board: SimulatedUBoot, over opener: (any ChannelOpening)? = nil, in folder: ScratchFolder,
        store: ContentStore = ContentStore(), reconnects: Int = 5, password: String? = nil, stopKey: [UInt8]? = nil,
        progress: @escaping ProgressHandler = { _ in }
    ) async throws -> BackupReport {
        try await Backup.run(
            connector(board, over: opener, store: store, password: password, stopKey: stopKey),
            options: BackupOptions(
                target: folder.path.appending("bag"), folder: folder.path, reconnects: reconnects),
            environment: .simulated(), progress: progress)
    }

    /// Checks what must hold after every backup.
    private func check(
        _ report: BackupReport, _ board: SimulatedUBoot, _ scenario: UBootScenario, damagesCommands: Bool = false,
        _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let problems = BagCheck.problems(report, scenario.hardware)
        #expect(problems.isEmpty, "\(comment): \(problems)", sourceLocation: sourceLocation)
        #expect(report.summary.isProven, "\(comment): \(report.summary.sentences)", sourceLocation: sourceLocation)
        #expect(
            report.manifest.images.allSatisfy {
                $0.blocks.allSatisfy { $0.state == .factoryBad || $0.state == .wornBad }
            },
            "\(comment)", sourceLocation: sourceLocation)
        let verified = try await Verify.run(bag: FilePath(report.bag))
        #expect(verified.ok, "\(comment): \(verified.problems)", sourceLocation: sourceLocation)
        // The board is unchanged.
        for (id, flash) in scenario.hardware.chips {
            #expect(board.hardware.chips[id]?.bytes == flash.bytes, sourceLocation: sourceLocation)
        }
        #expect(board.variables == scenario.variables, sourceLocation: sourceLocation)
        let offences = board.offences.filter { !damagesCommands || $0.kind != .bareEnter }
        #expect(offences.isEmpty, "\(comment): \(offences.prefix(3))", sourceLocation: sourceLocation)
        guard !damagesCommands else { return }
        for command in board.commands where !Self.isAllowed(command) {
            Issue.record("\(comment): \"\(command)\" was sent", sourceLocation: sourceLocation)
        }
    }

    /// Whether a command only reads, or writes RAM that is free in the simulator.
    private static func isAllowed(_ command: String) -> Bool {
        let words = command.split(separator: " ").map(String.init)
        switch words.first {
        case "version", "bdinfo", "printenv", "flinfo": return words.count == 1
        case "help": return words.count == 1 || (words.count == 2 && ["nand", "mtd"].contains(words[1]))
        case "md.b", "md.l", "crc32": return words.count == 3
        case "mw.b": return words.count == 4
        case "sf": return ["probe", "read"].contains(words.dropFirst().first)
        case "nand": return ["info", "bad", "device", "read"].contains(words.dropFirst().first)
        case "mtd": return ["list", "bad", "read"].contains(words.dropFirst().first)
        case "(reset)": return true
        default: return command.hasPrefix("zk") && words.count == 1
        }
    }

    // MARK: Good lines

    @Test(
        "From a prompt, a countdown, or a board that is switched on",
        arguments: [UBootScenario.Start.prompt, .countdown, .off])
    func plain(_ start: UBootScenario.Start) async throws {
        let scenario = Self.scenario { $0.start = start }
        let board = SimulatedUBoot(scenario)
        let folder = try ScratchFolder()
        let report = try await backUp(board, in: folder)
        try await check(report, board, scenario, "\(start)")
        #expect(report.manifest.capture.retries == 0)
        #expect(report.manifest.capture.way.hasPrefix("U-Boot"))
        #expect(report.manifest.board.bootloader?.hasPrefix("U-Boot 2023.01") == true)
        #expect(report.manifest.images.map(\.badBlocks).contains([0x400, 0x1000]))
        #expect(board.starts == 1)
    }

    /// What a person reads on the day it is needed is kept as a file, and read whenever it changes.
    @Test("RESTORE.md of a board in U-Boot")
    func golden() async throws {
        let folder = try ScratchFolder()
        let scenario = Self.scenario {
            $0.allow("loady", "erase", "protect")
        }
        let report = try await backUp(SimulatedUBoot(scenario), in: folder)
        let text = FileManager.default.contents(atPath: report.bag + "/RESTORE.md")
        let path = FilePath(#filePath).removingLastComponent().appending("Golden/RESTORE-uboot.md").string
        if ProcessInfo.processInfo.environment["FLASHKEEP_RECORD"] != nil, let text {
            try text.write(to: URL(fileURLWithPath: path))
        }
        #expect(
            text.map { String(decoding: $0, as: UTF8.self) }
                == FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) },
            "run with FLASHKEEP_RECORD=1 to record it anew, and read it")
    }

    @Test("Old boards and new ones")
    func forms() async throws {
        let changes: [(String, @Sendable (inout UBootScenario) -> Void)] = [
            (
                "2009",
                {
                    $0.version = "U-Boot 1.1.4 (Jul  3 2014 - 12:00:00)"
                    $0.lineEnd = .doubled
                    $0.spiForm = .silent
                    $0.boardInfo = .memory
                    $0.dumpGap = 4
                    $0.padsDump = false
                }
            ),
            (
                "2013, big-endian",
                {
                    $0.version = "U-Boot 2013.07 (Nov 21 2026 - 01:52:46)"
                    $0.lineEnd = .reversed
                    $0.spiForm = .short
                    $0.order = .big
                    $0.dumpGap = 4
                    $0.checksumWord = .lower
                    $0.prompt = "ar7240> "
                }
            ),
            ("no checksum", { $0.forbid("crc32") }),
            (
                "mtd",
                {
                    $0.allow("mtd")
                    // The devices are numbered as in `mtd list`.
                    let chips = $0.hardware.chips.values.sorted { $0.chip.id < $1.chip.id }
                    $0.hardware.devices = chips.enumerated().map { number, flash in
                        flash.device(number, flash.chip.id, 0..<flash.chip.leastSize / flash.chip.eraseBlockSize)
                    }
                }
            ),
            (
                "password",
                {
                    $0.start = .off
                    $0.password = "secret"
                }
            ),
        ]
        for (name, change) in changes {
            let scenario = Self.scenario(change)
            let board = SimulatedUBoot(scenario)
            let folder = try ScratchFolder()
            let report = try await backUp(board, in: folder, password: "secret")
            try await check(report, board, scenario, "\(name)")
            #expect(report.manifest.capture.retries == 0, "\(name)")
        }
    }

    @Test("What an earlier backup holds does not cross again")
    func known() async throws {
        let scenario = Self.scenario()
        let board = SimulatedUBoot(scenario)
        let folder = try ScratchFolder()
        let first = try await backUp(board, in: folder)
        let store = ContentStore()
        for file in try KnownFile.all(at: FilePath(first.bag)) { try store.add(file) }
        let again = SimulatedUBoot(scenario)
        let other = try ScratchFolder()
        let second = try await backUp(again, in: other, store: store)
        try await check(second, again, scenario, "known")
        let dumped = { (board: SimulatedUBoot) in
            Set(board.commands.filter { $0.hasPrefix("md") }.map { $0.split(separator: " ")[1] })
        }
        #expect(!dumped(board).isEmpty)
        // NAND's blocks here are smaller than the sizes that are looked up.
        #expect(dumped(again) == ["81000000"])
        #expect(again.commands.filter { $0.hasPrefix("md.l 81000000") }.allSatisfy { $0 == "md.l 81000000 100" })
        // Known content with one bit changed must be transferred.
        var scenarioThen = scenario
        scenarioThen.hardware.chips["nor0"]?.bytes[0x1234] ^= 1
        let changed = SimulatedUBoot(scenarioThen)
        let last = try ScratchFolder()
        let third = try await backUp(changed, in: last, store: store)
        try await check(third, changed, scenarioThen, "known, one bit differs")
        #expect(dumped(changed).contains("bf000000") || dumped(changed).contains("bf001000"))
    }

    // MARK: Bad lines

    @Test("One in five hundred characters is damaged, both ways", arguments: [1, 2, 3] as [UInt64])
    func badLine(_ seed: UInt64) async throws {
        let scenario = Self.scenario { if seed == 3 { $0.forbid("crc32") } }
        let board = SimulatedUBoot(scenario)
        var faults = LineFaults()
        faults.replyRate = 500
        faults.commandRate = 500
        let opener = FaultyOpener(board, faults, seed: seed)
        let folder = try ScratchFolder()
        let report = try await backUp(board, over: opener, in: folder)
        try await check(report, board, scenario, damagesCommands: true, "1 in 500, seed \(seed)")
        #expect(opener.damaged > 0 && report.manifest.capture.retries > 0)
        // Each line that was completed is allowed.
        for line in opener.sent.split(separator: "\r", omittingEmptySubsequences: false).dropLast() {
            let typed = String(line.split(separator: "\u{3}", omittingEmptySubsequences: false).last ?? "")
            // The key that stops the countdown has no Enter.
            #expect(Self.isAllowed(typed.first == " " ? String(typed.dropFirst()) : typed), "\"\(typed)\"")
        }
    }

    @Test("The line is cut: the same run reaches the board again")
    func cutAndReached() async throws {
        let scenario = Self.scenario()
        for place in [3_000, 20_000, 60_000] {
            let board = SimulatedUBoot(scenario)
            var faults = LineFaults()
            faults.cutsAfter = [place, place / 2]
            let opener = FaultyOpener(board, faults, seed: 1)
            let folder = try ScratchFolder()
            do {
                let report = try await backUp(board, over: opener, in: folder)
                try await check(report, board, scenario, "cut after \(place)")
                #expect(opener.connections == 3)
            } catch let error as FlashkeepError where error.code == .boardLost {
                // Before the survey, the user gets this error.
                #expect(place == 3_000)
            }
        }
    }

    @Test("The line is cut: the next run goes on")
    func cutAndGoneOn() async throws {
        let scenario = Self.scenario()
        for place in [20_000, 45_000, 60_000, 75_000] {
            let board = SimulatedUBoot(scenario)
            var faults = LineFaults()
            faults.cutsAfter = [place]
            let opener = FaultyOpener(board, faults, seed: 1)
            let folder = try ScratchFolder()
            do {
                _ = try await backUp(board, over: opener, in: folder, reconnects: 0)
            } catch let error as FlashkeepError {
                #expect(error.code == .boardLost)
                let before = board.commands.count
                let report = try await backUp(board, in: folder)
                try await check(report, board, scenario, "gone on after \(place)")
                print(
                    "cut after \(place): \(report.resumedBytes) bytes were there, \(board.commands.count - before) commands"
                )
            }
        }
    }

    // MARK: Restarts

    @Test("The board is reset at each command, once")
    func resetOnce() async throws {
        let scenario = Self.tiny()
        let counter = SimulatedUBoot(scenario)
        _ = try await backUp(counter, in: try ScratchFolder())
        // The first command proves the prompt, before there is a session.
        for number in 2...counter.commands.count {
            for fault in [SimulatedUBoot.Fault.reset(afterOutput: 7 * number), .resetWhileTyping(2)] {
                let board = SimulatedUBoot(scenario)
                board.schedule(fault, at: number)
                let folder = try ScratchFolder()
                let report = try await backUp(board, in: folder, reconnects: 0)
                try await check(report, board, scenario, "\(fault) at \(number)")
                #expect(board.starts == 2, "\(fault) at \(number)")
            }
        }
    }

    @Test("The board is reset at every so-many-th command", arguments: [13, 17, 29])
    func resets(_ every: Int) async throws {
        for hasCountdown in [true, false] {
            let scenario = Self.scenario { if !hasCountdown { $0.countdown = nil } }
            let board = SimulatedUBoot(scenario)
            board.schedule(.reset(afterOutput: every * 13), every: every)
            let folder = try ScratchFolder()
            let report = try await backUp(board, in: folder)
            try await check(report, board, scenario, "every \(every)")
            print("every \(every): \(board.starts) starts, \(report.manifest.capture.retries) retries")
        }
    }

    @Test("A board that hangs is lost, and the next run goes on")
    func hang() async throws {
        let scenario = Self.scenario()
        for number in [25, 40, 55] {
            let board = SimulatedUBoot(scenario)
            board.schedule(.hang(afterOutput: 30), at: number)
            let folder = try ScratchFolder()
            do {
                _ = try await backUp(board, in: folder, reconnects: 0)
                Issue.record("it did not hang")
            } catch let error as FlashkeepError {
                #expect(error.code == .boardSilent)
            }
            let report = try await backUp(board, in: folder)
            try await check(report, board, scenario, "hung at \(number)")
        }
    }

    // MARK: Variants

    @Test("Flash that changes between reading and proving is found without a question for each byte")
    func changed() async throws {
        for form in [UBootScenario.SPIForm.silent, .long] {
            let scenario = Self.scenario { $0.spiForm = form }
            let board = SimulatedUBoot(scenario)
            let folder = try ScratchFolder()
            let report = try await backUp(board, in: folder) { event in
                guard case .began(.proving, _) = event else { return }
                board.change { $0.hardware.chips["spi0"]?.bytes[0x345] ^= 0xFF }
            }
            #expect(report.image(1)?.proof.result == .proven)
            #expect(board.commands.count < 300, "\(board.commands.count)")
            #expect(BagCheck.problems(report, board.hardware).isEmpty)
        }
    }
}
