import FlashAccess
import FlashModel
import ImageFormats
import Testing
import UBootFlash

/// Boot images built according to their formats' documents: whole, truncated and damaged.
@Suite struct BootImageTests {
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

    /// LZMA has the size after the dictionary's, gzip at its end.
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
        // Padding is accepted, a root file system is not.
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
        // The tables come after the kernel, so the beginning shows only the format.
        let head = BootImage(head: Array(bytes.prefix(65536)), size: bytes.count)
        #expect(head.format as? FITImage == FITImage(nil))
        #expect(head.command == .bootm && head.target() == nil && head.refusal(file: "x") == nil)
    }

    /// Data after the tree, as written by `mkimage -E`.
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
            // Some 64-bit processors can run it.
            #expect(image.runs(on: .arm64) == nil && image.runs(on: .mips) == false)
            let cut = try Self.whole(Self.zImage(5000, isBigEndian: isBig).dropLast())
            #expect(cut.refusal(file: "x")?.why.contains("truncated") == true)
        }
        // Moved to the start of memory, rounded up to 2 MiB, plus 0x80000 bytes.
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
}
