import BackupBags
import BoardAccess
import BoardChannels
import FlashModel
import LinuxFlash
import Operations
import Synchronization
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing
import UBootFlash

/// Whole backups from U-Boot whose bytes come over the network.
@Suite("Backups from U-Boot over the network", .serialized)
struct UBootNetworkBackupTests {
    /// Parallel flash, serial flash, and NAND with bad blocks.
    private static func scenario(_ change: (inout UBootScenario) -> Void = { _ in }) -> UBootScenario {
        let nor = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 6, blockSize: 0x1000, seed: 3)
        let spi = SimulatedHardware.Flash("spi0", kind: .spiNOR, blocks: 4, blockSize: 0x1000, seed: 4)
        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: 0x400, pageSize: 0x200, oobSize: 16, badBlocks: [1, 4], seed: 5)
        var scenario = UBootScenario(
            SimulatedHardware(
                identity: BoardIdentity(), chips: [nor, spi, nand],
                devices: [nor.device(0, "nor0", 0..<6), spi.device(1, "spi0", 0..<4), nand.device(2, "nand0", 0..<6)]))
        scenario.bases["nor0"] = 0xBF00_0000
        scenario.variables["ipaddr"] = "192.168.1.1"
        scenario.network = UBootScenario.Network()
        scenario.allow("flinfo", "sf", "nand", "tftpput")
        change(&scenario)
        return scenario
    }

    /// The smallest board: one chip.
    private static func tiny(_ change: (inout UBootScenario) -> Void = { _ in }) -> UBootScenario {
        let nor = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 2, blockSize: 0x400, seed: 6)
        var scenario = UBootScenario(
            SimulatedHardware(identity: BoardIdentity(), chips: [nor], devices: [nor.device(0, "nor0", 0..<2)]))
        scenario.bases["nor0"] = 0xBF00_0000
        scenario.variables["ipaddr"] = "192.168.1.1"
        scenario.network = UBootScenario.Network()
        scenario.allow("flinfo", "tftpput")
        change(&scenario)
        return scenario
    }

    private static func withNetconsole(_ scenario: inout UBootScenario) {
        scenario.forbid("tftpput")
        scenario.allow("coninfo", "ping")
    }

    /// Folders that exist as long as the test.
    private final class Folders: Sendable {
        private let made = Mutex<[ScratchFolder]>([])

        func make() throws -> ScratchFolder {
            let folder = try ScratchFolder()
            made.withLock { $0.append(folder) }
            return folder
        }
    }

    private let folders = Folders()

    private final class Events: Sendable {
        private let seen = Mutex<[ProgressEvent]>([])
        func take(_ event: ProgressEvent) { seen.withLock { $0.append(event) } }
        var notes: [String] { seen.withLock { $0.compactMap { if case .note(let text) = $0 { text } else { nil } } } }
    }

    private func backUp(
        _ board: SimulatedUBoot, over opener: (any ChannelOpening)? = nil, via: UBootReadMethod? = nil,
        address: String = "192.168.1.2", portIsTaken: Bool = false, events: Events = Events(), in folder: ScratchFolder,
        reconnects: Int = 0, progress: @escaping ProgressHandler = { _ in }
    ) async throws -> BackupReport {
        let computers = Mutex<[SimulatedNetworkHost]>([])
        let network = BoardNetwork(via: via) { channel in
            let computer = SimulatedNetworkHost(board, channel, address: address, portIsTaken: portIsTaken)
            computers.withLock { $0.append(computer) }
            return computer
        }
        defer {
            #expect(computers.withLock { $0.allSatisfy(\.isClosed) }, "a port was left open")
            #expect(!board.printsToNetwork, "the console was left on the network")
        }
        let connector = ConsoleConnector(
            opener: opener ?? board, credentials: Credentials(password: { nil }), environment: .simulated(),
            settings: ConsoleConnector.Settings(
                powerCycle: { board.powerOn() }, timing: .simulated, network: network),
            notify: { events.take($0) })
        return try await Backup.run(
            connector,
            options: BackupOptions(target: folder.path.appending("bag"), folder: folder.path, reconnects: reconnects),
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
        #expect(try await Verify.run(bag: FilePath(report.bag)).ok, "\(comment)", sourceLocation: sourceLocation)
        for (id, flash) in scenario.hardware.chips {
            #expect(board.hardware.chips[id]?.bytes == flash.bytes, sourceLocation: sourceLocation)
        }
        // The board's stored variables are unchanged: they were set in RAM only.
        #expect(board.variables == scenario.variables, sourceLocation: sourceLocation)
        let offences = board.offences.filter { !damagesCommands || $0.kind != .bareEnter }
        #expect(offences.isEmpty, "\(comment): \(offences.prefix(3))", sourceLocation: sourceLocation)
    }

    // MARK: Each method

    @Test("By tftpput, with the fewest commands")
    func tftpput() async throws {
        let scenario = Self.scenario()
        let board = SimulatedUBoot(scenario)
        let events = Events()
        let report = try await backUp(board, events: events, in: try folders.make())
        try await check(report, board, scenario, "tftpput")
        // One for each chip, and one for each good block of NAND.
        #expect(board.count(of: "tftpput") == 2 + 4)
        #expect(board.count(of: "md.l") == 0)
        #expect(events.notes.isEmpty, "\(events.notes)")
        #expect(report.manifest.capture.retries == 0)
        #expect(report.manifest.capture.way.contains("flash over the network (tftpput, checked by crc32)"))
        #expect(report.manifest.capture.commands.contains("setenv serverip 192.168.1.2"))
        #expect(report.manifest.capture.commands.contains { $0.hasPrefix("tftpput") && $0.hasSuffix(" FILE") })
        #expect(board.liveVariables["serverip"] == "192.168.1.2")
    }

    @Test("By the vendor's tftp with three arguments, known by its help")
    func vendorTFTP() async throws {
        let scenario = Self.scenario {
            $0.forbid("tftpput")
            $0.allow("tftp")
        }
        let board = SimulatedUBoot(scenario)
        let report = try await backUp(board, in: try folders.make())
        try await check(report, board, scenario, "tftp")
        #expect(board.count(of: "tftp") == 6)
        #expect(report.manifest.capture.way.contains("(tftp, checked by crc32)"))
    }

    @Test("The vendor's tftp begins again without end where it fails", arguments: [true, false])
    func vendorTFTPThatFails(isRefused: Bool) async throws {
        let scenario = Self.scenario {
            $0.forbid("tftpput")
            $0.allow("tftp")
            $0.network?.uploadFaults = [2: isRefused ? .refused : .stalls(after: 100)]
        }
        let board = SimulatedUBoot(scenario)
        let report = try await backUp(board, in: try folders.make())
        try await check(report, board, scenario, "tftp")
        #expect(board.count(of: "tftp") == 7)
        #expect(report.manifest.capture.way.contains("(tftp, checked by crc32)"))
        #expect(board.time < .seconds(60), "\(board.time)")
    }

    @Test("A tftp that only loads is never tried")
    func plainTFTP() async throws {
        let scenario = Self.tiny {
            $0.forbid("tftpput")
            $0.allow("tftp")
            $0.tftpHelp = "boot image via network using TFTP protocol"
        }
        let board = SimulatedUBoot(scenario)
        let report = try await backUp(board, in: try folders.make())
        try await check(report, board, scenario, "plain tftp")
        #expect(board.count(of: "tftp") == 0)
        #expect(board.count(of: "setenv") == 0)
        #expect(report.manifest.capture.way.hasSuffix("(md, known content by crc32)"))
    }

    @Test("By netconsole: typed over the line, printed over the network")
    func netconsole() async throws {
        let scenario = Self.scenario(Self.withNetconsole)
        let board = SimulatedUBoot(scenario)
        let events = Events()
        let report = try await backUp(board, events: events, in: try folders.make())
        try await check(report, board, scenario, "netconsole")
        #expect(events.notes.isEmpty, "\(events.notes)")
        #expect(report.manifest.capture.way.contains("(md over netconsole, known content by crc32)"))
        #expect(report.manifest.capture.commands.contains("setenv stdout nc"))
        #expect(board.commands.last == "setenv stdout serial")
        #expect(board.withCommands("setenv stdout") == ["setenv stdout nc", "setenv stdout serial"])
    }

    @Test("Over the line, though there is a network", arguments: [UBootReadMethod.line])
    func line(_ way: UBootReadMethod) async throws {
        let scenario = Self.tiny()
        let board = SimulatedUBoot(scenario)
        let report = try await backUp(board, via: way, in: try folders.make())
        try await check(report, board, scenario, "line")
        #expect(board.count(of: "tftpput") == 0 && board.count(of: "setenv") == 0)
    }

    @Test("Boards without checksums: what comes is fetched twice", arguments: [UBootReadMethod.tftpput, .netconsole])
    func noChecksum(_ way: UBootReadMethod) async throws {
        let scenario = Self.tiny {
            $0.allow("coninfo", "ping")
            $0.forbid("crc32")
            $0.network?.uploadFaults = [1: .flips(at: 100), 4: .flips(at: 7)]
        }
        let board = SimulatedUBoot(scenario)
        let report = try await backUp(board, via: way, in: try folders.make())
        try await check(report, board, scenario, "\(way) without crc32")
    }

    // MARK: Fallbacks

    @Test("Without an answer the line is used, after one note and one try")
    func noAnswer() async throws {
        let changes: [(String, (inout UBootScenario) -> Void)] = [
            ("got no answer", { $0.network?.answersTFTP = false }),
            ("ARP", { $0.network?.isConnected = false }),
            ("refused", { $0.network?.repeatedFault = (.refused, 1) }),
        ]
        for (name, change) in changes {
            let scenario = Self.scenario(change)
            let board = SimulatedUBoot(scenario)
            let events = Events()
            let report = try await backUp(board, events: events, in: try folders.make())
            try await check(report, board, scenario, "\(name)")
            #expect(board.count(of: "tftpput") == 1, "\(name)")
            #expect(events.notes.count == 1 && events.notes[0].contains("over the serial line"), "\(events.notes)")
            #expect(report.manifest.capture.way.hasSuffix("(md, known content by crc32)"))
        }
    }

    @Test("Addresses that do not fit, a port that is taken: the line is used, and nothing was tried")
    func cannot() async throws {
        for (address, isTaken) in [("10.0.0.2", false), ("192.168.1.2", true)] {
            let scenario = Self.tiny()
            let board = SimulatedUBoot(scenario)
            let events = Events()
            let report = try await backUp(
                board, address: address, portIsTaken: isTaken, events: events, in: try folders.make())
            try await check(report, board, scenario, "\(address)")
            #expect(board.count(of: "tftpput") == 0)
            #expect(events.notes.count == 1, "\(events.notes)")
        }
    }

    @Test("A port that is taken leaves netconsole")
    func nextWay() async throws {
        let scenario = Self.tiny { $0.allow("coninfo", "ping") }
        let board = SimulatedUBoot(scenario)
        let report = try await backUp(board, portIsTaken: true, in: try folders.make())
        try await check(report, board, scenario, "next way")
        #expect(report.manifest.capture.way.contains("md over netconsole"))
    }

    @Test("Netconsole is not begun where the board's ping has no answer")
    func noPing() async throws {
        let scenario = Self.tiny {
            Self.withNetconsole(&$0)
            $0.network?.isConnected = false
        }
        let board = SimulatedUBoot(scenario)
        let events = Events()
        let report = try await backUp(board, events: events, in: try folders.make())
        try await check(report, board, scenario, "no ping")
        #expect(board.count(of: "ping") == 1)
        #expect(!board.commands.contains("setenv stdout nc"))
        #expect(events.notes.count == 1, "\(events.notes)")
    }

    @Test("What the user asks for alone is an error where it cannot be")
    func forced() async throws {
        let cases: [(UBootReadMethod, FlashkeepError.Code, (inout UBootScenario) -> Void)] = [
            (.tftpput, .commandFailed, { $0.network?.answersTFTP = false }),
            (.tftpput, .toolMissing, { $0.forbid("tftpput") }),
            (.tftp, .toolMissing, { _ in }),
            (.netconsole, .toolMissing, { _ in }),
            (
                .netconsole, .commandFailed,
                {
                    $0.allow("coninfo", "ping"); $0.network?.isConnected = false
                }
            ),
        ]
        for (way, code, change) in cases {
            let board = SimulatedUBoot(Self.tiny(change))
            do {
                _ = try await backUp(board, via: way, in: try folders.make())
                Issue.record("\(way) should have failed")
            } catch let error as FlashkeepError {
                #expect(error.code == code, "\(way): \(error)")
            }
            #expect(board.offences.isEmpty)
        }
    }

    // MARK: Faults

    @Test("Uploads that stall, are damaged, cut or refused once are fetched again")
    func uploadFaults() async throws {
        let faults: [UBootScenario.TransferFault] = [.stalls(after: 100), .flips(at: 0x321), .refused, .short(by: 1)]
        for fault in faults {
            for number in 2...6 {
                let scenario = Self.scenario { $0.network?.uploadFaults = [number: fault] }
                let board = SimulatedUBoot(scenario)
                let events = Events()
                let report = try await backUp(board, events: events, in: try folders.make())
                try await check(report, board, scenario, "\(fault) at \(number)")
                #expect(report.manifest.capture.retries > 0)
                #expect(events.notes.isEmpty, "\(fault) at \(number): \(events.notes)")
                #expect(board.count(of: "md.l") == 0)
            }
        }
    }

    @Test("Every third upload is damaged: what differs is narrowed down")
    func narrowed() async throws {
        let scenario = Self.scenario { $0.network?.repeatedFault = (.flips(at: 0x321), 3) }
        let board = SimulatedUBoot(scenario)
        let report = try await backUp(board, in: try folders.make())
        try await check(report, board, scenario, "every third")
        #expect(board.count(of: "md.l") == 0)
    }

    @Test("A network that breaks in the middle is left for the line")
    func breaks() async throws {
        let scenario = Self.scenario {
            for number in 3..<20 { $0.network?.uploadFaults[number] = .stalls(after: 0) }
        }
        let board = SimulatedUBoot(scenario)
        let events = Events()
        let report = try await backUp(board, events: events, in: try folders.make())
        try await check(report, board, scenario, "broken")
        #expect(events.notes.count == 1)
        #expect(report.manifest.capture.way.contains("tftpput and md"))
    }

    @Test("The board is reset at each command, once", arguments: [UBootReadMethod.tftpput, .netconsole])
    func resetOnce(_ way: UBootReadMethod) async throws {
        let scenario = Self.tiny { $0.allow("coninfo", "ping") }
        let counter = SimulatedUBoot(scenario)
        _ = try await backUp(counter, via: way, in: try folders.make())
        // The first command proves the prompt, before there is a session. The last leaves the board.
        for number in 2..<counter.commands.count {
            for fault in [SimulatedUBoot.Fault.reset(afterOutput: 7 * number), .resetWhileTyping(2)] {
                let board = SimulatedUBoot(scenario)
                board.schedule(fault, at: number)
                let report = try await backUp(board, via: way, in: try folders.make())
                try await check(report, board, scenario, "\(way): \(fault) at \(number)")
                #expect(board.starts == 2, "\(way): \(fault) at \(number)")
                #expect(report.manifest.capture.way.contains(way == .tftpput ? "(tftpput," : "(md over netconsole,"))
            }
        }
    }

    @Test("Lines of lost datagrams are asked for again", arguments: [97, 41])
    func lostDatagrams(_ every: Int) async throws {
        let scenario = Self.scenario {
            Self.withNetconsole(&$0)
            $0.network?.losesEvery = every
        }
        let board = SimulatedUBoot(scenario)
        let report = try await backUp(board, via: .netconsole, in: try folders.make())
        try await check(report, board, scenario, "one in \(every) lost")
        #expect(report.manifest.capture.retries > 0)
    }

    @Test("The cable is pulled while the console is on the network: the line goes on", arguments: [1, 40, 300, 900])
    func pulled(_ datagrams: Int) async throws {
        let scenario = Self.scenario {
            Self.withNetconsole(&$0)
            $0.network?.breaksAfter = datagrams
        }
        let board = SimulatedUBoot(scenario)
        let events = Events()
        let report = try await backUp(board, events: events, in: try folders.make())
        try await check(report, board, scenario, "pulled after \(datagrams)")
        #expect(events.notes.count == 1, "\(events.notes)")
        #expect(board.count(of: "ping") == 1)
    }

    @Test("A bad line beside a good network", arguments: [1, 2] as [UInt64])
    func badLine(_ seed: UInt64) async throws {
        for way in [UBootReadMethod.tftpput, .netconsole] {
            let scenario = Self.scenario { $0.allow("coninfo", "ping") }
            let board = SimulatedUBoot(scenario)
            var faults = LineFaults()
            faults.replyRate = 500
            faults.commandRate = 500
            let opener = FaultyOpener(board, faults, seed: seed)
            let report = try await backUp(board, over: opener, via: way, in: try folders.make())
            try await check(report, board, scenario, damagesCommands: true, "\(way), seed \(seed)")
        }
    }

    @Test("A reset takes also what an earlier run had set")
    func setAnew() async throws {
        let scenario = Self.tiny { $0.variables["ipaddr"] = nil }
        let counter = SimulatedUBoot(scenario)
        for _ in 0..<2 { _ = try await backUp(counter, in: try folders.make()) }
        let place = try #require(counter.commands.lastIndex { $0.hasPrefix("tftpput") })
        #expect(counter.withCommands("setenv ipaddr").count == 1)
        let board = SimulatedUBoot(scenario)
        _ = try await backUp(board, in: try folders.make())
        board.schedule(.reset(afterOutput: 20), at: place + 1)
        let report = try await backUp(board, in: try folders.make())
        try await check(report, board, scenario, "set anew")
        #expect(board.starts == 2)
        #expect(board.withCommands("setenv ipaddr").count == 2)
        #expect(report.manifest.capture.way.contains("(tftpput,"))
    }
}

extension SimulatedUBoot {
    /// The commands with this beginning.
    fileprivate func withCommands(_ start: String) -> [String] { commands.filter { $0.hasPrefix(start) } }
}
