import ImageFormats
import SystemPackage
import TestSupport
import Testing

@Suite("Unpacking with bounds")
struct UnpackingTests {
    /// What a program of this computer makes of bytes; nil if the program is not installed.
    static func packed(_ bytes: [UInt8], by command: String) async throws -> [UInt8]? {
        let folder = try ScratchFolder("unpacking")
        try folder.write(bytes, "in")
        let place = folder.path.string
        let isDone = try await TestProgram.run("/bin/sh", ["-c", "\(command) < \(place)/in > \(place)/out"])
        return isDone ? ScratchFolder.read(folder.path.appending("out")) : nil
    }

    private static let commands: [(UnpackMethod, String)] = [
        (.gzip, "gzip -9c"), (.xz, "xz -c"), (.lzma, "lzma -c"), (.zstd, "zstd -qc"), (.lz4, "lz4 -qc"),
        (.lz4Legacy, "lz4 -qlc"),
    ]

    @Test("What the programs pack is unpacked whole; cut, it is not", arguments: commands)
    func programs(method: UnpackMethod, command: String) async throws {
        let text = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 / 97 ^ $0 * 3) }
        let packed = try #require(try await Self.packed(text, by: command), "\(command) is not installed")
        #expect(Unpacking.bytes(method, packed[...], limit: 1 << 20) == text)
        // What follows is not part of it; the legacy frame has no end mark.
        #expect(Unpacking.bytes(method, (packed + [1, 2, 3, 4, 5])[...], limit: 1 << 20) == text)
        for count in stride(from: 0, to: packed.count - 1, by: max(1, packed.count / 50)) {
            #expect(Unpacking.bytes(method, packed.prefix(count), limit: 1 << 20) == nil, "\(count)")
        }
        #expect(Unpacking.bytes(method, packed[...], limit: 30_000) == nil)
    }

    @Test("A bomb is named, and not followed", arguments: ["gzip -9c", "xz -9c", "zstd -19 -qc", "lzma -9c"])
    func bombs(command: String) async throws {
        let zeros = [UInt8](repeating: 0, count: 64 << 20)
        let packed = try #require(try await Self.packed(zeros, by: command), "\(command) is not installed")
        let map = try ImageInspector().inspect(MemorySource(packed))
        let finding = try #require(map.findings.first)
        #expect(finding.notes.contains { $0.contains("bomb") } && finding.grade == .plausible)
        #expect(finding.contents.isEmpty)
    }

    @Test("Content within content is followed, but not for ever")
    func depth() async throws {
        var bytes = Samples.uImage.bytes
        for _ in 0..<6 {
            bytes = try #require(try await Self.packed(bytes, by: "gzip -c"), "gzip is not installed")
        }
        let map = try ImageInspector().inspect(MemorySource(bytes))
        var level = 0
        var findings = map.findings
        while let finding = findings.first, finding.format == "gzip" {
            level += 1
            findings = finding.contents.first?.findings ?? []
        }
        #expect(level == 4)
    }
}
