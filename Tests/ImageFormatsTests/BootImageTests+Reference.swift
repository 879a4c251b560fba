import FlashModel
import Foundation
import ImageFormats
import TestSupport
import Testing

/// Comparison with `mkimage`, the reference tool.
extension BootImageTests {
    static let mkimage = ["/usr/bin/mkimage", "/usr/local/bin/mkimage"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Images made by `mkimage` are parsed correctly.
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

    /// `mkimage` lists the images built here without an error.
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
