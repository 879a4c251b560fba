import BoardChannels
import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import FlashAccess
@testable import UBootFlash

/// Flash read through a made-up U-Boot.
@Suite("Flash through U-Boot", .serialized)
struct UBootFlashAccessTests {
    /// A board with a chip, and what it needs to be reached.
    struct Board {
        var simulated: SimulatedUBoot
        var hardware: SimulatedHardware
    }

    enum Way: String, CaseIterable, Sendable {
        case mapped, spiSilent, spiShort, spiLong, nand, mtdNAND, mtdSPI
    }

    /// Some of it random, much of it blank, as flash is; small, for a byte costs five characters.
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

    private func with<Result: Sendable>(
        _ board: Board, over opener: (any ChannelOpening)? = nil, store: ContentStore = ContentStore(),
        _ body: (UBootFlashAccess) async throws -> Result
    ) async throws -> Result {
        try await SimulatedSessions.with(board.simulated, over: opener) { session in
            try await body(UBootFlashAccess(session, store: store))
        }
    }

    /// All of a partition, and what was said of it.
    private func all(
        _ access: UBootFlashAccess, _ ranges: [Range<Int>]? = nil
    ) async throws -> (bytes: [UInt8], findings: [BlockFinding]) {
        let flash = try await access.survey()
        let partition = try #require(flash.survey.partitions.first)
        var bytes = [UInt8](repeating: 0xFF, count: partition.size)
        var findings: [BlockFinding] = []
        // Not every form of `sf` tells of erase blocks.
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

    @Test("The contract is kept, whatever the way", arguments: Way.allCases)
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

    @Test("Pages are read with their OOB bytes, where U-Boot can", arguments: [Way.nand, .mtdNAND])
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

    // MARK: What crosses

    @Test("Blank flash does not cross, and the same twice crosses once")
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

    @Test("What is known does not cross", arguments: [true, false])
    func known(_ isMapped: Bool) async throws {
        let board = Self.board(isMapped ? .mapped : .nand)
        let flash = try #require(board.hardware.chips.values.first)
        let store = ContentStore()
        try store.add(Bytes(flash.bytes))
        let got = try await with(board, store: store) { try await all($0, isMapped ? [0..<flash.bytes.count] : nil) }
        #expect(got.bytes == board.hardware.expected(0))
        // NAND's blocks are smaller than what is looked for in the store.
        if isMapped {
            #expect(
                board.simulated.commands.filter { $0.hasPrefix("md") || $0.hasPrefix("crc32") }
                    == ["crc32 bf000000 3000", "crc32 bf000000 1800"])
        }
    }

    // MARK: Bad blocks, and what cannot be read

    @Test("Bad blocks are never asked for, and nothing shifts", arguments: [Way.nand, .mtdNAND])
    func badBlocks(_ way: Way) async throws {
        for bad in [[0], [7], [1, 2], [0, 7], [3, 4, 5]] as [Set<Int>] {
            let board = Self.board(way, bad: bad)
            let got = try await with(board) { try await all($0) }
            #expect(got.bytes == board.hardware.expected(0), "\(bad)")
            #expect(got.findings.isEmpty)
        }
    }

    @Test("A block that went bad since the survey is unread, not the next one's bytes")
    func wentBad() async throws {
        let board = Self.board(.nand, bad: [])
        let got = try await with(board) { access in
            _ = try await access.survey()
            // The survey has been taken; the list no longer holds.
            let flash = try await access.survey()
            let partition = try #require(flash.survey.partitions.first)
            board.simulated.change { $0.hardware.chips["nand0"]?.badBlocks = [3] }
            var bytes: [UInt8] = []
            var findings: [BlockFinding] = []
            try await flash.reader.read(partition, ranges: [0..<partition.size]) { chunk in
                bytes += chunk.bytes
                findings += chunk.findings
            }
            return (bytes, findings)
        }
        var expected = board.hardware.expected(0)
        expected.replaceSubrange(0xC00..<0x1000, with: [UInt8](repeating: 0xFF, count: 0x400))
        #expect(got.0 == expected)
        #expect(got.1.map(\.range) == [0xC00..<0x1000])
        #expect(got.1.map(\.state) == [.unread])
    }

    @Test(
        "What cannot be read is a finding, and all else is read",
        arguments: [Way.nand, .mtdNAND, .spiShort, .spiLong, .spiSilent, .mtdSPI])
    func unreadable(_ way: Way) async throws {
        for hasChecksum in [true, false] where hasChecksum || way != .spiSilent {
            // A page of the second chunk that was not blank.
            let start = way == .nand || way == .mtdNAND ? 0xC00 : 0x1800
            let board = Self.board(way, bad: []) { scenario in
                if !hasChecksum { scenario.forbid("crc32") }
                for id in scenario.hardware.chips.keys {
                    scenario.hardware.chips[id]?.unreadable = [start + 0x200..<start + 0x300]
                }
            }
            let got = try await with(board) { try await all($0) }
            #expect(!got.findings.isEmpty, "\(way)")
            #expect(got.findings.allSatisfy { $0.state == .unread && !($0.detail ?? "").isEmpty })
            let unread = got.findings.map(\.range)
            let expected = board.hardware.expected(0)
            #expect(unread.contains { $0.overlaps(start + 0x200..<start + 0x300) })
            for place in got.bytes.indices {
                let isUnread = unread.contains { $0.contains(place) }
                guard got.bytes[place] != (isUnread ? 0xFF : expected[place]) else { continue }
                Issue.record("\(way): another byte at \(place)")
                break
            }
            #expect(board.simulated.offences.isEmpty)
        }
    }

    @Test(
        "A page that the ECC repaired is read, one that it could not is kept and named",
        arguments: [Way.nand, .mtdNAND])
    func eccErrors(_ way: Way) async throws {
        for hasChecksum in [true, false] {
            let board = Self.board(way, bad: []) { scenario in
                if !hasChecksum { scenario.forbid("crc32") }
                scenario.hardware.chips["nand0"]?.corrected = [2, 3]
                scenario.hardware.chips["nand0"]?.failed = [6]
            }
            let got = try await with(board) { try await all($0) }
            // Pages of 512 bytes, two to a block; the second is meant.
            var expected = try #require(board.hardware.chips["nand0"]?.bytes)
            expected[6 * 0x400 + 0x200] ^= 0x81
            let isSame = got.bytes == expected
            #expect(isSame)
            let failed = got.findings.filter { $0.state == .eccFailed }.map(\.offset)
            let corrected = got.findings.filter { $0.state == .eccCorrected }.map(\.offset)
            #expect(Set(failed) == [0x1A00])
            // `nand read` says nothing of what was repaired.
            #expect(Set(corrected) == (way == .nand ? [] : [0xA00, 0xE00]))
            #expect(got.findings.allSatisfy { $0.size == 0x200 && !($0.detail ?? "").isEmpty })
            #expect(board.simulated.offences.isEmpty)
        }
    }

    @Test("Failures that nobody tells of are seen, for the RAM was filled before")
    func silentFailures() async throws {
        let board = Self.board(.spiSilent) { $0.hardware.chips["spi0"]?.unreadable = [0..<0x3000] }
        let got = try await with(board) { try await all($0) }
        #expect(got.bytes.allSatisfy { $0 == 0xFF })
        #expect(got.findings.map(\.range) == [0..<0x3000])
        #expect(board.simulated.commands.contains { $0.hasPrefix("mw.b") })
    }

    @Test("Flash that holds what the RAM was filled with is read all the same")
    func fillingInFlash() async throws {
        let board = Self.board(.spiSilent) {
            for place in 0..<0x1000 { $0.hardware.chips["spi0"]?.bytes[place] = place < 0x800 ? 0x5A : 0xA5 }
        }
        try await with(board) { access in
            for ranges in [[0..<1], [0..<0x800], [0x7FF..<0x801], [0x800..<0x1000], [0..<0x1000]] {
                let got = try await all(access, ranges)
                #expect(got.findings.isEmpty)
                #expect(ranges.allSatisfy { Array(got.bytes[$0]) == Array(board.hardware.expected(0)[$0]) })
            }
        }
    }

    @Test("An erase block with its OOB bytes stays within free RAM, also after the block alone was read")
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
        // From this address on, the block alone fits below what U-Boot uses, and the block with OOB bytes does not.
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

    @Test("How a chip is read does not depend on the words that describe it", arguments: Way.allCases)
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

    // MARK: By hand

    @Test(
        "The lines that a person is given write a partition back", arguments: [Way.mapped, .spiLong, .nand, .mtdNAND])
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
                    // Another way to the same address: YMODEM has tests of its own.
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
            // Bad blocks are as they were, and nothing has moved.
            let isSame = now.bytes[range] == (original.chips[id]?.bytes[range] ?? [])
            #expect(isSame, "\(way), block \(number)")
        }
        #expect(board.simulated.offences.isEmpty, "\(board.simulated.offences.prefix(3))")
    }

    @Test("A checksum of what can no longer be read is an error")
    func unreadableChecksum() async throws {
        let board = Self.board(.spiLong)
        try await with(board) { access in
            let flash = try await access.survey()
            let partition = try #require(flash.survey.partitions.first)
            board.simulated.change { $0.hardware.chips["spi0"]?.unreadable = [0..<16] }
            do {
                _ = try await flash.reader.checksum(.crc32, of: partition, ranges: [0..<partition.size])
                Issue.record("there was a checksum")
            } catch let error as FlashkeepError {
                #expect(error.code == .unreadable)
            }
        }
    }

    @Test("Where no free RAM is known, nothing is brought there")
    func noMemory() async throws {
        let board = Self.board(.spiLong) { $0.boardInfo = .bare }
        do {
            _ = try await with(board) { try await all($0) }
            Issue.record("it was read")
        } catch let error as FlashkeepError {
            #expect(error.code == .toolMissing)
        }
        #expect(!board.simulated.commands.contains { $0.hasPrefix("sf read") })
        // Flash that stands in memory needs none.
        let mapped = Self.board(.mapped) { $0.boardInfo = .bare }
        #expect(try await with(mapped) { try await all($0) }.bytes == mapped.hardware.expected(0))
    }

    // MARK: Going on

    @Test("Reading goes on in the midst of a range", arguments: [Way.mapped, .spiSilent, .nand, .mtdNAND])
    func resume(_ way: Way) async throws {
        let board = Self.board(way, bad: [])
        let expected = board.hardware.expected(0)
        let size = expected.count
        try await with(board) { access in
            for start in [1, 0x1FF, 0x801, 0x1234, size - 1] {
                let got = try await all(access, [start..<size])
                #expect(got.findings.isEmpty, "\(way) \(start): \(got.findings)")
                #expect(Array(got.bytes[start...]) == Array(expected[start...]), "\(way) \(start)")
            }
        }
        #expect(board.simulated.offences.isEmpty, "\(board.simulated.offences.prefix(3))")
    }

    @Test("Reset at every so-many-th command", arguments: Way.allCases)
    func resets(_ way: Way) async throws {
        for every in [11, 17] {
            let board = Self.board(way, bad: [1])
            board.simulated.schedule(.reset(afterOutput: every * 20), every: every)
            let got = try await with(board) { try await all($0) }
            #expect(got.bytes == board.hardware.expected(0), "\(way) every \(every)")
            #expect(board.simulated.starts > 1)
            #expect(board.simulated.offences.isEmpty)
        }
    }

    @Test("A watchdog that never lets a dump end: its lines come all the same", arguments: [true, false])
    func watchdog(_ hasChecksum: Bool) async throws {
        let content = SimulatedSessions.bytes(0x1_0000)
        let simulated = SimulatedSessions.nor(content) {
            if !hasChecksum { $0.forbid("crc32") }
        }
        let board = Board(simulated: simulated, hardware: simulated.hardware)
        // A dump of 16 KiB prints 67,000 characters.
        simulated.schedule(.watchdog(afterOutput: 9_000), every: 1)
        let got = try await with(board) { try await all($0) }
        let isSame = got.bytes == content
        #expect(isSame)
        #expect(got.findings.isEmpty)
        #expect((20...60).contains(simulated.starts), "\(simulated.starts)")
    }

    @Test("A board that restarts before it has said anything is given up")
    func restartsForEver() async throws {
        let simulated = SimulatedSessions.nor(SimulatedSessions.bytes(0x4000)) { $0.forbid("crc32") }
        let board = Board(simulated: simulated, hardware: simulated.hardware)
        do {
            _ = try await with(board) { access in
                let flash = try await access.survey()
                let partition = try #require(flash.survey.partitions.first)
                // Less than a line of a dump.
                simulated.schedule(.watchdog(afterOutput: 60), every: 1)
                try await flash.reader.read(partition, ranges: [0..<partition.size]) { _ in }
            }
            Issue.record("it was read")
        } catch let error as FlashkeepError {
            #expect(error.code == .boardLost)
        }
        #expect(simulated.starts < 10)
    }

    @Test("Bad lines", arguments: [Way.mapped, .spiLong, .spiSilent, .nand, .mtdNAND], [true, false])
    func badLine(_ way: Way, _ hasChecksum: Bool) async throws {
        for seed in [hasChecksum ? 1 : 2] as [UInt64] {
            let board = Self.board(way) { if !hasChecksum { $0.forbid("crc32") } }
            var faults = LineFaults()
            faults.replyRate = 500
            faults.commandRate = 500
            let opener = FaultyOpener(board.simulated, faults, seed: seed)
            let got = try await with(board, over: opener) { access in
                let got = try await all(access)
                #expect(access.retries > 0)
                return got
            }
            #expect(opener.damaged > 0)
            let expected = board.hardware.expected(0)
            let wrong = zip(got.bytes, expected).count { $0 != $1 }
            // Without a checksum the proof, a second reading, finds the rest.
            #expect(hasChecksum ? wrong == 0 : wrong < 20, "\(way) \(hasChecksum) \(seed): \(wrong)")
            #expect(got.findings.isEmpty, "\(way) \(seed): \(got.findings)")
            #expect(
                board.simulated.offences.allSatisfy { $0.kind == .bareEnter }, "\(board.simulated.offences.prefix(3))")
        }
    }
}

/// Bytes at hand.
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
