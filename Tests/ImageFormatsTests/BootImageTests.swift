import FlashModel
import Foundation
import ImageFormats
import TestSupport
import Testing
import UBootFlash

/// Files to be started, built by hand after the formats' own documents, whole, cut and damaged.
@Suite struct BootImageTests {
    // MARK: Building

    static func big(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    static func little(_ value: UInt32) -> [UInt8] { big(value).reversed() }
    static func long(_ value: UInt64) -> [UInt8] {
        little(UInt32(truncatingIfNeeded: value)) + little(UInt32(truncatingIfNeeded: value >> 32))
    }
    static func padded(_ bytes: [UInt8], to unit: Int = 4) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (unit - bytes.count % unit) % unit)
    }
    static func content(_ count: Int) -> [UInt8] { SplitMix64.bytes(count, seed: 77) }

    static func legacy(
        _ data: [UInt8], load: UInt32 = 0x8000_0000, entry: UInt32 = 0x8000_0400, system: UInt8 = 5, arch: UInt8 = 5,
        type: UInt8 = 2, packing: UInt8 = 0, name: String = "MIPS OpenWrt Linux-6.6"
    ) -> [UInt8] {
        func header(_ sum: UInt32) -> [UInt8] {
            var bytes = big(0x2705_1956) + big(sum) + big(0x5F00_0000) + big(UInt32(data.count))
            bytes += big(load) + big(entry) + big(CRC32.sum(of: data)) + [system, arch, type, packing]
            return padded(bytes + Array(name.utf8).prefix(32), to: 64)
        }
        return header(CRC32.sum(of: header(0))) + data
    }

    /// A node or a property of a device tree.
    indirect enum Line {
        case node(String, [Line])
        case property(String, [UInt8])
        static func text(_ name: String, _ value: String) -> Line { .property(name, Array(value.utf8) + [0]) }
        static func cell(_ name: String, _ value: UInt32) -> Line { .property(name, BootImageTests.big(value)) }
    }

    static func tree(_ lines: [Line]) -> [UInt8] {
        var structure: [UInt8] = []
        var strings: [UInt8] = []
        var places: [String: Int] = [:]
        func add(_ line: Line) {
            switch line {
            case .node(let name, let lines):
                structure += big(1) + padded(Array(name.utf8) + [0])
                for line in lines { add(line) }
                structure += big(2)
            case .property(let name, let value):
                let place = places[name] ?? strings.count
                if places[name] == nil { strings += Array(name.utf8) + [0] }
                places[name] = place
                structure += big(4) + big(3) + big(UInt32(value.count)) + big(UInt32(place)) + padded(value)
            }
        }
        add(.node("", lines))
        structure += big(9)
        let start = 40 + 16
        let stringsStart = start + structure.count
        let total = stringsStart + strings.count
        var header = big(0xD00D_FEED) + big(UInt32(total)) + big(UInt32(start)) + big(UInt32(stringsStart)) + big(40)
        header += big(17) + big(16) + big(0) + big(UInt32(strings.count)) + big(UInt32(structure.count))
        return header + [UInt8](repeating: 0, count: 16) + structure + strings
    }

    static func fit(
        kernel: [Line], configuration: [Line] = [.text("kernel", "kernel-1"), .text("fdt", "fdt-1")],
        selected: String? = "config-1", others: [Line] = []
    ) -> [UInt8] {
        tree([
            .text("description", "test"), .cell("timestamp", 1_600_000_000), .cell("#address-cells", 1),
            .node(
                "images",
                [
                    .node("kernel-1", kernel),
                    .node(
                        "fdt-1", [.text("type", "flat_dt"), .property("data", content(200)), .text("arch", "arm64")]),
                ] + others),
            .node(
                "configurations",
                (selected.map { [.text("default", $0)] } ?? []) + [.node("config-1", configuration)]),
        ])
    }

    static func kernelPart(_ data: [UInt8], type: String = "kernel", arch: String = "arm64") -> [Line] {
        [
            .text("description", "Linux"), .text("type", type), .text("arch", arch), .text("os", "linux"),
            .text("compression", "none"), .cell("load", 0x4800_0000), .cell("entry", 0x4800_0000),
            .property("data", data), .node("hash-1", [.text("algo", "crc32"), .property("value", big(7))]),
        ]
    }

    static func zImage(_ size: Int, isBigEndian: Bool = false) -> [UInt8] {
        func word(_ value: UInt32) -> [UInt8] { isBigEndian ? big(value) : little(value) }
        var bytes = [UInt8](repeating: 0, count: 0x24) + word(0x016F_2818) + word(0) + word(UInt32(size))
        bytes += word(0x0403_0201)
        return bytes + content(max(0, size - bytes.count))
    }

    static func image(
        _ magic: String, size: UInt64, offset: UInt64 = 0, flags: UInt64 = 10, file: Int = 5000
    ) -> [UInt8] {
        var bytes = Array("MZ".utf8) + [0, 0] + little(0) + long(offset) + long(size) + long(flags)
        bytes += [UInt8](repeating: 0, count: 24) + Array(magic.utf8) + little(64)
        return bytes + content(file - bytes.count)
    }

    static func elf(is64: Bool, isBig: Bool, machine: UInt32, segments: [(UInt64, Int, Int)]) -> [UInt8] {
        func number(_ value: UInt64, _ count: Int) -> [UInt8] {
            let bytes = Array(long(value).prefix(count))
            return isBig ? bytes.reversed() : bytes
        }
        let word = is64 ? 8 : 4
        let headerSize = is64 ? 64 : 52
        let entrySize = is64 ? 56 : 32
        var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, is64 ? 2 : 1, isBig ? 2 : 1, 1] + [UInt8](repeating: 0, count: 9)
        bytes += number(2, 2) + number(UInt64(machine), 2) + number(1, 4)
        bytes +=
            number(segments.first?.0 ?? 0, word) + number(UInt64(headerSize), word) + number(0, word) + number(0, 4)
        bytes += number(UInt64(headerSize), 2) + number(UInt64(entrySize), 2) + number(UInt64(segments.count), 2)
        bytes += number(0, 6)
        var offset = headerSize + entrySize * segments.count
        var data: [UInt8] = []
        for (place, stored, taken) in segments {
            let numbers = [UInt64(offset), place, place, UInt64(stored), UInt64(taken)].flatMap { number($0, word) }
            bytes +=
                is64
                ? number(1, 4) + number(7, 4) + numbers + number(0, 8)
                : number(1, 4) + numbers + number(7, 4) + number(0, 4)
            data += content(stored)
            offset += stored
        }
        return bytes + data
    }

    static func whole(_ bytes: [UInt8]) throws -> BootImage {
        try BootImage(size: bytes.count) { Array(bytes[$0]) }
    }

    // MARK: Legacy images

    @Test func legacyKernel() throws {
        let data = Self.content(3000)
        let image = try Self.whole(Self.legacy(data))
        let header = try #require(image.format as? LegacyImage)
        #expect(header.name == "MIPS OpenWrt Linux-6.6")
        #expect(header.dataRange == 64..<3064)
        #expect(header.dataSum == CRC32.sum(of: data))
        #expect(header.entry == 0x8000_0400)
        #expect(image.command == .bootm)
        #expect(image.architecture == .mips)
        #expect(image.target() == 0x8000_0000..<0x8000_0BB8)
        #expect(image.room == 3064)
        #expect(image.refusal(file: "x") == nil)
        #expect(image.runs(on: .mips) == true && image.runs(on: .arm) == false && image.runs(on: nil) == nil)
        #expect(image.summary == "uImage, a kernel for MIPS: \"MIPS OpenWrt Linux-6.6\"")
        #expect(BootImage(head: Self.legacy(data), size: 3064) == image)
    }

    /// LZMA tells its size behind the dictionary's, gzip at its end.
    @Test func legacyTargets() throws {
        let lzma: [UInt8] = [0x5D] + Self.little(1 << 23) + Self.long(5_000_000) + Self.content(500)
        #expect(try Self.whole(Self.legacy(lzma, packing: 3)).target() == 0x8000_0000..<(0x8000_0000 + 5_000_000))
        let endless: [UInt8] = [0x5D] + Self.little(1 << 23) + Self.long(.max) + Self.content(500)
        #expect(try Self.whole(Self.legacy(endless, packing: 3)).target() == nil)
        let gzip: [UInt8] = [0x1F, 0x8B, 8] + Self.content(500) + Self.little(4_000_000)
        #expect(try Self.whole(Self.legacy(gzip, packing: 1)).target() == 0x8000_0000..<(0x8000_0000 + 4_000_000))
        let long: [UInt8] = [0x1F, 0x8B, 8] + Self.content(70_000) + Self.little(4_000_000)
        let file = Self.legacy(long, packing: 1)
        #expect(BootImage(head: Array(file.prefix(65536)), size: file.count).target() == nil)
        #expect(try Self.whole(file).target() != nil)
        #expect(try Self.whole(Self.legacy(Self.content(9), packing: 2)).target() == nil)
        #expect(try Self.whole(Self.legacy(Self.content(9), type: 14)).target() == nil)
    }

    @Test func legacyMultiFile() throws {
        let data = Self.big(1001) + Self.big(500) + Self.big(0) + Self.padded(Self.content(1001)) + Self.content(500)
        let image = try Self.whole(Self.legacy(data, type: 4))
        let header = try #require(image.format as? LegacyImage)
        #expect(header.files == [1001, 500])
        #expect(image.target() == 0x8000_0000..<0x8000_03E9)
        #expect(image.refusal(file: "x") == nil)
        for list in [
            Self.big(1002) + Self.big(600) + Self.big(0), Self.big(0), Self.big(1), Self.big(.max) + Self.big(0),
        ] {
            let damaged = try Self.whole(Self.legacy(list + Self.content(1500), type: 4))
            #expect(damaged.refusal(file: "x")?.code == .imageUnsuitable)
            #expect(damaged.target() == nil)
        }
    }

    @Test func legacyRefusals() throws {
        let data = Self.content(3000)
        func why(_ bytes: [UInt8]) throws -> String? { try Self.whole(bytes).refusal(file: "x")?.why }
        var damaged = Self.legacy(data)
        damaged[40] ^= 1
        #expect(try why(damaged)?.contains("damaged") == true)
        #expect(try why(Self.legacy(data).dropLast())?.contains("truncated") == true)
        #expect(try why(Self.legacy(data, type: 3))?.contains("a RAM disk") == true)
        #expect(try why(Self.legacy(data, type: 1))?.contains("a standalone program") == true)
        #expect(try why(Self.legacy(data, packing: 99))?.contains("99") == true)
        #expect(try why(Self.legacy([]))?.contains("empty") == true)
        // Padding is borne, a root file system is not.
        #expect(try why(Self.legacy(data) + [UInt8](repeating: 0xFF, count: 65536)) == nil)
        #expect(try why(Self.legacy(data) + Self.content(200_000))?.contains("written to flash") == true)
        let error = try #require(try Self.whole(Self.legacy(data)).refusal(file: "a\u{1b}.bin", board: .arm64))
        #expect(error.code == .imageUnsuitable)
        #expect(error.what == "a\\x1b.bin cannot be started.")
        #expect(error.why == "It is for MIPS, but the board has 64-bit Arm.")
        let help = try #require(UBootHelp(UBootReply(text: "go      - start application\nmd      - memory display\n")))
        #expect(try Self.whole(Self.legacy(data)).refusal(file: "x", board: nil, help: help)?.code == .toolMissing)
    }

    // MARK: FIT

    @Test func fitKernel() throws {
        let data = Self.content(100_000)
        let bytes = Self.fit(kernel: Self.kernelPart(data))
        let image = try Self.whole(bytes)
        let fit = try #require((image.format as? FITImage)?.content)
        let kernel = try #require(fit.kernel)
        #expect(fit.configuration == "config-1")
        #expect(fit.treeSize == bytes.count)
        #expect(kernel.load == 0x4800_0000 && kernel.entry == 0x4800_0000)
        #expect(kernel.data.map { Array(bytes[$0]) } == data)
        #expect(fit.others.map(\.type) == ["flat_dt"])
        #expect(image.command == .bootm)
        #expect(image.architecture == .arm64)
        #expect(image.target() == 0x4800_0000..<0x4801_86A0)
        #expect(image.refusal(file: "x", board: .arm64) == nil)
        #expect(image.refusal(file: "x", board: .mips)?.code == .imageUnsuitable)
        #expect(image.summary == "FIT image for 64-bit Arm")
        // The tables are behind the kernel: from the beginning alone it is only known what it is.
        let head = BootImage(head: Array(bytes.prefix(65536)), size: bytes.count)
        #expect(head.format as? FITImage == FITImage(nil))
        #expect(head.command == .bootm && head.target() == nil && head.refusal(file: "x") == nil)
    }

    /// Data behind the tree, as `mkimage -E` makes it.
    @Test(arguments: [true, false]) func fitExternalData(isPosition: Bool) throws {
        func build(_ place: UInt32) -> [UInt8] {
            Self.fit(
                kernel: [
                    .text("type", "kernel_noload"), .text("arch", "mips"), .text("compression", "lzma"),
                    .cell("data-size", 1013), .cell(isPosition ? "data-position" : "data-offset", place),
                ])
        }
        let tree = build(0)
        let start = tree.count + (4 - tree.count % 4) % 4 + 8
        let data: [UInt8] = [0x5D] + Self.little(1 << 16) + Self.long(9000) + Self.content(1000)
        let bytes = Self.padded(build(isPosition ? UInt32(start) : 8)) + [UInt8](repeating: 0, count: 8) + data
        let image = try Self.whole(bytes)
        let fit = try #require((image.format as? FITImage)?.content)
        #expect(fit.kernel?.data == start..<(start + 1013))
        #expect(fit.kernel?.unpackedSize == 9000)
        #expect(image.target() == nil)
        #expect(image.refusal(file: "x", board: .mips) == nil)
        #expect(try Self.whole(bytes.dropLast()).refusal(file: "x")?.why.contains("truncated") == true)
    }

    @Test func fitRefusals() throws {
        func why(_ bytes: [UInt8]) throws -> String? { try Self.whole(bytes).refusal(file: "x")?.why }
        let kernel = Self.kernelPart(Self.content(50))
        #expect(try why(Self.fit(kernel: kernel)) == nil)
        #expect(try why(Self.fit(kernel: kernel, selected: nil))?.contains("without a default") == true)
        #expect(try why(Self.fit(kernel: kernel, selected: "other"))?.contains("not in it") == true)
        #expect(try why(Self.fit(kernel: kernel, configuration: []))?.contains("no kernel") == true)
        #expect(
            try why(Self.fit(kernel: kernel, configuration: [.text("kernel", "nothing")]))?.contains("no kernel")
                == true)
        #expect(try why(Self.fit(kernel: Self.kernelPart([1], type: "script")))?.contains("script") == true)
        #expect(try why(Self.fit(kernel: [.text("type", "kernel")]))?.contains("truncated") == true)
        let rootfs = Self.fit(
            kernel: kernel, configuration: [.text("kernel", "kernel-1"), .text("loadables", "rootfs-1")],
            others: [.node("rootfs-1", [.text("type", "filesystem"), .property("data", Self.content(100))])])
        #expect(try why(rootfs)?.contains("written to flash") == true)
        let appended = Self.fit(kernel: kernel)
        #expect(try why(appended + [UInt8](repeating: 0, count: 100_000)) == nil)
        #expect(try why(appended + Self.content(200_000))?.contains("written to flash") == true)
        let plain = try Self.whole(Self.tree([.text("model", "board"), .node("chosen", [])]))
        #expect(plain.format as? DeviceTreeImage == DeviceTreeImage(isDamaged: false))
        #expect(plain.command == nil && plain.refusal(file: "x")?.code == .imageUnsuitable)
    }

    // MARK: Kernels, ELF

    @Test func kernels() throws {
        for isBig in [false, true] {
            let image = try Self.whole(Self.zImage(5000, isBigEndian: isBig))
            #expect(image.command == .bootz && image.architecture == .arm)
            #expect(image.target(memoryStart: 0x4000_0000) == nil)
            #expect(image.refusal(file: "x", board: .arm) == nil)
            // Some 64-bit processors run it.
            #expect(image.runs(on: .arm64) == nil && image.runs(on: .mips) == false)
            let cut = try Self.whole(Self.zImage(5000, isBigEndian: isBig).dropLast())
            #expect(cut.refusal(file: "x")?.why.contains("truncated") == true)
        }
        // Moved to the start of memory, filled up to 2 MiB, and 0x80000 bytes behind.
        let old = try Self.whole(Self.image("ARMd", size: 0, flags: 0))
        #expect(old.command == .booti && old.architecture == .arm64)
        #expect(old.target(memoryStart: 0x4000_0000) == 0x4008_0000..<0x4108_0000)
        #expect(old.target(memoryStart: 0x4000_0001) == 0x4028_0000..<0x4128_0000)
        #expect(old.target() == nil && old.target(memoryStart: .max) == nil)
        let new = try Self.whole(Self.image("ARMd", size: 0x180_0000))
        #expect(new.target(memoryStart: 0x4000_0000) == nil)
        #expect(new.room == 0x1A0_0000)
        let riscv = try Self.whole(Self.image("RSC\u{5}", size: 0x100_0000, offset: 0x20_0000, flags: 0))
        #expect(riscv.architecture == .riscv && riscv.command == .booti)
        #expect(riscv.target(memoryStart: 0x8000_0000) == 0x8020_0000..<0x8120_0000)
        #expect(riscv.target(memoryStart: .max) == nil)
        for bytes in [
            Self.image("ARMd", size: .max), Self.image("ARMd", size: 4000, offset: .max),
            Self.image("RSC\u{5}", size: 0), Self.image("ARMd", size: 4000, file: 200_000), Self.zImage(0),
        ] {
            #expect(try Self.whole(bytes).refusal(file: "x")?.code == .imageUnsuitable)
        }
    }

    @Test(arguments: [
        (false, false, 8, BoardArchitecture.mips), (false, true, 8, .mips), (true, true, 8, .mips),
        (false, false, 40, .arm), (true, false, 183, .arm64), (true, false, 243, .riscv), (false, true, 20, .powerpc),
        (true, false, 62, .x86), (true, false, 258, .other),
    ])
    func elf(is64: Bool, isBig: Bool, machine: Int, architecture: BoardArchitecture) throws {
        let bytes = Self.elf(
            is64: is64, isBig: isBig, machine: UInt32(machine),
            segments: [(0x8010_0000, 300, 300), (0x8000_0000, 100, 0x2000)])
        let image = try Self.whole(bytes)
        let elf = try #require(image.format as? ELFImage)
        #expect(elf.is64Bit == is64 && elf.isBigEndian == isBig && elf.isIntact)
        #expect(elf.entry == 0x8010_0000)
        #expect(elf.segments.map(\.memory) == [0x8010_0000..<0x8010_012C, 0x8000_0000..<0x8000_2000])
        #expect(elf.segments.map { $0.file.upperBound - $0.file.lowerBound } == [300, 100])
        #expect(image.architecture == architecture)
        #expect(image.target() == 0x8000_0000..<0x8010_012C)
        #expect(image.command == nil)
        #expect(image.refusal(file: "x")?.why.contains("ELF") == true)
        #expect(try Self.whole(bytes.dropLast()).target() == nil)
    }

    // MARK: Others

    @Test func namedFormats() throws {
        func format(_ start: [UInt8]) throws -> BootImage { try Self.whole(start + Self.content(400)) }
        #expect(try format(Array("HDR0".utf8)).refusal(file: "x.trx")?.why.contains("TRX") == true)
        #expect(try format(Array("hsqs".utf8)).refusal(file: "x")?.why == "It is a SquashFS file system.")
        #expect(
            try format([1, 0, 0, 0] + Array("TP-LINK Technologies".utf8)).refusal(file: "x")?.why.contains("TP-Link")
                == true)
        let tar = [UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8)
        #expect(try format(tar).refusal(file: "x")?.why.contains("sysupgrade") == true)
        #expect(try format([0x1F, 0x8B, 8, 0]).format as? CompressedFile == CompressedFile(.gzip))
        #expect(try format([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]).format as? CompressedFile == CompressedFile(.xz))
        #expect(try format([0x5D, 0, 0, 0x80, 0]).format as? CompressedFile == CompressedFile(.lzma))
        #expect(try format([0x5D, 0, 0, 0x81, 0]).format == nil)
        #expect(try format([0x28, 0xB5, 0x2F, 0xFD]).refusal(file: "x")?.why.contains("zstd") == true)
        let raw = try format([0xAA, 0xBB])
        #expect(raw.format == nil && raw.command == .go)
        #expect(raw.refusal(file: "x")?.code == .imageUnsuitable)
        #expect(raw.refusal(file: "x", address: 0x8000_0000) == nil)
        let empty = BootImage(head: [], size: 0)
        #expect(empty.refusal(file: "x", address: 1)?.why == "It is empty.")
    }

    struct ReadingFailed: Error {}

    @Test func readingFails() {
        #expect(throws: ReadingFailed.self) { try BootImage(size: 100) { _ in throw ReadingFailed() } }
    }

    // MARK: Hostile

    static var samples: [[UInt8]] {
        let lines = kernelPart(content(300))
        return [
            legacy(content(500)), legacy(big(10) + big(3) + big(0) + content(20), type: 4),
            legacy([0x5D] + little(1 << 23) + long(5000) + content(50), packing: 3), fit(kernel: lines),
            padded(fit(kernel: [.text("type", "kernel"), .cell("data-size", 8), .cell("data-offset", 0)])) + content(8),
            zImage(200), zImage(200, isBigEndian: true), image("ARMd", size: 6000, file: 300),
            image("RSC\u{5}", size: 6000, file: 300),
            elf(is64: false, isBig: true, machine: 8, segments: [(0x8000_0000, 30, 30), (0x8100_0000, 9, 90)]),
            elf(is64: true, isBig: false, machine: 183, segments: [(0x8000_0000, 30, 30)]),
            Array("HDR0".utf8) + content(50), [0x5D, 0, 0, 0x80, 0] + content(50), content(600),
        ]
    }

    /// All that can be asked of an image; nothing traps.
    static func ask(_ image: BootImage) {
        _ = image.summary
        _ = image.command
        _ = image.room
        for memory: UInt64? in [nil, 0, 0x8000_0000, .max] {
            if let target = image.target(memoryStart: memory) { #expect(!target.isEmpty) }
        }
        for board in BoardArchitecture.allCases {
            if let error = image.refusal(file: "x", board: board) {
                #expect(!error.why.contains("\n") && error.why.hasSuffix("."))
            }
        }
    }

    @Test func cutAtEveryLength() throws {
        for sample in Self.samples {
            for length in 0...sample.count {
                let cut = Array(sample.prefix(length))
                let image = try Self.whole(cut)
                Self.ask(image)
                // What is cut may be told by its beginning, but is not started.
                if length < sample.count, image.command != .go, !image.summary.hasPrefix("Image") {
                    #expect(image.refusal(file: "x") != nil, "\(image.summary) \(length) of \(sample.count)")
                }
                Self.ask(BootImage(head: cut, size: sample.count))
            }
        }
    }

    @Test(arguments: 0..<12) func damaged(seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed) &* 31337 &+ 5)
        for sample in Self.samples {
            for _ in 0..<25 {
                var bytes = sample
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let place = Int.random(
                        in: 0..<min(bytes.count, Bool.random(using: &random) ? 80 : 5000), using: &random)
                    bytes[place] =
                        [0, 0xFF, 0x7F, 0x80, UInt8.random(in: 0...255, using: &random)]
                        .randomElement(using: &random, or: 0)
                }
                Self.ask(try Self.whole(bytes))
                Self.ask(BootImage(head: Array(bytes.prefix(200)), size: Int.random(in: 0...(.max), using: &random)))
                Self.ask(BootImage(head: bytes, size: -5))
            }
        }
    }

    /// A tree of nothing but nodes, one of nothing but properties, one that names a node twice, one too deep.
    @Test func hostileTrees() throws {
        var deep: Line = .node("x", [])
        for _ in 0..<40 { deep = .node("x", [deep]) }
        for lines in [
            [deep], (0..<3000).map { .node("n\($0)", []) }, [.node("images", []), .node("images", [])],
            (0..<25_000).map { .cell("p\($0)", 1) },
        ] {
            #expect(try Self.whole(Self.tree(lines)).format as? DeviceTreeImage == DeviceTreeImage(isDamaged: true))
        }
        let large = Self.tree((0..<4_000).map { .property("p\($0)", [UInt8](repeating: 0, count: 1000)) })
        Self.ask(try Self.whole(large))
    }

    // MARK: The reference tool

    static let mkimage = ["/usr/bin/mkimage", "/usr/local/bin/mkimage"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// What `mkimage` makes is what is understood here.
    @Test(
        .enabled(if: mkimage != nil, "mkimage is not installed (Debian: u-boot-tools)"),
        arguments: [
            ("arm", "kernel", "none", BoardArchitecture.arm), ("mips", "kernel", "lzma", .mips),
            ("mips64", "kernel", "gzip", .mips), ("arm64", "kernel", "none", .arm64),
            ("riscv", "kernel", "lz4", .riscv),
            ("powerpc", "kernel_noload", "bzip2", .powerpc), ("x86_64", "multi", "none", .x86),
            ("sh", "kernel", "lzo", .other),
        ])
    func asMkimageMakesIt(arch: String, type: String, packing: String, expected: BoardArchitecture) throws {
        let mkimage = try #require(Self.mkimage)
        let folder = FileManager.default.temporaryDirectory.appending(path: "flashkeep-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appending(path: "data")
        let result = folder.appending(path: "image")
        try Data(Self.content(1001)).write(to: data)
        let status = try Python.run(
            mkimage,
            [
                "-q", "-A", arch, "-O", "linux", "-T", type, "-C", packing, "-a", "80060000", "-e", "80060400", "-n",
                "made by mkimage", "-d", type == "multi" ? "\(data.path):\(data.path)" : data.path, result.path,
            ])
        #expect(status == 0)
        let bytes = Array(try Data(contentsOf: result))
        let image = try Self.whole(bytes)
        let header = try #require(image.format as? LegacyImage)
        #expect(header.isHeaderIntact)
        #expect(header.architecture == expected)
        #expect(header.load == 0x8006_0000 && header.entry == 0x8006_0400)
        #expect(header.compression?.rawValue == packing)
        #expect(header.name == "made by mkimage")
        #expect(header.dataRange == 64..<bytes.count)
        #expect(header.dataSum == CRC32.sum(of: bytes.dropFirst(64)))
        #expect(header.files == (type == "multi" ? [1001, 1001] : []))
        #expect(image.refusal(file: "x") == nil)
        if type == "kernel", packing == "none" { #expect(image.target() == 0x8006_0000..<0x8006_03E9) }
    }

    /// What is built here, `mkimage` lists without complaint.
    @Test(.enabled(if: mkimage != nil, "mkimage is not installed (Debian: u-boot-tools)"))
    func mkimageListsOurs() throws {
        let mkimage = try #require(Self.mkimage)
        let file = FileManager.default.temporaryDirectory.appending(path: "flashkeep-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        for bytes in [Self.legacy(Self.content(500)), Self.fit(kernel: Self.kernelPart(Self.content(3000)))] {
            try Data(bytes).write(to: file)
            #expect(try Python.run(mkimage, ["-l", file.path]) == 0)
        }
    }
}
