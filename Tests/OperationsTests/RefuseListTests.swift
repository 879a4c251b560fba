import BackupBags
import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// Known mistakes that have bricked boards, one after another: each is refused, or cannot be requested.
@Suite("The list of what must be refused")
struct RefuseListTests {
    enum Row: Int, CaseIterable, Sendable {
        case writeWithoutErase = 1
        case blockDeviceOfNAND, inUse, gluebi, overlappingPair, oddBounds, wrongLength, failedPages, reservedBlocks,
            rawPages, expertMode, calibrationOfAnotherUnit, bootloader, badBlock, tooFewGoodBlocks, otherGeometry,
            noRoom, otherDevice
    }

    @Test("Each row", arguments: Row.allCases)
    func each(_ row: Row) async throws {
        switch row {
        case .writeWithoutErase: try await everyWriteIsBehindAnErase()
        case .blockDeviceOfNAND: try await boardSays(.noWay, tools: FolderBoard.allTools)
        case .inUse: try await RestoreRefusalTests.check(.inUse)
        case .gluebi: try await RestoreRefusalTests.check(.volumeView)
        case .overlappingPair: try await RestoreRefusalTests.check(.overlappingChoice)
        case .oddBounds:
            try await RestoreRefusalTests.check(.unaligned)
            try await RestoreRefusalTests.check(.readOnly)
            try await RestoreRefusalTests.check(.notInBackup)
        case .wrongLength: try await RestoreRefusalTests.check(.layoutChanged)
        case .failedPages: try await RestoreRefusalTests.check(.damagedImage)
        case .reservedBlocks: try await theTableIsNeverWritten()
        case .rawPages: try await rawPagesAreNeverWritten()
        case .expertMode: try await expertMode()
        case .calibrationOfAnotherUnit:
            try await RestoreRefusalTests.check(.ofAnotherUnit)
            try await RestoreRefusalTests.check(.otherUnit)
        case .bootloader: try await RestoreRefusalTests.check(.notAllowed)
        case .badBlock: try await RestoreRefusalTests.check(.badBlock)
        case .tooFewGoodBlocks: try await tooFewGoodBlocks()
        case .otherGeometry: try await RestoreRefusalTests.check(.otherChip)
        case .noRoom: try await noRoom()
        case .otherDevice: try await otherDevice()
        }
    }

    // MARK: Boards

    private static let size = 2_048

    /// A board with NAND only, without blank blocks.
    private static func nand(bad: Set<Int> = [], table: Set<Int> = []) -> SimulatedHardware {
        var nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 8, blockSize: size, pageSize: 512, oobSize: 16, badBlocks: bad.union(table),
            seed: 21)
        for place in nand.bytes.indices where nand.bytes[place] == 0xFF { nand.bytes[place] = 0x5A }
        var device = nand.device(0, "kernel", 0..<8)
        device.partition.badBlocks = BadBlockKnowledge(
            bad: bad.sorted(), table: table.sorted(), source: "test", isComplete: true)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
            chips: [nand], devices: [device])
        hardware.isWritable = true
        return hardware
    }

    private static func changed(_ hardware: SimulatedHardware, _ block: Int = 2) -> SimulatedHardware {
        var hardware = hardware
        for place in block * size..<(block + 1) * size { hardware.chips["nand0"]?.bytes[place] ^= 0x33 }
        return hardware
    }

    /// Runs the body with a backup made through a real shell, and the same board with other contents and these tools.
    private func boards(
        tools: [String], _ body: (FilePath, FolderBoard, FolderBoard) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder()
        let original = try FolderBoard(Self.nand())
        let bag = try await Backup.run(
            original.connector(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0), environment: .simulated()
        ).bag
        let board = try FolderBoard(Self.changed(Self.nand()), tools: tools)
        try await body(FilePath(bag), original, board)
    }

    // MARK: Rows

    /// The simulated NAND rejects a page that is programmed twice without an erase.
    private func everyWriteIsBehindAnErase() async throws {
        let kept = try await RestoreTests.Kept(Self.nand())
        let connector = SimulatedConnector(Self.changed(Self.nand()))
        let report = try await kept.restore(connector)
        #expect(report.blocksWritten == 1 && connector.hardware.chips["nand0"]?.erases == [2: 1])
        #expect(connector.hardware.chips["nand0"]?.bytes == kept.hardware.chips["nand0"]?.bytes)
    }

    private func boardSays(_ code: RestoreRefusal.Code, tools: [String]) async throws {
        try await boards(tools: tools) { bag, _, board in
            let before = board.contents
            let planning = try await Restore.plan(
                bag, on: board.connector(board.pipe), choice: RestoreTests.everything
            ).planning
            #expect(planning.refusals.map(\.code) == [code])
            #expect(board.contents == before)
        }
    }

    private func theTableIsNeverWritten() async throws {
        let kept = try await RestoreTests.Kept(Self.nand(table: [6, 7]))
        let other = Self.changed(Self.changed(Self.nand(table: [6, 7]), 6))
        let connector = SimulatedConnector(other)
        let report = try await kept.restore(connector)
        #expect(report.blocksWritten == 1 && connector.hardware.chips["nand0"]?.erases == [2: 1])
        #expect(connector.hardware.chips["nand0"]?.bytes[6 * Self.size] == other.chips["nand0"]?.bytes[6 * Self.size])
    }

    private func rawPagesAreNeverWritten() async throws {
        var hardware = Self.nand()
        hardware.readsOOB = true
        let folder = try ScratchFolder()
        let bag = FilePath(
            try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder) { $0.withOOB = true }.bag)
        let raw = try BagReader.open(bag).manifest().images.filter { $0.representation == .dataWithOOB }
        #expect(raw.count == 1)
        let plan = try #require(
            try await Restore.plan(
                bag, on: SimulatedConnector(Self.changed(hardware)), choice: RestoreTests.everything
            ).planning.plan)
        #expect(plan.blockCount == 1)
        #expect(plan.parts.flatMap(\.blocks).allSatisfy { block in !raw.contains { $0.path == block.image } })
    }

    private func expertMode() async throws {
        try await boards(tools: FolderBoard.allTools + ["flash_erase"]) { bag, _, board in
            try board.write("Y\n", "sys/kernel/debug/mtd/expert_analysis_mode")
            let before = board.contents
            try await board.connector(board.pipe).withBoard(transcript: TranscriptLog()) { flash in
                let surveyed = try await flash.survey()
                let partition = try #require(surveyed.survey.partition(0))
                let writer = try #require(surveyed.writer)
                await #expect(throws: FlashkeepError(.toolMissing, what: "", why: "", next: "")) {
                    try await writer.erase(0..<Self.size, of: partition)
                }
            }
            #expect(board.contents["dev/mtd0"] == before["dev/mtd0"])
        }
    }

    private func tooFewGoodBlocks() async throws {
        let kept = try await RestoreTests.Kept(Self.nand(bad: [1]))
        var choice = RestoreTests.everything
        choice.streams = ["kernel"]
        let connector = SimulatedConnector(Self.nand(bad: [1, 4]))
        let planning = try await kept.plan(connector, choice)
        #expect(planning.refusals.map(\.code) == [.badBlock])
        #expect(planning.refusals.first?.why.contains("fills 7 erase blocks, and the board has 6 good ones") == true)
        #expect(connector.hardware.chips["nand0"]?.erases.isEmpty == true)
    }

    /// Nothing is erased for bytes that cannot be uploaded to the board.
    private func noRoom() async throws {
        try await boards(tools: FolderBoard.allTools + ["flash_erase"]) { _, _, board in
            let before = board.contents
            try board.replace("base64", with: "cat >/dev/null; echo 'write error: No space left on device' >&2; exit 1")
            try await board.connector(board.pipe).withBoard(transcript: TranscriptLog()) { flash in
                let surveyed = try await flash.survey()
                let writer = try #require(surveyed.writer)
                await #expect(throws: FlashkeepError(.commandFailed, what: "", why: "", next: "")) {
                    try await writer.stage([UInt8](repeating: 0x42, count: Self.size))
                }
            }
            #expect(board.contents["dev/mtd0"] == before["dev/mtd0"])
        }
    }

    /// Numbers change between firmwares.
    private func otherDevice() async throws {
        try await boards(tools: FolderBoard.allTools + ["flash_erase"]) { _, _, board in
            let before = board.contents
            try await board.connector(board.pipe).withBoard(transcript: TranscriptLog()) { flash in
                let surveyed = try await flash.survey()
                let partition = try #require(surveyed.survey.partition(0))
                try board.write("dev:    size   erasesize  name\nmtd0: 00004000 00000800 \"other\"\n", "proc/mtd")
                let writer = try #require(surveyed.writer)
                await #expect(throws: FlashkeepError(.layoutChanged, what: "", why: "", next: "")) {
                    try await writer.erase(0..<Self.size, of: partition)
                }
            }
            #expect(board.contents["dev/mtd0"] == before["dev/mtd0"])
        }
    }
}
