import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import TestBoards
import TestSupport
import Testing

/// The same suite for every kind of access to a board's flash.
@Suite("The contract of ways to flash")
struct FlashContractTests {
    private static func hardware() -> SimulatedHardware {
        var hardware = SampleBoards.router()
        hardware.chips["nand0"]?.corrected = [3, 19]
        hardware.chips["spi0.0"]?.unreadable = [8 * 1024..<8 * 1024 + 512]
        hardware.devices.removeAll { [1, 6].contains($0.partition.index) }
        for position in hardware.devices.indices { hardware.devices[position].partition.parent = nil }
        hardware.readsOOB = true
        return hardware
    }

    /// Without unreadable bytes, whose checksums are meaningless.
    private static func readable() -> SimulatedHardware {
        var hardware = hardware()
        hardware.chips["spi0.0"]?.unreadable = []
        return hardware
    }

    private func check(_ connector: any BoardConnector, _ hardware: SimulatedHardware) async throws {
        let problems = try await connector.withBoard(transcript: TranscriptLog()) { board in
            try await FlashContract.problems(hardware, try await board.survey())
        }
        #expect(problems.isEmpty, "\(problems.prefix(10))")
    }

    @Test("A simulated board", arguments: [true, false])
    func simulated(_ isDisorderly: Bool) async throws {
        var hardware = Self.readable()
        hardware.isDisorderly = isDisorderly
        hardware.algorithms = ChecksumAlgorithm.allCases
        try await check(SimulatedConnector(hardware), hardware)
        hardware.algorithms = []
        hardware.chips["spi0.0"]?.unreadable = [8 * 1024..<8 * 1024 + 512]
        try await check(SimulatedConnector(hardware), hardware)
    }

    @Test("EVA's FTP server")
    func eva() async throws {
        let hardware = SimulatedEVA.box()
        let server = try SimulatedEVA(hardware)
        defer { server.stop() }
        try await check(server.connector(), hardware)
        #expect(server.offences.isEmpty)
    }

    @Test("A page of dumps, with ranges and without, and LuCI")
    func web() async throws {
        let hardware = Self.readable()
        for hasRanges in [true, false] {
            var page = SimulatedDumpPage(hardware)
            page.hasRanges = hasRanges
            let served = page
            let server = try TestWebServer { served.reply($0) }
            try await check(try server.connector(), hardware)
            server.stop()
        }
        let luci = try SimulatedLuCI(hardware).server()
        try await check(try luci.connector("luci", password: "secret word"), hardware)
        luci.stop()
        var whole = hardware
        whole.devices.removeAll { $0.partition.name.contains(" ") }
        for position in whole.devices.indices { whole.devices[position].partition.index = position }
        let old = try SimulatedLuaLuCI(whole).server()
        try await check(try old.connector("luci", password: "secret word"), whole)
        old.stop()
    }

    @Test("MediaTek's failsafe pages")
    func failsafe() async throws {
        let hardware = SimulatedFailsafe.router(blockSize: 64 << 10)
        let server = try SimulatedFailsafe(hardware).server()
        defer { server.stop() }
        try await check(try server.connector(path: "/"), hardware)
    }

    @Test("A folder, over every line", arguments: FolderBackupTests.Line.allCases)
    func folder(_ line: FolderBackupTests.Line) async throws {
        let board = try FolderBoard(Self.readable())
        try await check(board.connector(FolderBackupTests.opener(line, board)), board.hardware)
        #expect(board.offences.isEmpty, "\(board.offences)")
        let poor = try FolderBoard(Self.hardware(), tools: FolderBackupTests.Poverty.noSums.tools)
        try await check(poor.connector(FolderBackupTests.opener(line, poor)), poor.hardware)
        #expect(poor.offences.isEmpty, "\(poor.offences)")
    }

    @Test("RedBoot, on a serial line and over telnet", arguments: [false, true])
    func redBoot(_ isTelnet: Bool) async throws {
        for generation in [RedBootScenario.Generation.y2006, .y2012] {
            var scenario = RedBootBackups.scenario {
                $0.isTelnet = isTelnet
                $0.generation = generation
            }
            scenario.hardware.devices = RedBootBackups.devices(scenario)
            let board = SimulatedRedBoot(scenario)
            try await check(try RedBootBackups().connector(board), scenario.hardware)
            #expect(board.offences.isEmpty, "\(board.offences)")
        }
    }

    @Test("Bootloaders that only print memory", arguments: LoaderBackups.Board.all)
    func loaders(_ kind: LoaderBackups.Board) async throws {
        var hardware = kind.personality.hardware
        let board = kind.simulated(kind.usualStart)
        let backups = try LoaderBackups(given: kind.given)
        // The devices are those of the survey: a loader's own names differ.
        let survey = try await backups.connector(board).withBoard(transcript: TranscriptLog()) {
            try await $0.survey().survey
        }
        hardware.devices = survey.partitions.map { partition in
            SimulatedHardware.Device(partition: partition, start: partition.offset ?? 0)
        }
        #expect(!hardware.devices.isEmpty && hardware.devices.allSatisfy { $0.partition.isPlaced })
        if kind.needsStart { board.powerOn() }
        try await check(backups.connector(board), hardware)
        #expect(board.offences.isEmpty, "\(board.offences)")
    }
}
