import BackupBags
import BoardAccess
import BoardChannels
import FlashModel
import Foundation
import LinuxFlash
import Operations
import Synchronization
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing
import Transfers

/// Backups of boards whose Linux sends its flash over a network beside the console, by real programs over the loopback
/// interface.
@Suite("Backups over a network beside the console", .serialized, .timeLimit(.minutes(5)))
struct NetworkBackupTests {
    private static let loopback = IPv4Address(value: 0x7F00_0001)

    /// What a backup said to its user.
    private final class Notes: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    private static func network(
        _ notes: Notes, via: LinuxReadMethod? = nil, board: IPv4Address? = loopback, host: IPv4Address? = loopback,
        computer: @escaping @Sendable () -> any LinuxNetworkHost = { LocalStreamHost(interfaces: { [] }) }
    ) -> LinuxBoardNetwork {
        let counter = Atomic<Int>(0)
        return LinuxBoardNetwork(
            settings: LinuxNetworkSettings(
                via: via, board: board, host: host,
                nonce: { "nonce\(counter.wrappingAdd(1, ordering: .relaxed).newValue)" }, notify: { notes.add($0) }),
            computer: computer)
    }

    private static func board(
        _ hardware: SimulatedHardware = SampleBoards.router(), nc program: String? = "/bin/busybox"
    ) throws -> FolderBoard {
        let board = try FolderBoard(hardware, tools: FolderBoard.allTools)
        if let program { try board.link("nc", to: program) }
        return board
    }

    private static func backup(
        _ board: FolderBoard, _ network: LinuxBoardNetwork?, isSlow: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> BackupReport {
        let folder = try ScratchFolder()
        let before = board.contents
        let report = try await Backup.run(
            board.connector(board.terminal(isSlow: isSlow), network: network),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0), environment: .simulated())
        let problems = BagCheck.problems(report, board.hardware)
        #expect(problems.isEmpty, "\(problems)", sourceLocation: sourceLocation)
        #expect(report.summary.isProven, sourceLocation: sourceLocation)
        #expect(board.offences.isEmpty, "\(board.offences)", sourceLocation: sourceLocation)
        #expect(board.contents == before, "a backup must not change the board", sourceLocation: sourceLocation)
        return report
    }

    @Test(
        "By every nc", arguments: ["/bin/busybox", "/bin/nc.openbsd", "/bin/nc.traditional"])
    func everyNetcat(_ program: String) async throws {
        let notes = Notes()
        let report = try await Self.backup(try Self.board(nc: program), Self.network(notes))
        #expect(report.manifest.capture.way.contains("nc over the network"), "\(report.manifest.capture.way)")
        #expect(
            report.manifest.capture.commands.contains { $0.contains("| nc ") }, "\(report.manifest.capture.commands)")
        #expect(notes.all.count == 1 && notes.all[0].contains("nc to 127.0.0.1:"), "\(notes.all)")
    }

    @Test("By uploads to servers of this computer", arguments: [LinuxReadMethod.tftp, .ftpput, .wget], [true, false])
    func uploads(_ method: LinuxReadMethod, _ isSlow: Bool) async throws {
        let board = try Self.board(nc: nil)
        try board.link(method.rawValue, to: "/bin/busybox")
        let notes = Notes()
        let report = try await Self.backup(board, Self.network(notes), isSlow: isSlow)
        #expect(
            report.manifest.capture.way.contains("\(method.rawValue) over the network"),
            "\(report.manifest.capture.way)")
        #expect(
            notes.all.count == 1 && notes.all[0].contains("\(method.rawValue) to 127.0.0.1:"), "\(notes.all)")
    }

    @Test("Uploads that break, come twice, or come from somebody else", arguments: ["tftp", "ftpput", "wget"])
    func brokenUploads(_ tool: String) async throws {
        let usage = "case $* in --help) exec /bin/busybox \(tool) --help;; esac;"
        for script in ["/usr/bin/head -c 50000 | /bin/busybox \(tool) \"$@\"", "exec /bin/busybox \(tool) \"$@\""] {
            let board = try Self.board(nc: nil)
            try board.replace(tool, with: usage + script)
            let report = try await Self.backup(board, Self.network(Notes()), isSlow: false)
            #expect(report.summary.isProven)
        }
        let notes = Notes()
        let board = try Self.board(nc: nil)
        try board.link(tool, to: "/bin/busybox")
        _ = try await Self.backup(
            board, Self.network(notes, board: IPv4Address(value: 0x7F00_0002)), isSlow: false)
        #expect(notes.all.contains { $0.contains("a connection came from 127.0.0.1") }, "\(notes.all)")
    }

    /// The folders that sessions of this computer have left.
    private static var folders: Set<String> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        return Set(names.filter { FileManager.default.fileExists(atPath: "/tmp/\($0)/web") })
    }

    @Test("From a web server that is started for it", arguments: [true, false])
    func started(_ isSlow: Bool) async throws {
        let board = try Self.board(nc: nil)
        let before = Self.folders
        for tool in ["httpd", "chmod", "rmdir", "sleep"] { try board.link(tool, to: "/bin/busybox") }
        let notes = Notes()
        let report = try await Self.backup(board, Self.network(notes), isSlow: isSlow)
        #expect(report.manifest.capture.way.contains("httpd over the network"), "\(report.manifest.capture.way)")
        #expect(notes.all.count == 1 && notes.all[0].contains("httpd at 127.0.0.1:"), "\(notes.all)")
        // Nothing of it stays, neither the program nor its folder.
        #expect(Self.folders == before)
    }

    @Test(
        "A web server that does not start, or answers wrongly, is given up",
        arguments: ["exit 1", "sleep 100", "exec /bin/busybox httpd -f -p 38080 -h /tmp"])
    func notStarted(_ script: String) async throws {
        let board = try Self.board(nc: nil)
        for tool in ["chmod", "rmdir", "sleep"] { try board.link(tool, to: "/bin/busybox") }
        try board.replace("httpd", with: script)
        let notes = Notes()
        let report = try await Self.backup(board, Self.network(notes), isSlow: false)
        #expect(!report.manifest.capture.way.contains("network"))
        #expect(notes.all.filter { $0.contains("comes over the console") }.count == 1, "\(notes.all)")
    }

    @Test("What the ECC found is recorded as on the console")
    func findings() async throws {
        var hardware = SampleBoards.router()
        hardware.chips["nand0"]?.corrected = [3]
        hardware.chips["nand0"]?.failed = [5]
        let notes = Notes()
        let over = try await Self.backup(try Self.board(hardware), Self.network(notes))
        let console = try await Self.backup(try Self.board(hardware), nil)
        #expect(over.manifest.images.map(\.blocks) == console.manifest.images.map(\.blocks))
        #expect(over.manifest.images.contains { !$0.blocks.isEmpty })
    }

    @Test("A board whose nc starts no program sends through a pipe")
    func pipe() async throws {
        let board = try Self.board(nc: nil)
        try board.replace(
            "nc",
            with: "case $* in *-e*) echo nc: no -e >&2;exit 1;; --help) exec /bin/busybox nc --help;; esac;"
                + "exec /bin/busybox nc \"$@\"")
        let notes = Notes()
        let report = try await Self.backup(board, Self.network(notes))
        #expect(report.manifest.capture.way.contains("nc over the network"), "\(report.manifest.capture.way)")
        #expect(notes.all.count == 1, "\(notes.all)")
    }

    @Test("A connection that breaks again and again costs frames, not bytes", arguments: [20_000, 300_000])
    func breaks(after size: Int) async throws {
        let board = try Self.board(nc: nil)
        try board.replace("nc", with: "/usr/bin/head -c \(size) | /bin/busybox nc \"$@\"")
        let notes = Notes()
        let report = try await Self.backup(board, Self.network(notes))
        #expect(report.summary.isProven)
    }

    @Test("A program that never ends is given up, and nothing that came by it is lost")
    func neverEnds() async throws {
        var hardware = SampleBoards.router()
        hardware.chips["nand0"]?.unreadable = [10 * 2048 + 600..<10 * 2048 + 601]
        hardware.chips["spi0.0"]?.unreadable = [5000..<5200]
        let board = try Self.board(hardware, nc: nil)
        try board.replace("nc", with: "case $1 in --*) exit 1;; esac; /bin/busybox nc \"$@\"; sleep 100")
        let notes = Notes()
        let report = try await Self.backup(board, Self.network(notes), isSlow: false)
        #expect(notes.all.filter { $0.contains("nc does not end") }.count == 1, "\(notes.all)")
        #expect(!report.manifest.capture.way.contains("network"))
    }

    @Test(
        "What does not work is given up once, with a note",
        arguments: [
            ("exit 1", "nc ended without a reason"),
            ("echo 'nc: bad address' >&2; exit 1", "nc: bad address"),
            ("cat >/dev/null", "nc ended without a reason"),
            ("case $1 in --*) exec /bin/busybox nc --help;; esac; sleep 100", "no connection came within 10 s"),
            (
                "case $1 in --*) exit 1;; esac; sed s/nonce/wrong/ | /bin/busybox nc \"$@\"",
                "nc ended without a reason"
            ),
        ])
    func givenUp(_ script: String, _ reason: String) async throws {
        let board = try Self.board(nc: nil)
        try board.replace("nc", with: script)
        let notes = Notes()
        let report = try await Self.backup(board, Self.network(notes), isSlow: false)
        #expect(!report.manifest.capture.way.contains("network"))
        let failures = notes.all.filter { $0.contains("comes over the console") }
        #expect(failures.count == 1 && failures.first?.contains(reason) == true, "\(notes.all)")
    }

    @Test("Only the board's address is let in")
    func strangers() async throws {
        let notes = Notes()
        _ = try await Self.backup(
            try Self.board(), Self.network(notes, board: IPv4Address(value: 0x7F00_0002)), isSlow: false)
        #expect(notes.all.contains { $0.contains("a connection came from 127.0.0.1") }, "\(notes.all)")
    }

    @Test("Without nc, or without a known address, the console is used, and nothing is said")
    func console() async throws {
        let notes = Notes()
        _ = try await Self.backup(try Self.board(nc: nil), Self.network(notes))
        _ = try await Self.backup(try Self.board(), Self.network(notes, board: nil, host: nil))
        #expect(notes.all.isEmpty, "\(notes.all)")
    }

    @Test("A method that the user asked for is not replaced by another")
    func asked() async throws {
        for board in [try Self.board(nc: nil), try Self.board(nc: "/bin/false")] {
            await #expect(throws: FlashkeepError(.hostUnreachable, what: "", why: "", next: "")) {
                _ = try await Self.backup(board, Self.network(Notes(), via: .nc), isSlow: false)
            }
        }
    }
}
