import BackupBags
import FlashModel
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// What only backups from barebox have; the rest is in `LoaderBackupTests`.
@Suite("Backups from barebox", .serialized)
struct BareboxBackupTests {
    @Test("Its checksums prove the backup, and blank blocks do not cross the line", arguments: [false, true])
    func checksums(_ isNAND: Bool) async throws {
        let kind = LoaderBackups.Board.barebox(isNAND: isNAND)
        let backups = try LoaderBackups()
        let board = kind.simulated()
        let report = try await backups.backUp(board)
        try await backups.check(report, board, kind, "\(kind.name)")
        let image = report.manifest.images[0]
        #expect(image.proof.against == .boardChecksum && image.proof.result == .proven)
        #expect(report.manifest.partitions.map(\.name) == [isNAND ? "nand0" : "nor0", "barebox", "root"])
        #expect(report.manifest.partitions.map(\.offset) == [0, 0, 2 * 4096])
        #expect(report.manifest.otherStorage == [OtherStorageDevice(name: "mmc0", size: 1 << 20)])
        // Block 2 is blank.
        let dumped = board.commands.filter { $0.hasPrefix("md") }
        #expect(!dumped.contains { $0.contains(" 0x2000+") || $0.contains(" 0x2400+") }, "\(dumped)")
        #expect(board.commands.contains("nand -i /dev/nand0") == isNAND)
        #expect(!board.commands.contains { $0.contains(".bb") })
    }

    @Test("Without crc32, everything is read twice; without the list, bad blocks are unknown")
    func poor() async throws {
        let kind = LoaderBackups.Board.barebox { $0.hasChecksum = false }
        let backups = try LoaderBackups()
        let board = kind.simulated()
        let report = try await backups.backUp(board)
        try await backups.check(report, board, kind, "\(kind.name)")
        #expect(report.manifest.images[0].proof.against == .secondRead)
        let blind = LoaderBackups.Board.barebox(isNAND: true) {
            $0.hasNAND = false
            $0.hardware.chips["nand0"]?.badBlocks = []
        }
        let other = try LoaderBackups()
        let unknown = try await other.backUp(blind.simulated())
        #expect(
            !unknown.summary.isComplete && unknown.summary.unknown.contains { $0.contains("no command that lists") })
    }

    @Test("Pages of NAND that the ECC cannot repair are named")
    func pages() async throws {
        let kind = LoaderBackups.Board.barebox(isNAND: true) { $0.failingPages = [10] }
        let backups = try LoaderBackups()
        let board = kind.simulated()
        let report = try await backups.backUp(board)
        let image = report.manifest.images[0]
        #expect(image.blocks.filter { $0.state == .unread }.map(\.range) == [10 * 512..<11 * 512])
        #expect(image.blocks.first { $0.state == .unread }?.detail?.contains("Error 74") == true)
        #expect(image.proof.against == .boardChecksum && image.proof.result == .proven && !report.summary.isComplete)
        let chip = try #require(kind.chip)
        let bytes = try #require(backups.image(report, 0))
        #expect(
            bytes[..<(10 * 512)] == chip.bytes[..<(10 * 512)]
                && bytes[(11 * 512)..<(3 * 4096)] == chip.bytes[(11 * 512)..<(3 * 4096)])
        #expect(board.offences.isEmpty, "\(board.offences)")
    }

    @Test("Bytes that the processor cannot read are named")
    func aborts() async throws {
        let kind = LoaderBackups.Board.barebox {
            $0.hasChecksum = false
            $0.abortingBytes = 0x1234..<0x1239
        }
        let backups = try LoaderBackups()
        let report = try await backups.backUp(kind.simulated())
        let image = report.manifest.images[0]
        #expect(image.blocks.filter { $0.state == .unread }.map(\.range) == [0x1234..<0x1239])
        let chip = try #require(kind.chip)
        let bytes = try #require(backups.image(report, 0))
        #expect(bytes[..<0x1234] == chip.bytes[..<0x1234] && bytes[0x1239...] == chip.bytes[0x1239...])
        #expect(bytes[0x1234..<0x1239].allSatisfy { $0 == 0xFF } && !report.summary.isComplete)
    }

    @Test("The countdown is stopped by the key that it names", arguments: ["any", "ctrl-c", "x"])
    func keys(_ key: String) async throws {
        let kind = LoaderBackups.Board.barebox { $0.abortKey = key }
        let backups = try LoaderBackups()
        let board = kind.simulated(.off)
        let report = try await backups.backUp(board)
        try await backups.check(report, board, kind, "\(key)")
        let expected: UInt8 = key == "any" ? 0x04 : key == "ctrl-c" ? 0x03 : 0x78
        #expect(board.typed.contains(expected) && (key == "any" || !board.typed.contains(0x04)))
        #expect(board.starts == 1 && report.manifest.board.model == "Acme R1")
        #expect(report.manifest.board.bootloader == "barebox 2026.06.0")
    }

    @Test("A backup is proven by barebox' checksums later")
    func proof() async throws {
        let kind = LoaderBackups.Board.barebox()
        let backups = try LoaderBackups()
        let report = try await backups.backUp(kind.simulated())
        var other = kind
        other.personality.hardware.chips["nor0"]?.bytes[0x3003] ^= 1
        let changed = other.simulated()
        let proof = try await BoardProof.run(bag: FilePath(report.bag), board: backups.connector(changed))
        #expect(!proof.isSame && proof.images[0].different.map(\.offset) == [0x3000])
        #expect(!changed.commands.contains { $0.hasPrefix("md") })
    }
}
