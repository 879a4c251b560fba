import BackupBags
import FlashAccess
import FlashModel
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing
import UBootFlash

/// What the user gives and what U-Boot reports may be wrong; then nothing wrong is called whole, and nothing that is no
/// RAM is written to.
@Suite("Flash and RAM that the user gives, checked", .serialized, .timeLimit(.minutes(3)))
struct GivenFlashTests {
    private static let base: UInt64 = 0x9F00_0000

    /// The AR7240 whose `bdinfo` has 4 MiB of flash at 0x9F000000, with 32 MiB of RAM at 0x80000000.
    private static func atheros() throws -> UBootScenario {
        var scenario = try ConsoleCaseTests.scenario("ath79-flinfo-joke", prompt: "ar7240> ")
        scenario.memory = 0x8000_0000..<0x8200_0000
        scenario.hardware.chips["nor0"] = ConsoleCaseTests.flash(
            "nor0", kind: .nor, size: 4 << 20, block: 64 << 10)
        scenario.bases["nor0"] = base
        return scenario
    }

    /// The same with a serial chip at `sf`.
    private static func withSerial(_ bytes: (UBootScenario) -> [UInt8]) throws -> UBootScenario {
        var scenario = try atheros()
        scenario.answers["help", default: ""] += "sf      - SPI flash sub-system\n"
        scenario.allow("sf", "mw")
        var flash = ConsoleCaseTests.flash("spi0", kind: .spiNOR, size: 4 << 20, block: 64 << 10)
        flash.bytes = bytes(scenario)
        scenario.hardware.chips["spi0"] = flash
        return scenario
    }

    @Test(
        "RAM that is flash, or nothing, is refused before anything is written",
        arguments: [
            (0x9F00_0000 as UInt64, 0x10_0000 as UInt64, "Flash"), (0x9F3F_0000, 0x10_0000, "Flash"),
            (0x8700_0000, 0x10_0000, "RAM only at"), (0x81F0_0000, 0x20_0000, "RAM only at"),
        ])
    func wrongRAM(start: UInt64, size: UInt64, words: String) async throws {
        let scenario = try Self.atheros()
        let board = SimulatedUBoot(scenario)
        let error = await #expect(throws: FlashkeepError.self) {
            try await ConsoleCaseTests.backUp(
                scenario, given: GivenMemory(freeRAM: start..<start + size), board: board, in: ScratchFolder())
        }
        #expect(error?.code == .usage && error?.why.contains(words) == true, "\(String(describing: error))")
        #expect(board.count(of: "mw.b") == 0 && board.count(of: "sf") == 0)
    }

    @Test("RAM where U-Boot itself is is refused")
    func ownRAM() async throws {
        let error = await #expect(throws: FlashkeepError.self) {
            try await ConsoleCaseTests.backUp(
                Self.nand(size: 4 << 20), given: GivenMemory(freeRAM: 0x43F0_0000..<0x43FF_0000),
                in: ScratchFolder())
        }
        #expect(error?.code == .usage && error?.why.contains("U-Boot itself") == true, "\(String(describing: error))")
    }

    @Test("Flash that is RAM is refused")
    func flashInRAM() async throws {
        let given = GivenFlash(kind: .nor, start: 0x8080_0000, size: 1 << 20, eraseBlockSize: 64 << 10)
        let error = await #expect(throws: FlashkeepError.self) {
            try await ConsoleCaseTests.backUp(
                Self.atheros(), given: GivenMemory(flash: [given]), in: ScratchFolder())
        }
        #expect(error?.code == .usage && error?.why.contains("RAM") == true, "\(String(describing: error))")
    }

    @Test("A RAM address at which the board crashes is named after the third time")
    func crash() async throws {
        var scenario = try ConsoleCaseTests.scenario("prompt-without-blank", prompt: "anyka$")
        scenario.allow("mw")
        scenario.spiForm = .short
        scenario.hardware.chips["spi0"] = ConsoleCaseTests.flash(
            "spi0", kind: .spiNOR, size: 8 << 20, block: 64 << 10)
        let board = SimulatedUBoot(scenario)
        let error = await #expect(throws: FlashkeepError.self) {
            try await ConsoleCaseTests.backUp(
                scenario, given: GivenMemory(freeRAM: 0x1000..<0x20_1000), board: board, in: ScratchFolder())
        }
        #expect(error?.code == .commandFailed, "\(String(describing: error))")
        #expect(board.starts <= 5)
    }

    @Test("Two chips of equal size are two if their bytes differ, and one if they do not", arguments: [true, false])
    func equalSizes(isOne: Bool) async throws {
        let scenario = try Self.withSerial { scenario in
            var bytes = scenario.hardware.chips["nor0"]?.bytes ?? []
            if !isOne { bytes[100] ^= 1 }
            return bytes
        }
        let given = GivenMemory(freeRAM: 0x8100_0000..<0x8180_0000)
        let report = try await ConsoleCaseTests.backUp(scenario, given: given, in: ScratchFolder())
        #expect(report.manifest.chips.count == (isOne ? 1 : 2), "\(report.manifest.chips)")
        #expect(report.summary.isProven, "\(report.summary.sentences)")
        // Of two chips it is not known which one the table is about.
        #expect(report.summary.isWhole == isOne, "\(report.summary.sentences)")
        // Without RAM they cannot be compared: one is read, and it is said that there may be two.
        let apart = try await ConsoleCaseTests.backUp(scenario, in: ScratchFolder())
        #expect(apart.manifest.chips.count == 1 && !apart.summary.isWhole, "\(apart.summary.sentences)")
    }

    @Test("A size given that differs from the reported one is told, smaller and larger", arguments: [2, 8])
    func otherSize(megabytes: Int) async throws {
        let given = GivenFlash(
            kind: .nor, start: Self.base, size: megabytes << 20, eraseBlockSize: 64 << 10)
        var scenario = try Self.atheros()
        if megabytes > 4, var flash = scenario.hardware.chips["nor0"] {
            // Behind the flash there is something that can be read.
            flash.bytes += [UInt8](repeating: 0xA5, count: 4 << 20)
            scenario.hardware.chips["nor0"] = flash
        }
        let report = try await ConsoleCaseTests.backUp(
            scenario, given: GivenMemory(flash: [given]), in: ScratchFolder())
        #expect(!report.summary.isWhole)
        #expect(report.summary.unknown.contains { $0.contains("--flash gives") }, "\(report.summary.sentences)")
    }

    @Test("Given flash that repeats itself is not called whole")
    func mirrored() async throws {
        var scenario = try ConsoleCaseTests.scenario("hornet-no-flinfo", prompt: "hornet> ")
        var flash = ConsoleCaseTests.flash("nor0", kind: .nor, size: 128 << 10, block: 4 << 10)
        for position in 0..<64 << 10 { flash.bytes[position + (64 << 10)] = flash.bytes[position] }
        scenario.hardware.chips["nor0"] = flash
        scenario.bases["nor0"] = Self.base
        let given = GivenFlash(kind: .nor, start: Self.base, size: 128 << 10, eraseBlockSize: 4 << 10)
        let report = try await ConsoleCaseTests.backUp(
            scenario, given: GivenMemory(flash: [given]), in: ScratchFolder())
        #expect(!report.summary.isWhole)
    }

    /// A board with NAND of which nothing tells the size.
    private static func nand(size: Int) throws -> UBootScenario {
        var scenario = try ConsoleCaseTests.scenario("nand-size-unknown", prompt: "zlg@imx280a# ")
        scenario.memory = 0x4000_0000..<0x4400_0000
        scenario.relocation = 0x43F3_C000
        scenario.hardware.chips["nand0"] = ConsoleCaseTests.flash(
            "nand0", kind: .nand, size: size, block: 128 << 10, page: 2_048, oob: 64)
        scenario.answers["nand bad"] = nil
        return scenario
    }

    @Test("NAND whose size is no power of two ends where reads end", arguments: [6 << 20, (8 << 20) - (128 << 10)])
    func oddSize(_ size: Int) async throws {
        let scenario = try Self.nand(size: size)
        let folder = try ScratchFolder()
        let report = try await ConsoleCaseTests.backUp(scenario, in: folder)
        #expect(report.manifest.chips.map(\.size) == [.exact(size)])
        #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        try ConsoleCaseTests.expectSame(report, scenario, "nand0")
    }

    @Test("NAND of which the user gives too little or too much is not called whole", arguments: [4, 16])
    func givenNAND(megabytes: Int) async throws {
        let given = GivenFlash(kind: .nand, start: 0, size: megabytes << 20, eraseBlockSize: 128 << 10)
        let report = try await ConsoleCaseTests.backUp(
            Self.nand(size: 8 << 20), given: GivenMemory(flash: [given]), in: ScratchFolder())
        #expect(!report.summary.isWhole, "\(report.summary.sentences)")
        let words = megabytes < 8 ? "may be larger" : "ends before"
        #expect(report.summary.unknown.contains { $0.contains(words) }, "\(report.summary.sentences)")
    }

    /// A board with two NAND chips, of which `nand bad` speaks one at a time.
    private static func twoChips() -> UBootScenario {
        var scenario = UBootScenario()
        scenario.allow("nand")
        for number in 0...1 {
            scenario.hardware.chips["nand\(number)"] = ConsoleCaseTests.flash(
                "nand\(number)", kind: .nand, size: 1 << 20, block: 16 << 10, page: 512, oob: 16,
                bad: number == 0 ? [7] : [3, 9])
        }
        return scenario
    }

    @Test("Of two chips, the bad blocks of both are asked for, and both are whole")
    func bothChips() async throws {
        let scenario = Self.twoChips()
        let report = try await ConsoleCaseTests.backUp(scenario, in: ScratchFolder())
        #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        let bad = report.manifest.partitions.map { $0.partition.badBlocks?.bad.count }
        #expect(bad == [1, 2])
    }

    @Test(
        "Another chip than the one that was asked for is never saved in its place", arguments: ["No such device\n", ""])
    func otherDevice(answer: String) async throws {
        var scenario = Self.twoChips()
        scenario.answers["nand device 1"] = answer
        let report = try await ConsoleCaseTests.backUp(scenario, in: ScratchFolder())
        #expect(!report.summary.isWhole, "\(report.summary.sentences)")
        let second = report.manifest.images.filter { $0.chip == "nand1" }
        #expect(second.allSatisfy { image in image.blocks.map(\.size).reduce(0, +) == image.size }, "\(second)")
    }
}
