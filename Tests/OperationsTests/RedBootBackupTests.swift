import BackupBags
import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import LinuxFlash
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing
import Transfers

/// Whole backups over a serial line or a telnet connection with RedBoot at the other end.
@Suite("Backups through RedBoot", .serialized)
struct RedBootBackupTests {
    // MARK: Good lines

    @Test(
        "Every generation, from its prompt and from its start",
        arguments: RedBootScenario.Generation.allCases, [RedBootScenario.Start.prompt, .starting, .off])
    func plain(_ generation: RedBootScenario.Generation, _ start: RedBootScenario.Start) async throws {
        let backups = try RedBootBackups()
        let scenario = RedBootBackups.scenario {
            $0.generation = generation
            $0.start = start
            if start == .starting { $0.script = ["fis load linux", "exec"] }
        }
        let board = SimulatedRedBoot(scenario)
        let report = try await backups.backUp(board)
        try await backups.check(report, board, scenario, "\(generation), \(start)")
        #expect(report.manifest.capture.retries == 0)
        #expect(report.manifest.capture.way.hasPrefix("RedBoot on a serial line (dump -s"))
        #expect(report.manifest.board.bootloader?.hasPrefix("RedBoot (") == true)
        #expect(report.manifest.board.macAddresses == ["00:0d:a0:00:00:01"])
        let names = report.manifest.partitions.map(\.name)
        #expect(names == (generation == .y2003 ? RedBootBackups.oldNames : RedBootBackups.names))
        #expect(board.starts == 1)
    }

    @Test("Big-endian boards, telnet, and builds that lack something")
    func variants() async throws {
        let changes: [(String, @Sendable (inout RedBootScenario) -> Void)] = [
            ("big-endian", { $0.isBigEndian = true }), ("telnet", { $0.isTelnet = true }),
            ("no cksum", { $0.missing = ["cksum"] }), ("no fconfig", { $0.missing = ["fconfig"] }),
            ("no writing", { $0.missing = ["fis write", "load"] }),
        ]
        for (name, change) in changes {
            let backups = try RedBootBackups()
            let scenario = RedBootBackups.scenario(change)
            let board = SimulatedRedBoot(scenario)
            let report = try await backups.backUp(board)
            try await backups.check(report, board, scenario, "\(name)")
        }
    }

    /// The cost on the line, in characters that the board sends for each byte.
    @Test("Characters a byte: 3 for random content, a fiftieth when it is known")
    func cost() async throws {
        var scenario = RedBootBackups.scenario()
        let bytes = SplitMix64.bytes(0x10_0000, seed: 9)
        scenario.hardware = RedBootBackups.hardware(bytes, block: 0x1_0000)
        scenario.format([.init("RedBoot", 0, 0x4_0000), .init("linux", 0x4_0000, 0x2_0000)])
        let size = Double(bytes.count)
        let backups = try RedBootBackups()
        let board = SimulatedRedBoot(scenario)
        let first = try await backups.backUp(board)
        try await backups.check(first, board, scenario, "random")
        let random = Double(board.sent) / size
        let store = ContentStore()
        for file in try KnownFile.all(at: FilePath(first.bag)) { try store.add(file) }
        let again = SimulatedRedBoot(scenario)
        let others = try RedBootBackups()
        let second = try await others.backUp(again, store: store)
        try await others.check(second, again, scenario, "known")
        let known = Double(again.sent) / size
        // A build without S-records prints bytes.
        let plain = SimulatedRedBoot(scenario)
        plain.change { $0.hasRecords = false }
        let third = try await RedBootBackups().backUp(plain)
        #expect(third.manifest.capture.way.contains("(dump, "))
        #expect(Double(plain.sent) / size < 5.2)
        print("RedBoot: \(random) characters a byte of random content, \(known) when it is known")
        #expect(random < 3.1 && known < 0.02)
        #expect(again.count(of: "dump") == 0, "\(again.commands.filter { $0.hasPrefix("dump") })")
    }

    @Test("Known content with one changed bit is transferred, and little else")
    func changedBit() async throws {
        let scenario = RedBootBackups.scenario()
        let backups = try RedBootBackups()
        let first = try await backups.backUp(SimulatedRedBoot(scenario))
        let store = ContentStore()
        for file in try KnownFile.all(at: FilePath(first.bag)) { try store.add(file) }
        var other = scenario
        other.hardware.chips["flash0"]?.bytes[0x1234] ^= 1
        let board = SimulatedRedBoot(other)
        let again = try RedBootBackups()
        let second = try await again.backUp(board, store: store)
        try await again.check(second, board, other, "one bit")
        #expect(board.commands.contains { $0.hasPrefix("dump -b 0xbe001000") })
    }

    // MARK: Bad lines

    @Test(
        "One in five hundred characters is damaged, both ways",
        arguments: (1...(Campaign.isOn ? 60 : 5)) as ClosedRange<UInt64>)
    func badLine(_ seed: UInt64) async throws {
        let backups = try RedBootBackups()
        let scenario = RedBootBackups.scenario { if seed == 3 { $0.missing = ["cksum"] } }
        let board = SimulatedRedBoot(scenario)
        var faults = LineFaults()
        faults.replyRate = 500
        faults.commandRate = 500
        let opener = FaultyOpener(board, faults, seed: seed)
        var report: BackupReport?
        for attempt in 0..<4 where report == nil {
            do {
                report = try await backups.backUp(board, over: opener, reconnects: 20)
            } catch let error as FlashkeepError where error.code == .boardSilent && attempt < 3 {
                // A character became a $ before the survey: the board must be switched off and on.
                #expect(board.offences.contains { $0.kind == .debugger })
            }
        }
        let made = try #require(report)
        try await backups.check(made, board, scenario, damagesCommands: true, "1 in 500, seed \(seed)")
        #expect(opener.damaged > 0 && made.manifest.capture.retries > 0)
    }

    @Test("The line is cut: the same run reaches the board again, or the next one goes on")
    func cuts() async throws {
        let scenario = RedBootBackups.scenario()
        for place in [9_000, 20_000, 40_000, 60_000] {
            let backups = try RedBootBackups()
            let board = SimulatedRedBoot(scenario)
            var faults = LineFaults()
            faults.cutsAfter = [place]
            let opener = FaultyOpener(board, faults, seed: 1)
            do {
                let report = try await backups.backUp(board, over: opener, reconnects: 0)
                try await backups.check(report, board, scenario, "not cut after \(place)")
            } catch let error as FlashkeepError {
                #expect(error.code == .boardLost)
                let report = try await backups.backUp(board)
                try await backups.check(report, board, scenario, "gone on after \(place)")
            }
        }
    }

    // MARK: Restarts

    @Test("The board is reset, or hangs, at each command, once")
    func resets() async throws {
        let scenario = RedBootBackups.tiny()
        let counter = SimulatedRedBoot(scenario)
        _ = try await RedBootBackups().backUp(counter)
        // The first commands find out who answers, and whether it echoes.
        for number in 2...counter.commands.count {
            for fault in [SimulatedRedBoot.Fault.reset(afterOutput: 7 * number), .hang(afterOutput: 11)] {
                let backups = try RedBootBackups()
                let board = SimulatedRedBoot(scenario)
                board.schedule(fault, at: number)
                do {
                    let report = try await backups.backUp(board)
                    try await backups.check(report, board, scenario, "\(fault) at \(number)")
                } catch let error as FlashkeepError {
                    // Before the survey, the user gets the error, and runs the same command again.
                    #expect(
                        [.boardSilent, .boardLost, .replyNotUnderstood, .noReplyInTime].contains(error.code),
                        "\(fault) at \(number): \(error)")
                    board.powerOn()
                    let report = try await backups.backUp(board)
                    try await backups.check(report, board, scenario, "after \(fault) at \(number)")
                }
            }
        }
        print("backup through RedBoot, reset and hung at each of \(counter.commands.count) commands")
    }

    @Test("A reset before an image is loaded loses the board, and is no unexpected error")
    func resetBeforeStart() async throws {
        let folder = try ScratchFolder()
        try folder.write([1, 2, 3, 4], "image")
        let path = folder.path.appending("image")
        let host = try #require(IPv4Address("192.168.1.2"))
        let mask = try #require(IPv4Address("255.255.255.0"))
        func start(_ board: SimulatedRedBoot) async throws -> FlashkeepError.Code? {
            var settings = ConsoleConnector.Settings(
                powerCycle: { board.powerOn() }, timing: .simulated,
                boot: NetworkBoot(
                    file: try BootFile(path, address: 0x8010_0000), memory: 0x8010_0000,
                    interfaces: { [HostInterface(name: "eth0", address: host, netmask: mask)] }))
            settings.network = nil
            do {
                try await ConsoleConnector(
                    opener: board, credentials: Credentials(), environment: .simulated(), settings: settings
                ).withBoard(transcript: TranscriptLog()) { _ in }
                return nil
            } catch let error as FlashkeepError {
                return error.code
            }
        }
        let scenario = RedBootBackups.scenario { $0.network = RedBootScenario.Network() }
        let counter = SimulatedRedBoot(scenario)
        // This computer does not have that address.
        #expect(try await start(counter) == .portUnavailable)
        var lost = 0
        for number in 1...counter.commands.count {
            let board = SimulatedRedBoot(scenario)
            board.schedule(.reset(afterOutput: 3), at: number)
            let code = try await start(board)
            #expect(
                code == .boardLost || code == .portUnavailable,
                "\(counter.commands[number - 1]): \(String(describing: code))")
            if code == .boardLost { lost += 1 }
        }
        #expect(lost > 0)
    }

    @Test(
        "A method that RedBoot does not have is refused, and not replaced in silence", arguments: TransferMethodName.all
    )
    func methods(_ name: String) async throws {
        let board = SimulatedRedBoot(RedBootBackups.tiny())
        var settings = ConsoleConnector.Settings(powerCycle: { board.powerOn() }, timing: .simulated)
        settings.via = TransferMethodName(name)
        let connector = ConsoleConnector(
            opener: board, credentials: Credentials(), environment: .simulated(), settings: settings)
        do {
            _ = try await SurveyBoard.run(connector, environment: .simulated())
            #expect(name == "line")
        } catch let error as FlashkeepError {
            #expect(error.code == .usage && error.next.contains("--via line") && name != "line", "\(error)")
            #expect(board.count(of: "version") == 0 && board.count(of: "dump") == 0)
        }
    }

    // MARK: Directories

    @Test("A directory that is damaged, swapped, or lists images that overlap")
    func directories() async throws {
        let changes: [(String, @Sendable (inout RedBootScenario) -> Void)] = [
            (
                "garbage",
                { scenario in
                    let last = 7 * 0x1000
                    for place in last..<last + 0x300 {
                        scenario.hardware.chips["flash0"]?.bytes[place] = UInt8(truncatingIfNeeded: place &* 37) | 1
                    }
                }
            ),
            (
                "blank",
                { scenario in
                    let last = 7 * 0x1000
                    for place in last..<last + 0x800 { scenario.hardware.chips["flash0"]?.bytes[place] = 0xFF }
                }
            ),
            (
                "overlapping",
                {
                    $0.format(
                        [
                            .init("RedBoot", 0, 0x2000), .init("a", 0x1000, 0x3000), .init("a", 0x1000, 0x3000),
                            .init("b", 0x3000, 0x3000),
                        ], configurationSize: 0x400)
                }
            ),
        ]
        for (name, change) in changes {
            let backups = try RedBootBackups()
            var scenario = RedBootBackups.scenario()
            change(&scenario)
            let board = SimulatedRedBoot(scenario)
            let report = try await backups.backUp(board)
            // All of the chip is there in any case.
            #expect(report.manifest.images.count == 1, "\(name)")
            #expect(backups.image(report, 0) == scenario.hardware.chips["flash0"]?.bytes, "\(name)")
            #expect(report.summary.isProven, "\(name): \(report.summary.sentences)")
            #expect(report.summary.isWhole, "\(name): \(report.summary.sentences)")
            #expect(board.offences.isEmpty, "\(name): \(board.offences)")
        }
    }

    /// `fis list` of a board, as RedBoot prints it.
    private static func row(_ name: String, _ address: String, _ size: String) -> String {
        name + String(repeating: " ", count: max(0, 16 - name.utf8.count))
            + "  0x\(address)  0x\(address)  0x\(size)  0x00000000"
    }

    @Test("Memory that is not what fis list shows is no proof of anything, and nothing is written")
    func notMapped() async throws {
        var scenario = RedBootBackups.scenario()
        scenario.hardware.isWritable = true
        scenario.listedLines = [
            Self.row("RedBoot", "BE000000", "00002000"), Self.row("linux", "BE002000", "00002000"),
            Self.row("FIS directory", "BE007000", "00000C00"),
        ]
        // What the bus gives.
        scenario.hardware.chips["flash0"]?.bytes = SplitMix64.bytes(0x8000, seed: 4)
        let backups = try RedBootBackups()
        let report = try await backups.backUp(SimulatedRedBoot(scenario))
        #expect(report.manifest.partitions.map(\.name).contains("linux"))
        #expect(!report.summary.isWhole)
        #expect(report.summary.unknown.contains { $0.contains("in another way than through memory") })
        scenario.hardware.chips["flash0"]?.bytes[0x2100] ^= 1
        let planning = try await backups.plan(SimulatedRedBoot(scenario), FilePath(report.bag)).planning
        #expect(planning.plan == nil && !planning.refusals.isEmpty)
        #expect(planning.refusals.allSatisfy { $0.why.contains("fis list") }, "\(planning.refusals)")
    }

    @Test("The second copy of a directory, if it is the newer one")
    func redundant() async throws {
        /// The slots of a directory with this image, written so often.
        func directory(_ image: RedBootScenario.Image, _ version: UInt8) -> [UInt8] {
            var scenario = RedBootBackups.scenario()
            scenario.format(
                [.init("RedBoot", 0, 0x2000), .init("Redundant FIS", 0x6000, 0xC00), image], configurationSize: 0x400)
            let slots = Array(scenario.hardware.chips["flash0"]?.bytes[0x7000..<0x7B00] ?? [])
            return Array(".FisValid".utf8) + [0, 0xA5, 0xA5, version, 0, 0, 0]
                + [UInt8](repeating: 0, count: 240) + slots
        }
        var scenario = RedBootBackups.scenario()
        let first = directory(.init("old", 0x2000, 0x1000), 8)
        let second = directory(.init("new", 0x3000, 0x1000), 9)
        scenario.hardware.chips["flash0"]?.bytes.replaceSubrange(0x7000..<0x7C00, with: first)
        scenario.hardware.chips["flash0"]?.bytes.replaceSubrange(0x6000..<0x6C00, with: second)
        // The mark is in a slot like the images (`redboot/current/src/flash.c`, fis_list).
        scenario.listedLines = [
            Self.row(".FisValid", "00000000", "00000000"), Self.row("RedBoot", "BE000000", "00002000"),
            Self.row("new", "BE003000", "00001000"), Self.row("Redundant FIS", "BE006000", "00000C00"),
            Self.row("FIS directory", "BE007000", "00000C00"), Self.row("RedBoot config", "BE007C00", "00000400"),
        ]
        let backups = try RedBootBackups()
        let report = try await backups.backUp(SimulatedRedBoot(scenario))
        let names = report.manifest.partitions.map(\.name)
        #expect(names == ["flash0", "RedBoot", "new", "Redundant FIS", "FIS directory", "RedBoot config"])
        #expect(report.summary.isWhole && report.manifest.warnings.isEmpty, "\(report.manifest.warnings)")
    }
}
