import FlashAccess
import TestSupport
import Testing
import UBootFlash

/// Addresses for an image.
@Suite struct UBootLoadAddressTests {
    static let boards = [
        "arm-bdinfo", "arm-2026.07-bdinfo", "arm64-bdinfo", "malta-bdinfo", "malta-be-bdinfo",
        "sabrelite-2013.07-bdinfo",
        "sabrelite-2018.03-bdinfo", "sabrelite-bdinfo", "sandbox-2026.07-bdinfo", "vexpress-2011.12-bdinfo",
        "vexpress-2013.07-bdinfo", "vexpress-2018.03-bdinfo",
    ]

    /// The ranges to avoid, as addresses for commands.
    static func keepOut(_ board: UBootBoardInfo) -> [Range<UInt64>] {
        var result = board.reserved
        for label in ["relocaddr", "sp start", "irq_sp", "fdt_blob", "new_fdt", "TLB addr", "FB base"] {
            if let address = board.address(label), address != 0, address < .max {
                result.append(address..<(address < .max - 0x1000 ? address + 0x1000 : .max))
            }
        }
        return result
    }

    @Test(arguments: boards) func neverHits(name: String) throws {
        let board = try #require(UBootBoardInfo(try UBootTranscript(name).reply("bdinfo")))
        let map = try UBootLoadAddress(board)
        var random = SplitMix64(state: 42)
        for _ in 0..<500 {
            let size = UInt64.random(in: 1...(200 << 20), using: &random)
            let bank = board.banks[0]
            let low = UInt64.random(in: bank.lowerBound..<bank.upperBound, using: &random)
            let target = low..<min(bank.upperBound, low + UInt64.random(in: 1...(32 << 20), using: &random))
            let hints = [board.address("boot_params") ?? 0, low]
            do {
                let start = try map.choose(size: size, target: target, hints: hints)
                let image = start..<(start + size)
                #expect(!image.overlaps(target))
                #expect(board.banks.contains { $0.lowerBound <= start && image.upperBound <= $0.upperBound })
                for range in Self.keepOut(board) { #expect(!image.overlaps(range), "\(name) \(image) \(range)") }
            } catch {
                guard case UBootLoadAddress.Refusal.tooLarge(let largest) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(largest < size)
            }
        }
    }

    @Test func hintsAreTaken() throws {
        let board = try #require(UBootBoardInfo(try UBootTranscript("malta-bdinfo").reply("bdinfo")))
        let map = try UBootLoadAddress(board)
        #expect(try map.choose(size: 1 << 20, hints: [0x8100_0000]) == 0x8100_0000)
        #expect(try map.choose(size: 1 << 20, target: 0x8080_0000..<0x8110_0000, hints: [0x8100_0000]) != 0x8100_0000)
        #expect(throws: UBootLoadAddress.Refusal.emptyImage) { try map.choose(size: 0) }
        #expect(throws: UBootLoadAddress.Refusal.self) { try map.choose(size: 1 << 30) }
    }

    /// Old MIPS boards report physical memory and run in kseg0.
    @Test func physicalBanks() throws {
        let text = """
            boot_params = 0x87F7BFB0
            memstart    = 0x00000000
            memsize     = 0x08000000
            flashstart  = 0x9F000000
            relocaddr   = 0x87FB0000
            """
        let map = try UBootLoadAddress(try #require(UBootBoardInfo(UBootReply(text: text))))
        let start = try map.choose(size: 8 << 20)
        #expect((0x8010_0000..<(0x87FB_0000 - (8 << 20))).contains(start))
    }

    @Test func unknownPlace() throws {
        let board = try #require(UBootBoardInfo(UBootReply(text: "memstart = 0x80000000\nmemsize = 0x04000000\n")))
        #expect(throws: UBootLoadAddress.Refusal.unknownRelocation) { try UBootLoadAddress(board) }
    }

    /// With any memory map, nothing traps and nothing known is overwritten.
    @Test(arguments: 0..<200) func anyMap(seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed))
        func number() -> UInt64 {
            switch Int.random(in: 0...3, using: &random) {
            case 0: UInt64.random(in: 0...(.max), using: &random)
            case 1: UInt64.random(in: 0...0xFFFF_FFFF, using: &random)
            case 2: UInt64.random(in: 0x8000_0000...0x9000_0000, using: &random)
            default: [0, 1, .max, 1 << 63, 0x2000_0000].randomElement(using: &random) ?? 0
            }
        }
        func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
        var text = ""
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            text += "-> start = \(hex(number()))\n-> size = \(hex(number()))\n"
        }
        for label in ["relocaddr", "sp start", "irq_sp", "fdt_blob"] where Bool.random(using: &random) {
            text += "\(label) = \(hex(number()))\n"
        }
        for index in 0..<Int.random(in: 0...5, using: &random) {
            text += " reserved[\(index)]\t[\(hex(number()))-\(hex(number()))], 0x1 bytes flags: 0\n"
        }
        guard let board = UBootBoardInfo(UBootReply(text: text)), let map = try? UBootLoadAddress(board) else { return }
        for (first, second) in zip(map.free, map.free.dropFirst()) { #expect(first.upperBound <= second.lowerBound) }
        for _ in 0..<20 {
            let size = number()
            guard let start = try? map.choose(size: size, target: nil, hints: [number(), number()]) else { continue }
            let image = start..<(start + size)
            #expect(map.free.contains { $0.lowerBound <= start && image.upperBound <= $0.upperBound })
            for range in Self.keepOut(board).filter({ $0.lowerBound >= 0x2000_0000 }) {
                #expect(!image.overlaps(range.lowerBound..<(range.lowerBound + 1)))
            }
        }
    }
}
