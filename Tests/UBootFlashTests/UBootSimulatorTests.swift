import FlashAccess
import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import UBootFlash

/// Compares the simulated U-Boot's output with that of real ones.
@Suite("The simulated U-Boot prints what the recorded ones do")
struct UBootSimulatorTests {
    private func same(_ recording: UBootReply, _ simulated: String, _ comment: Comment) {
        #expect(
            recording.lines.map { $0.string() }.filter { !$0.isEmpty }
                == UBootReply(text: simulated).lines.map { $0.string() }.filter { !$0.isEmpty }, comment)
    }

    /// A board with the flash shown by a recording.
    private func board(_ chips: [SimulatedHardware.Flash], _ change: (inout UBootScenario) -> Void) -> SimulatedUBoot {
        var scenario = UBootScenario(
            SimulatedHardware(identity: BoardIdentity(), chips: chips, devices: []))
        change(&scenario)
        return SimulatedUBoot(scenario)
    }

    @Test("Dumps in all widths, old and new", arguments: ["malta-md", "vexpress-2013.07-md", "malta-be-md"])
    func dumps(_ name: String) throws {
        let recording = try UBootTranscript(name)
        let isOld = name.hasPrefix("vexpress")
        var compared = 0
        for (command, reply) in recording.exchanges where command.hasPrefix("md.") && !command.contains("0x") {
            let words = command.split(separator: " ")
            let width: UBootMemoryDump.Width? = ["md.b": .byte, "md.w": .word, "md.l": .long][words[0]]
            guard let width, words.count == 3 else { continue }
            let order: UBootMemoryDump.ByteOrder = name.contains("-be-") ? .big : .little
            let lines = UBootMemoryDump(reply, width: width, order: order).lines
            guard let start = UInt64(words[1], radix: 16), start % 0x1000 != 0 || isOld, lines[start] != nil else {
                continue
            }
            // The recorded bytes, at their recorded addresses.
            let base = start & ~0xFFFF
            var flash = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 2, blockSize: 0x10000)
            for (address, bytes) in lines {
                let place = Int(address - base)
                flash.bytes.replaceSubrange(place..<place + bytes.count, with: bytes)
            }
            let simulated = board([flash]) {
                $0.bases["nor0"] = base
                $0.order = order
                $0.dumpGap = isOld ? 4 : 2
            }
            same(reply, simulated.reply(command), "\(name): \(command)")
            compared += 1
        }
        #expect(compared >= 3)
    }

    @Test func checksums() throws {
        let blank = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 0, blockSize: 0x10000)
        for (name, base, command, word): (String, UInt64, String, UBootScenario.ChecksumWord) in [
            ("malta-crc32", 0xBE3E_0000, "crc32 be3e0000 10000", .upper),
            ("vexpress-2013.07-crc32", 0x4100_0000, "crc32 41000000 20000", .lower),
        ] {
            var flash = blank
            flash.bytes = [UInt8](repeating: 0xFF, count: 0x20000)
            let simulated = board([flash]) {
                $0.bases["nor0"] = base
                $0.checksumWord = word
            }
            same(try UBootTranscript(name).reply(command), simulated.reply(command), "\(command)")
        }
    }

    @Test func variables() throws {
        let simulated = board([]) {
            $0.variables = [
                "baudrate": "115200", "ethaddr": "52:54:00:12:34:56", "fdtcontroladdr": "8ff6fae0",
                "loadaddr": "0x81000000", "stderr": "serial@3f8", "stdin": "serial@3f8", "stdout": "serial@3f8",
            ]
        }
        let recording = try UBootTranscript("malta-printenv")
        for command in ["printenv", "printenv baudrate nosuch ethaddr"] {
            same(try recording.reply(command), simulated.reply(command), "\(command)")
        }
    }

    @Test func listOfSectors() throws {
        var flash = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 0, blockSize: 0x10000)
        flash.bytes = [UInt8](repeating: 0xFF, count: 4 << 20)
        let simulated = UBootFlashInfo(
            UBootReply(text: board([flash]) { $0.bases["nor0"] = 0xBE00_0000 }.reply("flinfo")))
        // The scenario must have `flinfo`.
        #expect(simulated == nil)
        let allowed = board([flash]) {
            $0.bases["nor0"] = 0xBE00_0000
            $0.allow("flinfo")
        }
        let parsed = try #require(UBootFlashInfo(UBootReply(text: allowed.reply("flinfo"))))
        let recorded = try #require(UBootFlashInfo(try UBootTranscript("malta-flinfo").reply("flinfo")))
        #expect(parsed.banks.map(\.size) == recorded.banks.map(\.size))
        #expect(parsed.banks.map { $0.sectors.map(\.start) } == recorded.banks.map { $0.sectors.map(\.start) })
        #expect(parsed.banks.allSatisfy { $0.isComplete })
    }

    @Test func serialFlash() throws {
        let flash = SimulatedHardware.Flash("spi0", kind: .spiNOR, blocks: 512, blockSize: 4096)
        for (name, form): (String, UBootScenario.SPIForm) in [
            ("sabrelite-2013.07-sf", .short), ("sabrelite-2018.03-sf", .long),
        ] {
            let simulated = board([flash]) {
                $0.allow("sf")
                $0.spiForm = form
                $0.memory = 0x1000_0000..<0x5000_0000
                $0.relocation = 0x4FF0_0000
            }
            let recording = try UBootTranscript(name)
            // Before a probe.
            same(try recording.reply("sf read 12000000 0 100"), simulated.reply("sf read 12000000 0 100"), "\(name)")
            _ = simulated.reply("sf probe")
            for command in ["sf read 12000000 0 1000", "sf read 12000000 1100 80000"] {
                same(try recording.reply(command), simulated.reply(command), "\(name): \(command)")
            }
            let beyond = UBootReadResult(UBootReply(text: simulated.reply("sf read 12000000 1f0000 20000")))
            #expect(beyond == UBootReadResult(try recording.reply("sf read 12000000 1f0000 20000")))
        }
    }

    @Test func nand() throws {
        let flash = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 512, blockSize: 8192, pageSize: 512, oobSize: 16, badBlocks: [2])
        let simulated = board([flash]) {
            $0.allow("nand", "mtd")
            $0.version = "U-Boot 2026.07 (Nov 21 2026 - 01:25:44 +0000)"
            $0.memory = 0..<0x1000_0000
            $0.relocation = 0xEBD_0000
            $0.namesNANDSize = false
        }
        let info = try #require(UBootNANDInfo(try UBootTranscript("sandbox-2026.07-nand-info").reply("nand info")))
        let parsed = try #require(UBootNANDInfo(UBootReply(text: simulated.reply("nand info"))))
        #expect(parsed.devices.first?.eraseSize == info.devices.first?.eraseSize)
        #expect(parsed.devices.first?.pageSize == info.devices.first?.pageSize)
        let bad = try UBootTranscript("sandbox-2026.07-nand-badblock")
        for command in ["nand bad", "mtd bad nand0", "nand read 1200000 0 8000"] {
            same(try bad.reply(command), simulated.reply(command), "\(command)")
        }
        let shifted = simulated.reply("md.b 1204000 10")
        #expect(
            UBootMemoryDump(UBootReply(text: shifted), width: .byte).lines[0x120_4000]
                == Array(flash.bytes[0x6000..<0x6010]))
        let reads = try UBootTranscript("sandbox-2026.07-nand-rw")
        for command in ["nand read 1200000 400000 1000", "nand read 1200000 3fe000 4000", "nand read 1200000 100 10"] {
            same(try reads.reply(command), simulated.reply(command), "\(command)")
        }
        let mtd = try UBootTranscript("sandbox-2026.07-mtd-nand-bitflip")
        for command in ["mtd read nand0 1200000 100 200"] {
            same(try mtd.reply(command), simulated.reply(command), "\(command)")
        }
    }

    @Test func nandWrites() throws {
        var small = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 512, blockSize: 8192, pageSize: 512, oobSize: 16)
        small.badBlocks = [2]
        let large = SimulatedHardware.Flash(
            "nand1", kind: .nand, blocks: 4, blockSize: 512 << 10, pageSize: 4096, oobSize: 224)
        let nor = SimulatedHardware.Flash("nor1", kind: .nor, blocks: 10, blockSize: 0x2_0000)
        let change: (inout UBootScenario) -> Void = {
            $0.allow("nand", "mtd")
            $0.hardware.isWritable = true
            $0.memory = 0..<0x1000_0000
            $0.relocation = 0xEBD_0000
        }
        let bad = try UBootTranscript("sandbox-2026.07-nand-badblock")
        let damaged = board([small, large, nor], change)
        for command in ["nand erase 4000 2000", "nand erase 2000 6000"] {
            same(try bad.reply(command), damaged.reply(command), "\(command)")
        }
        #expect(damaged.hardware.chips["nand0"]?.erases == [1: 1, 3: 1])
        // The bytes for the bad block are in the next one.
        let before = try #require(damaged.hardware.chips["nand0"]?.bytes)
        let shifted = damaged.reply("nand write 1100000 2000 4000")
        #expect(shifted.contains("Skip bad block 0x00004000\n 16384 bytes written: OK"), "\(shifted)")
        let after = try #require(damaged.hardware.chips["nand0"]?.bytes)
        #expect(after[0x6000..<0x8000] != before[0x6000..<0x8000] && after[0x8000...] == before[0x8000...])
        #expect(after[0x4000..<0x6000] == before[0x4000..<0x6000])

        small.badBlocks = []
        let good = board([small, large, nor], change)
        let plain = try UBootTranscript("sandbox-2026.07-nand-rw")
        for command in ["nand erase 0 10000", "nand write 1100000 0 10000", "nand erase 100 2000"] {
            same(try plain.reply(command), good.reply(command), "\(command)")
        }
        let mtd = try UBootTranscript("sandbox-2026.07-mtd-nand")
        for command in ["nand device 1", "nand erase 0 200000", "mtd write nand1 1100000 0 200000"] {
            same(try mtd.reply(command), good.reply(command), "\(command)")
        }
        let erases = try UBootTranscript("arm-mtd-write")
        for command in ["mtd erase nor1 100000 20000", "mtd erase nor1 100100 20000", "mtd erase nor1 100000 100"] {
            same(try erases.reply(command), good.reply(command), "\(command)")
        }
        #expect(good.offences.isEmpty, "\(good.offences)")
    }

    @Test func memory() throws {
        for form in [UBootScenario.BoardInfo.banks, .memory] {
            let simulated = board([]) { $0.boardInfo = form }
            let info = try #require(UBootBoardInfo(UBootReply(text: simulated.reply("bdinfo"))))
            #expect(info.banks == [0x8000_0000..<0x9000_0000])
            #expect(info.relocationAddress == 0x8FFB_0000)
            _ = try UBootLoadAddress(info).choose(size: 1 << 20)
        }
    }

    @Test("Writing commands are refused and recorded")
    func refusals() {
        for command in [
            "saveenv", "erase 9f000000 +10000", "cp.b 80100000 bf000000 10", "mw.b bf000000 0 10", "sf erase 0 10000",
            "sf write 80100000 0 100", "sf update 80100000 0 100", "nand erase 0 2000", "nand scrub 0 2000",
            "nand write 80100000 0 2000", "nand markbad 2000", "mtd erase nand0", "mtd write nand0 80100000",
            "setenv a b", "reset", "bootm 80100000", "cp.b bf000000 8ffb0000 100",
        ] {
            let nor = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 2, blockSize: 0x1000)
            let spi = SimulatedHardware.Flash("spi0", kind: .spiNOR, blocks: 2, blockSize: 0x1000)
            let simulated = board([nor, spi]) {
                $0.bases["nor0"] = 0xBF00_0000
                $0.allow("sf", "nand", "mtd", "erase")
            }
            _ = simulated.reply(command)
            #expect(simulated.offences.count == 1, "\(command)")
            #expect(simulated.hardware.chips["nor0"]?.bytes == nor.bytes)
        }
    }
}
