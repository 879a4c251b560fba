import BackupBags
import BoardChannels
import FlashModel
import Glibc
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Data for flash that reaches a board beside its shell, through a named pipe.
@Suite("Restores through a named pipe", .serialized, .timeLimit(.minutes(5)))
struct UploadPipeTests {
    /// What happens to the pipe.
    enum Trouble: String, CaseIterable {
        case none
        /// The board has no tool to make it.
        case noTool
        /// The tool that makes it fails.
        case notMade
        /// What reads from it always stops early.
        case stopsEarly
        /// What reads from it stops early once.
        case stopsOnce
        /// What reads from it changes a byte.
        case damages
        /// What fills it dies at once.
        case noFiller

        /// Whether text is used in the end.
        var needsText: Bool { self != .none && self != .stopsOnce }
    }

    /// A shell would execute these lines if they reached its input.
    private static let commands = Array("\necho evil >>offences\n".utf8)

    private static func hardware(_ isChanged: Bool) -> SimulatedHardware {
        var nor = SimulatedHardware.Flash("spi0.0", kind: .nor, blocks: 24, blockSize: 4096, seed: 13)
        for place in 3 * 4096..<nor.bytes.count {
            let wanted = commands[place % commands.count]
            nor.bytes[place] = isChanged ? ~wanted : wanted
        }
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
            chips: [nor], devices: [nor.device(0, "u-boot", 0..<2), nor.device(1, "rootfs", 2..<24)])
        hardware.isWritable = true
        return hardware
    }

    @Test("Its failures cost time, and leave nothing to the shell", arguments: ["dash", "bash"], Trouble.allCases)
    func troubles(_ shell: String, _ trouble: Trouble) async throws {
        // As the program does: what fills the pipe may end while it is written to.
        signal(SIGPIPE, SIG_IGN)
        let folder = try ScratchFolder()
        let original = try FolderBoard(Self.hardware(false), shell: shell)
        let bag = try await Backup.run(
            original.connector(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0), environment: .simulated()
        ).bag
        let pipe = trouble == .noTool ? [] : ["mkfifo"]
        let board = try FolderBoard(
            Self.hardware(true), shell: shell, tools: FolderBoard.allTools + ["flash_erase"] + pipe)
        let root = ShellWord.quoted(board.root)
        try board.wrap("base64", in: "echo >>\(root)/sent;$REAL \"$@\"")
        switch trouble {
        case .none, .noTool: break
        case .notMade: try board.replace("mkfifo", with: "exit 1")
        case .stopsEarly: try board.replace("head", with: "exec /usr/bin/head -c 100")
        case .stopsOnce:
            try board.wrap(
                "head", in: "[ -e \(root)/stopped ]||{ : >\(root)/stopped;exec /usr/bin/head -c 100;};$REAL \"$@\"")
        case .damages: try board.wrap("head", in: "$REAL \"$@\"|/usr/bin/tr e E")
        case .noFiller: try board.wrap("cat", in: "[ $# = 0 ]&&exit 1;$REAL \"$@\"")
        }
        let connector = board.connector(board.pipe)
        let prepared = try await Restore.plan(
            FilePath(bag), on: connector, choice: RestoreChoice(only: ["mtd1"]))
        let plan = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
        try board.write("", "sent")
        let report = try await Restore.run(
            prepared, on: connector, before: folder.path.appending("before"), reconnects: 0, environment: .simulated())
        #expect(report.blocksWritten == plan.blockCount && plan.blockCount > 1)
        #expect(board.contents["dev/mtd1"] == original.contents["dev/mtd1"])
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
        let texts = try #require(board.contents["sent"]).count
        #expect((texts > 0) == trouble.needsText, "\(texts)")
    }
}
