import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import LinuxFlash
import Operations
import SystemPackage
import TestSupport
import Testing

/// NAND backed up and restored by a real U-Boot, which runs as a program of this machine. The chip, with the OOB bytes
/// of its pages, is compared as a file. Reads have wrong bits, which ECC corrects.
@Suite(
    .enabled(
        if: UBootBoard.isAvailable(built: "sandbox-nand") && UBootBoard.isAvailable(built: "sandbox-mtd"),
        "the lab's own U-Boots could not be built"),
    .serialized, .timeLimit(.minutes(LabBoard.minutes)))
struct UBootNANDLabTests {
    /// A board, and its erase blocks of interest, counted from the chip's start.
    struct Sample: Sendable, CustomTestStringConvertible {
        var board: String
        var method: String
        var blockSize: Int
        /// Bad blocks, of which one is in the middle of the kernel.
        var bad: [Int]
        /// Other bad blocks, of which two are in the middle of the kernel; the others are blank in the backup.
        var otherBad: [Int]
        /// Blocks with content, and one that is blank.
        var full: [Int]
        var blank: Int

        var testDescription: String { board }

        func options(_ bad: [Int]) -> [String] {
            ["--board", board, "--bad", bad.map(String.init).joined(separator: ",")]
        }

        func hex(_ value: Int) -> String { String(value, radix: 16) }

        func erase(_ block: Int) -> String { "nand erase \(hex(block * blockSize)) \(hex(blockSize))" }

        /// Fills a block with a value.
        func write(_ block: Int, _ value: Int) -> [String] {
            [
                "mw.b 100000 \(hex(value)) \(hex(blockSize))",
                "nand write 100000 \(hex(block * blockSize)) \(hex(blockSize))",
            ]
        }

        static let all = [
            // Small pages, Hamming codes; U-Boot has only `nand`, which does not print the size.
            Sample(
                board: "sandbox-nand", method: "nand erase and nand write", blockSize: 8 << 10, bad: [1, 80, 200],
                otherBad: [40, 64, 96, 300], full: [0, 64, 256], blank: 100),
            // Large pages, BCH codes, a table of bad blocks in the last four blocks; U-Boot has `mtd`.
            Sample(
                board: "sandbox-mtd", method: "mtd erase and mtd write", blockSize: 128 << 10, bad: [1, 6, 14],
                otherBad: [3, 5, 9, 20], full: [0, 4, 16], blank: 13),
        ]
    }

    private static func image(_ board: UBootBoard) throws -> Data {
        try Data(contentsOf: board.state.appending(path: "nand0.img"))
    }

    private static func say(_ commands: [String], to board: UBootBoard) async throws -> String {
        let said = try await LabBoard.run("Lab/uboot", ["say", "--state", board.state.path] + commands)
        #expect(said.status == 0 && !said.output.contains("ERROR"), "\(said.output)")
        return said.output
    }

    private static func restore(
        _ board: UBootBoard, _ bag: String, _ choice: RestoreChoice
    ) async throws -> RestoreReport {
        let connector = ConsoleConnector(opener: try board.opener(), credentials: Credentials(), environment: .testing)
        return try await LabRestore.run(bag, on: connector, state: board.state, choice: choice)
    }

    @Test(arguments: Sample.all)
    func damagedBlocks(_ sample: Sample) async throws {
        try await UBootBoard.with(sample.options(sample.bad)) { board in
            let report = try await board.backup()
            try board.expectSameBytes(report)
            let kept = try Self.image(board)
            // A block with other content, one without, and one that was blank.
            let damage = [sample.erase(sample.full[0])] + sample.write(sample.full[0], 0x33)
            _ = try await Self.say(
                damage + [sample.erase(sample.full[1])] + sample.write(sample.blank, 0x5A), to: board)
            let isDamaged = try Self.image(board) != kept
            #expect(isDamaged)
            let restored = try await Self.restore(board, report.bag, RestoreChoice(allowed: [.bootloader]))
            #expect(restored.blocksWritten == 3 && restored.erases == 3)
            let isSame = try Self.image(board) == kept
            #expect(isSame)
            #expect(restored.plan.parts.allSatisfy { $0.method.name.hasPrefix(sample.method) })
        }
    }

    /// To another chip of the same model, which is blank and has other bad blocks.
    @Test(arguments: Sample.all)
    func otherBadBlocks(_ sample: Sample) async throws {
        let folder = try ScratchFolder()
        let bag = folder.path.appending("bag").string
        let before = try await UBootBoard.with(sample.options(sample.bad)) { board in
            try FileManager.default.copyItem(atPath: try await board.backup().bag, toPath: bag)
            return try await (Self.image(board), Self.sums(board))
        }
        let options = sample.options(sample.otherBad) + ["--fill", "as-is"]
        try await UBootBoard.with(options, isUnchanged: false) { board in
            let blank = try Self.image(board)
            let choice = RestoreChoice(allowed: [.bootloader, .environment], streams: ["kernel"])
            let restored = try await Self.restore(board, bag, choice)
            #expect(restored.setAside == 0)
            // U-Boot itself finds the kernel past the bad blocks, and the rest where it was.
            #expect(try await Self.sums(board) == before.1)
            let now = try Self.image(board)
            let count = (4 << 20) / sample.blockSize
            let size = now.count / count
            for block in 0..<count {
                let range = block * size..<(block + 1) * size
                let isKernel = (0x80000..<0x180000).contains(block * sample.blockSize)
                let isBad = (sample.bad + sample.otherBad).contains(block)
                // The table of bad blocks is the board's own.
                let isTable = sample.blockSize == 128 << 10 && block >= 28
                let expected = isBad || isTable ? blank : before.0
                // A Bool, because a difference of so many bytes takes minutes to describe.
                let isSame = now[range] == expected[range]
                #expect(isSame || isKernel && !sample.otherBad.contains(block), "block \(block)")
            }
        }
    }

    /// The checksums of what U-Boot reads, of five good blocks of the kernel and two of the rest.
    private static func sums(_ board: UBootBoard) async throws -> [String] {
        let reads = ["80000 a0000", "0 2000", "180000 20000"]
        let said = try await say(
            reads.flatMap { ["nand read 1000000 \($0)", "crc32 1000000 \($0.split(separator: " ")[1])"] }, to: board)
        return said.split(separator: "\n").filter { $0.contains("==>") }.map(String.init)
    }
}
