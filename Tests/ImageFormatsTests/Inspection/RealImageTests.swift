import Foundation
import ImageFormats
import SystemPackage
import TestSupport
import Testing

/// Images made by the reference tools, as Debian has them; `Scripts/setup test` installs those.
@Suite("Formats in images made by the reference tools")
struct RealImageTests {
    struct Recipe: Sendable, CustomTestStringConvertible {
        /// A command that makes the file `out`; the folder `root`, the files `k.*` and `env.txt` are there.
        var command: String
        var format: String
        var grade = "proven"
        /// Whether the image, apart from its last bytes of padding, is claimed by the finding.
        var isWhole = true
        var facts: [String: String] = [:]

        var testDescription: String { command }
    }

    private static let release = ["release": "OpenWrt 23.05.3 r23809-234f1a2efa", "target": "ath79/generic"]

    static let recipes: [Recipe] =
        ["gzip", "lzma", "xz", "lz4", "zstd"].map {
            Recipe(
                command: "mksquashfs root out -comp \($0) -noappend -quiet -b 131072 >/dev/null", format: "SquashFS",
                facts: release.merging(["compression": $0, "kernel modules for": "5.15.150"]) { one, _ in one })
        } + [
            Recipe(
                command: "mksquashfs root out -comp lzo -noappend -quiet >/dev/null", format: "SquashFS",
                grade: "plausible",
                facts: ["compression": "lzo"]),
            Recipe(
                command: "mksquashfs root out -noappend -quiet -noI -noD -no-fragments >/dev/null", format: "SquashFS",
                facts: release),
            Recipe(
                command: "mkfs.jffs2 -r root -o out -e 64KiB -l -p", format: "JFFS2",
                facts: [
                    "byte order": "little-endian", "erase block size": "65536", "top-level names": "big\netc\nlib\nusr",
                ]),
            Recipe(
                command: "mkfs.jffs2 -r root -o j -e 128KiB -b -p && sumtool -e 128KiB -b -p -i j -o out",
                format: "JFFS2",
                facts: ["byte order": "big-endian", "erase block size": "131072"]),
            Recipe(
                command: "mkfs.jffs2 -r root -o out -e 64KiB -b -n", format: "JFFS2",
                facts: ["compression": "none\nzlib"]),
            Recipe(
                command: "mkfs.ubifs -r root -m 2048 -e 126976 -c 64 -o out", format: "UBIFS",
                facts: ["logical block size": "126976", "top-level names": "big\netc\nlib\nusr"]),
            Recipe(
                command: "mkfs.ubifs -r root -m 1 -e 65408 -c 64 -x zlib -o out", format: "UBIFS",
                facts: ["compression": "zlib"]),
            Recipe(
                command: "mkfs.cramfs root out >/dev/null", format: "cramfs", facts: ["byte order": "little-endian"]),
            Recipe(
                command: "mkfs.cramfs -N big root out >/dev/null", format: "cramfs", facts: ["byte order": "big-endian"]
            ),
            Recipe(
                command: "genromfs -V disk1 -d root -f out", format: "romfs", grade: "plausible",
                facts: ["name": "disk1"]),
            Recipe(
                command: "mke2fs -q -t ext4 -L data out 8M", format: "ext file system", grade: "plausible",
                facts: ["kind": "ext4", "label": "data"]),
            Recipe(
                command: "mke2fs -q -t ext2 -b 4096 out 8M", format: "ext file system", grade: "plausible",
                facts: ["kind": "ext2"]),
            Recipe(
                command: "mkfs.fat -n BOOT -C out 4096 >/dev/null", format: "FAT file system", grade: "plausible",
                facts: ["label": "BOOT"]),
            Recipe(
                command: "mkfs.fat -F 32 -C out 65536 >/dev/null", format: "FAT file system", grade: "plausible",
                facts: ["kind": "FAT32"]),
            Recipe(
                command: "mkfs.erofs out root >/dev/null", format: "EROFS", grade: "plausible",
                facts: ["block size": "4096"]),
            Recipe(
                command: "mkenvimage -s 0x10000 -o out env.txt", format: "U-Boot environment",
                facts: ["bootcmd": "run x", "variables": "3", "ethaddr": "00:11:22:33:44:55"]),
            Recipe(
                command: "mkenvimage -r -b -p 0 -s 0x4000 -o out env.txt", format: "U-Boot environment",
                facts: ["redundant, flag": "1"]),
            Recipe(
                command:
                    "mkimage -A mips -O linux -T kernel -C lzma -a 80060000 -e 80060000 -n Linux-5.15 -d k.lzma out >/dev/null",
                format: "uImage", facts: ["name": "Linux-5.15", "compression": "lzma", "load address": "80060000"]),
            Recipe(
                command: "mkimage -A arm -O linux -T multi -C none -n multi -d k.gz:k.xz out >/dev/null",
                format: "uImage",
                facts: ["image type": "a multi-file image"]),
            Recipe(command: "mkimage -f f.its out >/dev/null", format: "FIT image", facts: ["description": "FIT test"]),
            Recipe(
                command: "mkimage -E -f f.its out >/dev/null", format: "FIT image",
                facts: ["default configuration": "c"]),
            Recipe(
                command: "dtc -O dtb -o out t.dts 2>/dev/null", format: "device tree",
                facts: [
                    "model": "Test AP",
                    "partitions": "u-boot: 0x00000000, 0x00040000\nart: 0x00040000, 0x00010000",
                ]),
            Recipe(
                command: "cd root && find . | cpio -oH newc > ../out 2>/dev/null", format: "cpio archive",
                facts: ["top-level names": "big\netc\nlib\nusr"]),
            Recipe(command: "tar cf out --format=ustar root", format: "tar archive", grade: "plausible"),
            Recipe(
                command:
                    "printf IKCFG_ST > out && printf 'CONFIG_MTD_UBI=y\\n' | gzip >> out && printf IKCFG_ED >> out",
                format: "kernel configuration", facts: ["CONFIG_MTD_UBI": "y"]),
            Recipe(command: "cp k.gz out", format: "gzip", facts: ["file name": "big"]),
            Recipe(command: "cp k.xz out", format: "xz"), Recipe(command: "cp k.lzma out", format: "LZMA"),
            Recipe(command: "zstd -q big -o out", format: "zstd"), Recipe(command: "lz4 -q big out", format: "LZ4"),
            Recipe(command: "lz4 -ql big out", format: "LZ4 (legacy)", grade: "plausible"),
            Recipe(command: "bzip2 -c big > out", format: "bzip2", grade: "plausible", isWhole: false),
            Recipe(command: "lzop -c big > out", format: "lzop", grade: "plausible", isWhole: false),
            Recipe(
                command: "openssl genrsa -out out 2048 2>/dev/null", format: "PEM", grade: "plausible",
                facts: ["kind": "PRIVATE KEY", "secret": "true"]),
            Recipe(
                command:
                    "openssl genrsa -traditional 2048 2>/dev/null | openssl rsa -traditional -outform DER -out out 2>/dev/null",
                format: "DER", grade: "plausible", facts: ["kind": "RSA private key", "bits": "2048"]),
            Recipe(
                command: "openssl genpkey -algorithm ed25519 -outform DER -out out", format: "DER", grade: "plausible",
                facts: ["kind": "private key (PKCS#8)"]),
            Recipe(
                command:
                    "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -subj /CN=router -days 3650 -outform DER -out out 2>/dev/null",
                format: "DER", grade: "plausible", facts: ["kind": "X.509 certificate", "subject": "router"]),
        ]

    /// A folder with what the recipes need.
    private static func folder() async throws -> ScratchFolder {
        let folder = try ScratchFolder("inspect")
        try folder.write(
            """
            DISTRIB_ID='OpenWrt'
            DISTRIB_DESCRIPTION='OpenWrt 23.05.3 r23809-234f1a2efa'
            DISTRIB_TARGET='ath79/generic'
            """ + "\n", "root/etc/openwrt_release")
        try folder.write("OPENWRT_DEVICE_PRODUCT=\"Archer C7\"\n", "root/usr/lib/os-release")
        try folder.link("root/etc/os-release", to: "../usr/lib/os-release")
        try folder.write(SplitMix64.bytes(300_000, seed: 9), "root/big")
        try folder.write("module", "root/lib/modules/5.15.150/a.ko")
        let words = (0..<40_000).map { "line \($0 * 7919 % 10_007)\n" }.joined()
        try folder.write(Array(words.utf8) + SplitMix64.bytes(100_000, seed: 3), "big")
        try folder.write("bootcmd=run x\nbootdelay=3\nethaddr=00:11:22:33:44:55\n", "env.txt")
        try folder.write(tree, "t.dts")
        try folder.write(fit, "f.its")
        try await run("gzip -k big && mv big.gz k.gz && xz -c big > k.xz && lzma -c big > k.lzma", folder)
        return folder
    }

    private static func run(_ command: String, _ folder: ScratchFolder) async throws {
        // Some tools are in folders of the administrator.
        let path = "PATH=$PATH:/usr/sbin:/sbin"
        let isDone = try await TestProgram.run("/bin/sh", ["-c", "\(path); cd \(folder.path.string) && \(command)"])
        try #require(isDone, "failed, or not installed (Scripts/setup test): \(command)")
    }

    private static let tree = """
        /dts-v1/;
        / { model = "Test AP"; compatible = "x,y";
            flash { partitions { compatible = "fixed-partitions"; #address-cells = <1>; #size-cells = <1>;
                partition@0 { label = "u-boot"; reg = <0 0x40000>; };
                partition@40000 { label = "art"; reg = <0x40000 0x10000>; }; }; }; };
        """

    private static let fit = """
        /dts-v1/;
        / { description = "FIT test";
            images { kernel-1 { description = "k"; data = /incbin/("k.gz"); type = "kernel"; arch = "arm64"; os = "linux";
                compression = "gzip"; load = <0x80000>; entry = <0x80000>;
                hash-1 { algo = "sha1"; }; hash-2 { algo = "crc32"; }; }; };
            configurations { default = "c"; c { kernel = "kernel-1"; }; }; };
        """

    @Test("Each is found with its facts, at offset 0 and inside a larger image", arguments: recipes)
    func recipe(recipe: Recipe) async throws {
        let folder = try await Self.folder()
        try await Self.run(recipe.command, folder)
        let bytes = ScratchFolder.read(folder.path.appending("out"))
        for start in [0, 0x40000] {
            let image = [UInt8](repeating: 0xFF, count: start) + bytes + [UInt8](repeating: 0xFF, count: 0x20000)
            let map = try ImageInspector().inspect(MemorySource(image))
            MapTests.check(map)
            let finding = try #require(
                map.findings.first { $0.format == recipe.format && $0.offset == start }, "\(map.findings.map(\.format))"
            )
            #expect(finding.grade.rawValue == recipe.grade, "\(finding.notes)")
            for (name, value) in recipe.facts { #expect(SampleTests.text(finding.fact(name)) == value, "\(name)") }
            guard recipe.isWhole else { continue }
            // Nothing beside it, and no more than padding behind it.
            #expect(map.findings.count == 1, "\(map.findings.map { "\($0.format) at \($0.offset)" })")
            let size = try #require(finding.size)
            #expect(bytes.count - size >= -0x20000 && bytes.count - size <= 4096, "\(size) of \(bytes.count)")
        }
    }

    @Test(
        "The volumes of a UBI image are put together and inspected",
        arguments: ["-m 2048 -s 2048", "-m 2048 -s 512", "-m 1"])
    func ubi(geometry: String) async throws {
        let folder = try await Self.folder()
        let isNOR = geometry == "-m 1"
        let logical = isNOR ? 131072 - 128 : geometry.hasSuffix("512") ? 129024 : 126976
        try folder.write(
            """
            [one]
            mode=ubi
            image=u.ubifs
            vol_id=0
            vol_type=dynamic
            vol_name=rootfs_data
            vol_size=4MiB
            [two]
            mode=ubi
            image=root.sq
            vol_id=3
            vol_type=static
            vol_name=rootfs
            """ + "\n", "u.cfg")
        try await Self.run(
            "mkfs.ubifs -r root \(isNOR ? "-m 1" : "-m 2048") -e \(logical) -c 64 -o u.ubifs && mksquashfs root root.sq -noappend -quiet >/dev/null"
                + " && ubinize -o out \(geometry) -p 128KiB u.cfg", folder)
        let image = [UInt8](repeating: 0, count: 0x20000) + ScratchFolder.read(folder.path.appending("out"))
        let map = try ImageInspector().inspect(MemorySource(image))
        MapTests.check(map)
        let finding = try #require(map.findings.first)
        #expect(map.findings.count == 1 && finding.format == "UBI" && finding.offset == 0x20000)
        #expect(finding.grade == .proven && finding.range.upperBound == image.count)
        #expect(SampleTests.text(finding.fact("erase block size")) == "131072")
        #expect(finding.contents.map(\.name) == ["volume rootfs_data", "volume rootfs"])
        #expect(finding.contents.map { $0.findings.map(\.format) } == [["UBIFS"], ["SquashFS"]])
        #expect(finding.contents.allSatisfy { $0.findings.allSatisfy { $0.grade == .proven && $0.offset == 0 } })
    }

    /// Bootloaders of Debian's package u-boot-qemu.
    @Test(
        "U-Boot's binaries show their version and default environment",
        arguments: ["qemu_arm", "qemu_arm64", "maltael", "qemu-x86_64"])
    func uBoot(board: String) throws {
        let bytes = ScratchFolder.read(FilePath("/usr/lib/u-boot/\(board)/u-boot.bin"))
        try #require(!bytes.isEmpty, "u-boot-qemu is not installed (Lab/setup)")
        let map = try ImageInspector().inspect(MemorySource(bytes))
        MapTests.check(map)
        let found = SampleTests.all(map.findings)
        let version = try #require(found.first { $0.format == "U-Boot" })
        #expect(SampleTests.text(version.fact("version"))?.hasPrefix("20") == true)
        #expect(found.filter { $0.format == "U-Boot" }.count == 1)
        #expect(!found.contains { $0.format == "Linux kernel" })
    }
}
