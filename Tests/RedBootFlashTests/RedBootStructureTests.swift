import FlashModel
import RedBootFlash
import TestSupport
import Testing

/// The FIS directory and the configuration as they are on flash, from blocks of real boards.
@Suite("RedBoot's structures on flash")
struct RedBootStructureTests {
    private static let address: UInt64 = 0xBE3F_0000
    private static let blocks = ["malta-2006-fisdir-block", "malta-be-2006-fisdir-block", "malta-2012-fisdir-block"]

    private static func block(_ name: String) throws -> [UInt8] { try RedBootRecording.data(name + ".bin") }

    @Test(arguments: blocks)
    func directory(name: String) throws {
        let bytes = try Self.block(name)
        let directory = try #require(RedBootDirectory(Array(bytes[..<0xF000]), at: Self.address))
        #expect(directory.order == (name.contains("-be-") ? .big : .little))
        #expect(
            directory.entries.map(\.name) == ["RedBoot", "RedBoot config", "FIS directory", "linux", "probe"])
        #expect(directory.entries.map(\.size) == [0x40000, 0x1000, 0xF000, 0x20000, 0x10000])
        #expect(directory.entries.map(\.slot) == [0, 1, 2, 3, 4])
        #expect(directory.entries[3].flashAddress == 0xBE20_0000 && directory.entries[3].entryPoint == 0x8010_0000)
        #expect(directory.mark == nil && directory.deletedSlots == 0)
        // The configuration behind the directory is in none of its slots.
        #expect(RedBootDirectory(bytes, at: Self.address)?.entries == directory.entries)
        // Elsewhere, it is not what it says.
        #expect(RedBootDirectory(bytes, at: Self.address + 0x1_0000) == nil)
        #expect(RedBootDirectory([UInt8](repeating: 0xFF, count: 0x1_0000), at: Self.address) == nil)
        #expect(RedBootDirectory([], at: Self.address) == nil)
    }

    @Test("The checksum of an image is that of its data")
    func imageChecksum() throws {
        // `mfill` filled 128 KiB with 0xFF, and 0x400 bytes of it with a pattern (`malta-2006-fis-create`).
        var image = [UInt8](repeating: 0xFF, count: 0x20000)
        for place in stride(from: 0x100, to: 0x500, by: 4) {
            image.replaceSubrange(place..<place + 4, with: [0x78, 0x56, 0x34, 0x12])
        }
        let directory = try #require(RedBootDirectory(try Self.block(Self.blocks[0]), at: Self.address))
        #expect(directory.entries[3].fileChecksum == RedBootDirectory.checksum(of: image))
    }

    @Test("A swapped directory, deleted slots, and a second copy")
    func variants() throws {
        var bytes = try Self.block(Self.blocks[0])
        // Deleted: only the first byte changes.
        bytes[4 * 256] = 0xFF
        let deleted = try #require(RedBootDirectory(bytes, at: Self.address))
        #expect(deleted.entries.map(\.name).last == "linux" && deleted.deletedSlots == 1)
        // All words in the other order, as CYGOPT_REDBOOT_FLASH_BYTEORDER makes them.
        var swapped = try Self.block(Self.blocks[0])
        for slot in 0..<5 {
            for word in [16, 20, 24, 28, 32, 248, 252] {
                let place = slot * 256 + word
                swapped.replaceSubrange(place..<place + 4, with: swapped[place..<place + 4].reversed())
            }
        }
        let other = try #require(RedBootDirectory(swapped, at: Self.address))
        #expect(other.order == .big && other.entries.map(\.size) == [0x40000, 0x1000, 0xF000, 0x20000, 0x10000])
        // The first slot of a directory with a second copy is its mark.
        var marked = try Self.block(Self.blocks[0])
        marked.replaceSubrange(0..<16, with: Array(".FisValid".utf8) + [0, 0xA5, 0xA5, 7, 0, 0, 0])
        let redundant = try #require(RedBootDirectory(marked, at: Self.address))
        #expect(redundant.mark?.isComplete == true && redundant.mark?.version == 7)
        #expect(redundant.entries.map(\.name).first == "RedBoot config")
        marked[11] = 0xFD
        marked[10] = 0xFD
        #expect(RedBootDirectory(marked, at: Self.address)?.mark?.isComplete == false)
        marked[10] = 0x00
        #expect(RedBootDirectory(marked, at: Self.address)?.mark?.isComplete == .some(nil))
    }

    @Test("Of two copies, the one that RedBoot would use")
    func copies() throws {
        let place = Self.address - 0x1_0000
        /// A directory with an entry for its second copy, at that copy's address or its own.
        func directory(
            _ version: UInt8, _ flag: UInt8?, isCopy: Bool, isSwapped: Bool = false
        ) throws -> RedBootDirectory? {
            var bytes = try Self.block(Self.blocks[0])
            if let flag {
                bytes.replaceSubrange(
                    0..<16,
                    with: Array(".FisValid".utf8) + [0, flag, flag]
                        + (isSwapped ? [0, 0, 0, version] : [version, 0, 0, 0]))
            }
            var copy = Array(bytes[512..<768])
            copy.replaceSubrange(0..<16, with: Array("Redundant FIS".utf8) + [0, 0, 0])
            copy.replaceSubrange(16..<20, with: [0x00, 0x00, 0x3E, 0xBE])
            bytes.replaceSubrange(1_024..<1_280, with: copy)
            return RedBootDirectory(bytes, at: isCopy ? place : Self.address)
        }
        let cases: [(first: (UInt8, UInt8?)?, second: (UInt8, UInt8?)?, isSecond: Bool)] = [
            ((7, 0xA5), (8, 0xA5), true), ((8, 0xA5), (7, 0xA5), false), ((7, 0xA5), (7, 0xA5), false),
            ((7, 0xA5), (8, 0xFD), false), ((8, 0xFD), (7, 0xA5), true), ((7, 0xFD), (8, 0xFD), false),
            ((7, 0xA5), nil, false), (nil, (7, 0xA5), true), ((7, nil), (1, 0xA5), true), ((7, nil), (1, nil), false),
        ]
        for (first, second, isSecond) in cases {
            let one = try first.flatMap { try directory($0.0, $0.1, isCopy: false) }
            let two = try second.flatMap { try directory($0.0, $0.1, isCopy: true) }
            #expect((one == nil) == (first == nil) && (two == nil) == (second == nil))
            let valid = RedBootDirectory.valid(one, two)
            #expect(valid == (isSecond ? two : one), "\(String(describing: first)), \(String(describing: second))")
        }
        #expect(RedBootDirectory.valid(nil, nil) == nil)
        // A count in the other order than the words.
        let old = try directory(7, 0xA5, isCopy: false, isSwapped: true)
        let new = try directory(8, 0xA5, isCopy: true, isSwapped: true)
        #expect(new != nil && RedBootDirectory.valid(old, new) == new)
    }

    @Test("Noise is never more than it is", arguments: blocks)
    func damaged(name: String) throws {
        let bytes = Array(try Self.block(name)[..<0x800])
        var random = SplitMix64(state: 3)
        for _ in 0..<2_000 {
            var copy = bytes
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                copy[Int.random(in: copy.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let directory = RedBootDirectory(copy, at: Self.address) else { continue }
            #expect(directory.entries.count <= 8)
        }
        for cut in stride(from: 0, to: bytes.count, by: 37) {
            _ = RedBootDirectory(Array(bytes[..<cut]), at: Self.address)
        }
    }

    @Test(arguments: blocks)
    func configuration(name: String) throws {
        let bytes = Array(try Self.block(name)[0xF000...])
        let configuration = try #require(RedBootConfiguration(bytes))
        #expect(configuration.order == (name.contains("-be-") ? .big : .little))
        #expect(configuration.length == 0x1000 && configuration.isWhole)
        #expect(configuration.items["bootp_my_ip"] == .address([10, 0, 0, 2]))
        #expect(configuration.items["boot_script_timeout"] == .int(3))
        #expect(configuration.items["boot_script_data"] == .script("fis load linux\ncache\n"))
        #expect(configuration.items["bootp"] == .bool(false))
        #expect(configuration.items.count == (name.contains("2012") ? 15 : 14))
        #expect(configuration.hardwareAddresses.isEmpty)
        for position in stride(from: 0, to: bytes.count, by: 11) {
            var copy = bytes
            copy[position] ^= 0x20
            #expect(RedBootConfiguration(copy) == nil, "\(position)")
        }
        for cut in [0, 3, 8, 100, 0xFFF] { #expect(RedBootConfiguration(Array(bytes[..<cut])) == nil) }
    }

    @Test("Items that are unknown, or too long, leave the rest")
    func hostileConfiguration() {
        func configuration(_ items: [UInt8]) -> RedBootConfiguration? {
            func word(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
            var bytes = word(256) + word(0x0BAD_FACE) + items
            bytes += [UInt8](repeating: 0, count: max(0, 248 - bytes.count)) + word(0xDEAD_DEAD)
            return RedBootConfiguration(bytes + word(RedBootDirectory.checksum(of: bytes)))
        }
        let address: [UInt8] = [6, 4, 1, 0, 0x65, 0x73, 0x61, 0, 2, 3, 4, 5, 6, 7, 0, 0]
        let good = configuration(address)
        #expect(good?.hardwareAddresses == [[2, 3, 4, 5, 6, 7]] && good?.isWhole == true)
        for bad: [UInt8] in [[99, 1, 1, 0, 0, 0], [1, 255, 1, 255], [4, 4, 1, 0, 0x61, 0x62, 0x63, 0]] {
            let found = configuration(address + bad)
            #expect(found?.hardwareAddresses.count == 1 && found?.isWhole == false)
        }
    }
}
