import FlashAccess
import FlashModel
import LoaderConsoles
import TestBoards
import TestSupport
import Testing

/// The checksums of any bootloader that computes them.
@Suite("Checksums of bootloaders")
struct LoaderChecksumTests {
    /// A chip whose bytes are in this process.
    private final class Chip: LoaderChipReading, LoaderChecksum {
        let bytes: [UInt8]
        /// Whether the bootloader has a checksum.
        let hasChecksum: Bool
        /// What it cannot read.
        let hole: Range<Int>?
        private(set) var asked: [Range<Int>] = []

        init(_ bytes: [UInt8], hasChecksum: Bool = true, hole: Range<Int>? = nil) {
            self.bytes = bytes
            self.hasChecksum = hasChecksum
            self.hole = hole
        }

        var name: String { "a test" }
        var cost: Int? { 100 }
        var checksum: (any LoaderChecksum)? { hasChecksum ? self : nil }

        func read(_ range: Range<Int>, each: (FlashChunk) async throws -> Void) async throws {
            try await each(FlashChunk(offset: range.lowerBound, bytes: Array(bytes[range])))
        }

        func crc32(_ range: Range<Int>) async throws -> UInt32? {
            asked.append(range)
            if let hole, hole.overlaps(range) { return nil }
            return CRC32.sum(of: bytes[range])
        }
    }

    private static func partition(_ chip: String, at offset: Int, _ size: Int, index: Int) -> Partition {
        Partition(
            index: index, numbering: .ordinal, name: "p\(index)", chip: FlashModel.Chip.ID(chip), offset: offset,
            offsetSource: .commandLine, size: size, eraseBlockSize: 0x1000, pageSize: 1, oobSize: 0, type: "nor")
    }

    private func with<Result: Sendable>(
        _ chips: [String: Chip], _ body: (LoaderFlashReader, LoaderSession) async throws -> Result
    ) async throws -> Result {
        let flash = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 1, blockSize: 0x1000, seed: 1)
        let board = SimulatedLoader(
            BareboxScenario(SimulatedHardware(identity: BoardIdentity(), chips: [flash], devices: [])))
        return try await LoaderSessions.with(board, BareboxLoaderStandIn(), prompt: "> ") { session in
            var readers: [FlashModel.Chip.ID: any LoaderChipReading] = [:]
            for (id, chip) in chips { readers[FlashModel.Chip.ID(id)] = chip }
            return try await body(LoaderFlashReader(session, Survey(table: .complete), readers), session)
        }
    }

    /// A dialect that says nothing: no command is sent here.
    private struct BareboxLoaderStandIn: LoaderDialect {
        var name: String { "the loader" }
        func isPrompt(_ line: ByteText) -> Bool { line == ByteText("> ") }
        func signs(of line: ByteText) -> [LoaderSign] { [] }
        func clearing(typed: Int) -> [[UInt8]] { [[0x03]] }
    }

    @Test("A checksum over many megabytes and several ranges is joined from short ones")
    func joined() async throws {
        let size = 3 << 20
        let bytes = SplitMix64.bytes(size + 0x2000, seed: 9)
        let chip = Chip(bytes)
        try await with(["a": chip]) { reader, _ in
            #expect(reader.checksumAlgorithms == [.crc32])
            let partition = Self.partition("a", at: 0x1800, size, index: 0)
            let ranges = [0..<5, 0x1000..<0x1001, 0x2000..<size]
            let all = ranges.flatMap { bytes[$0.lowerBound + 0x1800..<$0.upperBound + 0x1800] }
            #expect(
                try await reader.checksum(.crc32, of: partition, ranges: ranges)
                    == StreamingChecksum.digest(of: all, .crc32))
            #expect(chip.asked.allSatisfy { $0.count <= 1 << 20 } && chip.asked.count > 4)
            let each = try await reader.checksums(.crc32, of: partition, each: ranges)
            #expect(
                each
                    == ranges.map {
                        StreamingChecksum.digest(
                            of: Array(bytes[$0.lowerBound + 0x1800..<$0.upperBound + 0x1800]), .crc32)
                    })
            #expect(
                try await reader.checksum(.crc32, of: partition, ranges: [])
                    == StreamingChecksum.digest(of: [], .crc32))
        }
    }

    @Test("What cannot be read has no checksum, and says where")
    func unreadable() async throws {
        let chip = Chip(SplitMix64.bytes(0x4000, seed: 2), hole: 0x2345..<0x2346)
        try await with(["a": chip]) { reader, _ in
            let partition = Self.partition("a", at: 0, 0x4000, index: 0)
            let error = await #expect(throws: FlashkeepError.self) {
                try await reader.checksum(.crc32, of: partition, ranges: [0x1000..<0x3000])
            }
            #expect(
                error?.code == .unreadable && error?.why.contains("0x00001000") == true, "\(String(describing: error))")
            #expect(error?.what.contains("the loader") == true)
            _ = try await reader.checksum(.crc32, of: partition, ranges: [0..<0x2345, 0x2346..<0x4000])
        }
    }

    @Test("A board has checksums only if all of its chips have them, and no others are asked for")
    func algorithms() async throws {
        let bytes = SplitMix64.bytes(0x1000, seed: 3)
        try await with(["a": Chip(bytes), "b": Chip(bytes, hasChecksum: false)]) { reader, _ in
            #expect(reader.checksumAlgorithms.isEmpty)
            for (chip, algorithm) in [("b", ChecksumAlgorithm.crc32), ("a", .sha256)] {
                let error = await #expect(throws: FlashkeepError.self) {
                    try await reader.checksum(
                        algorithm, of: Self.partition(chip, at: 0, 0x1000, index: 0), ranges: [0..<16])
                }
                #expect(error?.code == .internalFault)
            }
            let error = await #expect(throws: FlashkeepError.self) {
                try await reader.checksum(.crc32, of: Self.partition("c", at: 0, 16, index: 2), ranges: [0..<16])
            }
            #expect(error?.code == .toolMissing)
        }
        try await with([:]) { reader, _ in #expect(reader.checksumAlgorithms.isEmpty) }
    }
}
