import BoardChannels
import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import FlashAccess
@testable import UBootFlash

/// Flash read through a simulated U-Boot.
@Suite("Flash through U-Boot", .serialized)
struct UBootFlashAccessTests {
    /// A board with a chip, and the hardware state behind it.
    struct Board {
        var simulated: SimulatedUBoot
        var hardware: SimulatedHardware
    }

    enum Way: String, CaseIterable, Sendable {
        case mapped, spiSilent, spiShort, spiLong, nand, mtdNAND, mtdSPI
    }

    /// Random bytes with every third block blank, like real flash; small, because a byte costs five characters.
    private static func flash(
        _ id: String, _ kind: Chip.Kind, blocks: Int, blockSize: Int, page: Int = 1, oob: Int = 0, bad: Set<Int> = []
    ) -> SimulatedHardware.Flash {
        var flash = SimulatedHardware.Flash(
            id, kind: kind, blocks: blocks, blockSize: blockSize, pageSize: page, oobSize: oob, badBlocks: bad)
        for block in 0..<blocks where block % 3 == 1 {
            let range = block * blockSize..<(block + 1) * blockSize
            flash.bytes.replaceSubrange(range, with: [UInt8](repeating: 0xFF, count: blockSize))
        }
        return flash
    }

    static func board(
        _ way: Way, bad: Set<Int> = [2, 5], _ change: (inout UBootScenario) -> Void = { _ in }
    ) -> Board {
        var flash: SimulatedHardware.Flash
        switch way {
        case .mapped: flash = Self.flash("nor0", .nor, blocks: 6, blockSize: 0x800)
        case .spiSilent, .spiShort, .spiLong, .mtdSPI: flash = Self.flash("spi0", .spiNOR, blocks: 6, blockSize: 0x800)
        case .nand, .mtdNAND:
            flash = Self.flash("nand0", .nand, blocks: 8, blockSize: 0x400, page: 0x200, oob: 16, bad: bad)
        }
        if way == .mtdSPI { flash.chip.id = "nor0" }
        let device = flash.device(0, flash.chip.id, 0..<flash.bytes.count / flash.chip.eraseBlockSize)
        let hardware = SimulatedHardware(identity: BoardIdentity(), chips: [flash], devices: [device])
        var scenario = UBootScenario(hardware)
        switch way {
        case .mapped:
            scenario.bases["nor0"] = 0xBF00_0000
            scenario.allow("flinfo")
        case .spiSilent, .spiShort, .spiLong:
            scenario.allow("sf")
            scenario.spiForm = way == .spiSilent ? .silent : way == .spiShort ? .short : .long
        case .nand: scenario.allow("nand")
        case .mtdNAND, .mtdSPI: scenario.allow("mtd")
        }
        change(&scenario)
        return Board(simulated: SimulatedUBoot(scenario), hardware: scenario.hardware)
    }

    func with<Result: Sendable>(
        _ board: Board, over opener: (any ChannelOpening)? = nil, store: ContentStore = ContentStore(),
        _ body: (UBootFlashAccess) async throws -> Result
    ) async throws -> Result {
        try await SimulatedSessions.with(board.simulated, over: opener) { session in
            try await body(UBootFlashAccess(session, store: store))
        }
    }

    /// All of a partition, with its findings.
    func all(
        _ access: UBootFlashAccess, _ ranges: [Range<Int>]? = nil
    ) async throws -> (bytes: [UInt8], findings: [BlockFinding]) {
        let flash = try await access.survey()
        let partition = try #require(flash.survey.partitions.first)
        var bytes = [UInt8](repeating: 0xFF, count: partition.size)
        var findings: [BlockFinding] = []
        // Not every form of `sf` reports erase blocks.
        let block = partition.eraseBlockSize > 0 ? partition.eraseBlockSize : partition.size
        let bad = Set(partition.badBlocks?.bad ?? [])
        let good = (0..<partition.size / block).filter { !bad.contains($0) }.map { $0 * block..<($0 + 1) * block }
        try await flash.reader.read(partition, ranges: ranges ?? good) { chunk in
            bytes.replaceSubrange(chunk.range, with: chunk.bytes)
            findings += chunk.findings
        }
        return (bytes, findings)
    }

    // MARK: The contract

    @Test("Every access method fulfills the contract", arguments: Way.allCases)
    func contract(_ way: Way) async throws {
        for hasChecksum in [true, false] where hasChecksum || [.mapped, .mtdNAND].contains(way) {
            let board = Self.board(way) { if !hasChecksum { $0.forbid("crc32") } }
            let problems = try await with(board) { access in
                try await FlashContract.problems(board.hardware, try await access.survey())
            }
            #expect(problems.isEmpty, "\(way), crc32 \(hasChecksum): \(problems.prefix(3))")
            #expect(board.simulated.offences.isEmpty, "\(board.simulated.offences.prefix(3))")
            #expect(board.simulated.starts == 1)
            #expect(board.simulated.hardware.chips.values.first?.bytes == board.hardware.chips.values.first?.bytes)
        }
    }

    @Test("Pages are read with their OOB bytes, if U-Boot can", arguments: [Way.nand, .mtdNAND])
    func oob(_ way: Way) async throws {
        for hasChecksum in [true, false] {
            let board = Self.board(way) { scenario in
                scenario.hardware.readsOOB = true
                if !hasChecksum { scenario.forbid("crc32") }
            }
            try await with(board) { access in
                let surveyed = try await access.survey()
                let partition = try #require(surveyed.survey.partitions.first)
                #expect(surveyed.reader.readsOOB)
                let problems = try await FlashContract.problems(board.hardware, surveyed)
                #expect(problems.isEmpty, "\(problems.prefix(3))")
                board.simulated.schedule(.reset(afterOutput: 200), every: way == .nand ? 5 : 23)
                var bytes: [UInt8] = []
                try await surveyed.reader.readWithOOB(partition, ranges: [0..<0x800, 0xC00..<0x1400]) {
                    bytes += $0.bytes
                }
                let flash = try #require(board.hardware.chips["nand0"])
                let expected = (Array(0..<4) + Array(6..<10)).flatMap {
                    flash.bytes[$0 * 0x200..<($0 + 1) * 0x200] + board.hardware.oob($0, of: flash.chip)
                }
                let isSame = bytes == expected
                #expect(isSame)
            }
            #expect(board.simulated.starts > 1)
            #expect(board.simulated.offences.isEmpty)
        }
        let without = Self.board(way)
        try await with(without) { access in
            let surveyed = try await access.survey()
            let partition = try #require(surveyed.survey.partitions.first)
            #expect(!surveyed.reader.readsOOB)
            await #expect(throws: FlashkeepError.self) {
                try await surveyed.reader.readWithOOB(partition, ranges: [0..<0x400]) { _ in }
            }
        }
    }

    @Test("Only commands that read are sent")
    func whitelist() async throws {
        let allowed: Set<String> = [
            "version", "help", "bdinfo", "printenv", "flinfo", "sf", "nand", "mtd", "md.b", "md.l", "crc32", "mw.b",
        ]
        let second: Set<String> = ["probe", "read", "info", "bad", "device", "list"]
        for way in Way.allCases {
            let board = Self.board(way)
            _ = try await with(board) { try await all($0) }
            for command in board.simulated.commands {
                let words = command.split(separator: " ").map(String.init)
                #expect(allowed.contains(words[0]), "\(command)")
                if ["sf", "nand", "mtd"].contains(words[0]) { #expect(second.contains(words[1]), "\(command)") }
            }
        }
    }

    // MARK: Transferred data

    @Test("Blank flash is not transferred, and repeated content only once")
    func spared() async throws {
        let block = SimulatedSessions.bytes(0x4000)
        let blank = [UInt8](repeating: 0xFF, count: 0x1_0000)
        let content =
            block + [UInt8](repeating: 0, count: 0xC000) + blank + block + [UInt8](repeating: 0xFF, count: 0xC000)
        let simulated = SimulatedSessions.nor(content)
        let board = Board(simulated: simulated, hardware: simulated.hardware)
        let got = try await with(board) { try await all($0) }
        #expect(got.bytes == content)
        #expect(simulated.commands.filter { $0.hasPrefix("md") } == ["md.l bf000000 1000"])
    }

    @Test("Known content is not transferred", arguments: [true, false])
    func known(_ isMapped: Bool) async throws {
        let board = Self.board(isMapped ? .mapped : .nand)
        let flash = try #require(board.hardware.chips.values.first)
        let store = ContentStore()
        try store.add(Bytes(flash.bytes))
        let got = try await with(board, store: store) { try await all($0, isMapped ? [0..<flash.bytes.count] : nil) }
        #expect(got.bytes == board.hardware.expected(0))
        // NAND's blocks are smaller than the unit of the content store.
        if isMapped {
            #expect(
                board.simulated.commands.filter { $0.hasPrefix("md") || $0.hasPrefix("crc32") }
                    == ["crc32 bf000000 3000", "crc32 bf000000 1800"])
        }
    }

    // MARK: RAM, and access to a chip

    @Test("An erase block with its OOB bytes stays within free RAM, even after one without them was read")
    func stagingGrows() async throws {
        let (page, oob, block) = (0x2000, 448, 1 << 20)
        var flash = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 0, blockSize: block, pageSize: page, oobSize: oob)
        flash.bytes = [UInt8](repeating: 0xFF, count: block)
        flash.chip.size = .exact(block)
        var scenario = UBootScenario(SimulatedHardware(identity: BoardIdentity(), chips: [flash], devices: []))
        scenario.hardware.readsOOB = true
        scenario.allow("nand")
        func facts(_ session: UBootSession) async throws -> UBootFacts {
            var replies: [String: UBootReply] = [:]
            for question in UBootFacts.questions { replies[question] = try await session.agreed(on: question) }
            return UBootFacts(replies)
        }
        let ceiling = try await SimulatedSessions.with(SimulatedUBoot(scenario)) { session in
            let board = try #require(try await facts(session).board)
            let free = try UBootLoadAddress(board).free
            return try #require(free.last).upperBound
        }
        // From this address on, only the block without OOB bytes fits below the memory that U-Boot uses.
        scenario.variables["loadaddr"] = "0x" + String(ceiling - UInt64(block), radix: 16)
        try await SimulatedSessions.with(SimulatedUBoot(scenario)) { session in
            let facts = try await facts(session)
            let chip = try #require(try UBootSurvey.assemble(facts: facts).chips.first)
            let staging = UBootStaging(session, facts)
            guard case .at(ceiling - UInt64(block)) = try await staging.locate(0..<block, of: chip) else {
                Issue.record("the block is not at loadaddr")
                return
            }
            guard case .at(let address) = try await staging.locateWithOOB(0..<block / page, of: chip) else {
                Issue.record("the pages were not read")
                return
            }
            #expect(address + UInt64(block / page * (page + oob)) <= ceiling)
        }
    }

    @Test("Access to a chip does not depend on its descriptive text", arguments: Way.allCases)
    func windows(_ way: Way) async throws {
        try await SimulatedSessions.with(Self.board(way).simulated) { session in
            var replies: [String: UBootReply] = [:]
            for question in UBootFacts.questions { replies[question] = try await session.agreed(on: question) }
            let windows = Array(UBootFacts(replies).windows.values)
            switch way {
            case .mapped: #expect(windows == [.mapped(base: 0xBF00_0000)])
            case .spiSilent, .spiShort, .spiLong: #expect(windows == [.spi])
            case .nand: #expect(windows == [.nand(0)])
            case .mtdNAND: #expect(windows == [.mtd("nand0")])
            case .mtdSPI: #expect(windows == [.mtd("nor0")])
            }
        }
    }

    @Test("Without known free RAM, nothing is copied there")
    func noMemory() async throws {
        let board = Self.board(.spiLong) { $0.boardInfo = .bare }
        do {
            _ = try await with(board) { try await all($0) }
            Issue.record("it was read")
        } catch let error as FlashkeepError {
            #expect(error.code == .toolMissing)
        }
        #expect(!board.simulated.commands.contains { $0.hasPrefix("sf read") })
        // Mapped flash needs none.
        let mapped = Self.board(.mapped) { $0.boardInfo = .bare }
        #expect(try await with(mapped) { try await all($0) }.bytes == mapped.hardware.expected(0))
    }

    // MARK: By hand

    @Test(
        "The commands for restoring by hand write a partition back", arguments: [Way.mapped, .spiLong, .nand, .mtdNAND])
    func byHand(_ way: Way) async throws {
        let original = Self.board(way).hardware
        let board = Self.board(way) { scenario in
            scenario.hardware.isWritable = true
            scenario.allow("loady", "erase", "protect")
            for (id, flash) in scenario.hardware.chips {
                let block = flash.chip.eraseBlockSize
                for number in [0, 1, 3, 4] { scenario.hardware.chips[id]?.bytes[number * block + 9] ^= 0x42 }
            }
        }
        let id = try #require(original.chips.keys.first)
        let expected = original.expected(0)
        try await SimulatedSessions.with(board.simulated) { session in
            let access = UBootFlashAccess(session, store: ContentStore())
            let flash = try await access.survey()
            let partition = try #require(flash.survey.partitions.first)
            let procedure = try #require(flash.writer?.manualProcedure(for: partition))
            guard case .commands(let method, let lines, let notes) = procedure else {
                Issue.record("\(way): \(procedure)")
                return
            }
            let texts = method.rules + [method.name, method.identification] + lines + notes
            #expect(!texts.contains { $0.contains("/proc") || $0.contains("/dev") })
            #expect(notes.isEmpty && method.steps.count > 3)
            let load = MemoryFillLoad(
                session: session, facts: UBootFacts([:]))
            var sums: [String] = []
            for line in lines {
                let words = line.split(separator: " ").map(String.init)
                if words[0] == "loady" {
                    // The same result by another method: YMODEM has its own tests.
                    let address = try #require(UInt64(words[1], radix: 16))
                    _ = try await load.load(expected, to: address)
                    continue
                }
                let reply = try await session.ask(line, silence: .seconds(60))
                if let sum = UBootChecksum(reply) { sums.append(sum.digest.hex) }
            }
            #expect(
                sums == [String](repeating: Hexadecimal.text(CRC32.sum(of: expected)), count: 2), "\(way): \(lines)")
        }
        let now = try #require(board.simulated.hardware.chips[id])
        let block = now.chip.eraseBlockSize
        for number in 0..<now.bytes.count / block {
            let range = number * block..<(number + 1) * block
            // Bad blocks are unchanged, and nothing has shifted.
            let isSame = now.bytes[range] == (original.chips[id]?.bytes[range] ?? [])
            #expect(isSame, "\(way), block \(number)")
        }
        #expect(board.simulated.offences.isEmpty, "\(board.simulated.offences.prefix(3))")
    }
}

/// Known bytes in memory.
struct Bytes: ContentSource {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var size: Int { bytes.count }

    func read(offset: Int, count: Int) -> [UInt8] {
        Array(bytes.dropFirst(offset).prefix(count))
    }
}
