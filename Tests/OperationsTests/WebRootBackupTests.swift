import BackupBags
import BoardAccess
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

/// Backups of boards whose flash comes through the web server that runs on them.
@Suite("Backups through a board's web server", .serialized, .timeLimit(.minutes(5)))
struct WebRootBackupTests {
    /// A board with a web server, on which every request can go wrong.
    private final class WebBoard: Sendable {
        let board: FolderBoard
        let server: TestWebServer
        /// What a request was answered with, by its number from 0 on.
        private let count = Mutex(0)

        /// - Parameters:
        ///   - folder: the folder whose files the server gives.
        ///   - fault: changes a reply, by the number of the request.
        init(
            fileSystem: String = "tmpfs", memory: Int = 64_000, folder: String = "var/wwwroot",
            fault: @escaping @Sendable (Int, TestWebServer.Reply) -> TestWebServer.Reply = { $1 }
        ) throws {
            let board = try FolderBoard(SampleBoards.router(), tools: FolderBoard.allTools)
            try board.link("df", to: "/bin/df")
            try board.write(
                "rootfs / rootfs rw 0 0\n/dev/root / squashfs ro 0 0\nwww /var \(fileSystem) rw 0 0\n", "proc/mounts")
            try board.write("MemTotal: 128000 kB\nMemFree: \(memory) kB\n", "proc/meminfo")
            try board.write("left\n", "var/wwwroot/flashkeep-left")
            try board.write("mine\n", "var/wwwroot/index.html")
            self.board = board
            let root = board.root
            let counter = Atomic<Int>(-1)
            server = try TestWebServer { request in
                let path = "\(root)/\(folder)\(request.target)"
                let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
                guard let bytes = FileManager.default.contents(atPath: path) else { return fault(number, .status(404)) }
                return fault(number, .ok(Array(bytes)))
            }
            try board.write(
                Array("httpd\0-f\0-p\0127.0.0.1:\(server.port)\0-h\0/var/wwwroot\0".utf8), "proc/77/cmdline")
        }

        deinit { server.stop() }

        var left: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(board.root)/var/wwwroot")) ?? []).sorted()
        }
    }

    private static func network(
        _ notes: @escaping @Sendable (String) -> Void = { _ in }, via: LinuxReadMethod? = .www, root: String? = nil,
        url: String? = nil
    ) -> LinuxBoardNetwork {
        let counter = Atomic<Int>(0)
        return LinuxBoardNetwork(
            settings: LinuxNetworkSettings(
                via: via, board: IPv4Address("127.0.0.1"), webRoot: root, webURL: url,
                nonce: { "nonce\(counter.wrappingAdd(1, ordering: .relaxed).newValue)" }, notify: notes),
            computer: { LocalStreamHost(interfaces: { [] }) })
    }

    private static func backup(
        _ board: WebBoard, _ network: LinuxBoardNetwork, isSlow: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> BackupReport {
        let folder = try ScratchFolder()
        let report = try await Backup.run(
            board.board.connector(board.board.terminal(isSlow: isSlow), network: network),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0), environment: .simulated())
        let problems = BagCheck.problems(report, board.board.hardware)
        #expect(problems.isEmpty, "\(problems)", sourceLocation: sourceLocation)
        #expect(report.summary.isProven, sourceLocation: sourceLocation)
        #expect(board.board.offences.isEmpty, "\(board.board.offences)", sourceLocation: sourceLocation)
        return report
    }

    @Test("The running server's folder and port are found, and nothing is left in it")
    func found() async throws {
        let board = try WebBoard()
        let report = try await Self.backup(board, Self.network())
        #expect(report.manifest.capture.way.contains("www over the network"), "\(report.manifest.capture.way)")
        #expect(report.manifest.capture.commands.contains { $0.contains("fetched from http://127.0.0.1") })
        #expect(board.left == ["index.html"])
        #expect(board.server.requests.allSatisfy { $0.method == "GET" && $0.target.hasPrefix("/flashkeep-nonce") })
    }

    @Test("The user may name the folder and its address")
    func named() async throws {
        let board = try WebBoard(folder: "var")
        try board.board.remove("proc/77/cmdline")
        _ = try await Self.backup(board, Self.network(root: "/var", url: board.server.url("")))
        #expect(board.left == ["flashkeep-left", "index.html"])
    }

    @Test("A link in the server's folder that leads to memory will do")
    func link() async throws {
        let board = try WebBoard(folder: "www")
        try board.board.write("page\n", "www/index.html")
        try FileManager.default.createSymbolicLink(
            atPath: "\(board.board.root)/www/data", withDestinationPath: "\(board.board.root)/var/wwwroot")
        try board.board.write(
            Array("/usr/sbin/uhttpd\0-h\0/www\0-p\0127.0.0.1:\(board.server.port)\0".utf8), "proc/77/cmdline")
        _ = try await Self.backup(board, Self.network())
        #expect(board.left == ["index.html"])
        #expect(board.server.requests.contains { $0.target.hasPrefix("/data/flashkeep-") })
    }

    @Test("With little memory the flash comes in parts, and never in more than half of it")
    func littleMemory() async throws {
        let board = try WebBoard(memory: 600)
        _ = try await Self.backup(board, Self.network())
        #expect(board.left == ["index.html"])
    }

    @Test("It is not used unless the user asks for it")
    func unasked() async throws {
        let board = try WebBoard()
        let report = try await Self.backup(board, Self.network(via: nil))
        #expect(!report.manifest.capture.way.contains("network"))
        #expect(board.server.requests.isEmpty)
    }

    @Test("What cannot work is refused before anything is written", arguments: ["jffs2", "ubifs", "ext4", "memory"])
    func refused(_ kind: String) async throws {
        let board = try kind == "memory" ? WebBoard(memory: 500) : WebBoard(fileSystem: kind)
        let left = board.left
        let error = await #expect(throws: FlashkeepError.self) {
            _ = try await Self.backup(board, Self.network(), isSlow: false)
        }
        #expect(error?.code == .hostUnreachable)
        #expect(error?.why.contains(kind == "memory" ? "no room" : "is on \(kind)") == true, "\(error?.why ?? "")")
        #expect(board.server.requests.isEmpty)
        if kind != "memory" { #expect(board.left == left) }
    }

    @Test("A server that fails now and then is asked again", arguments: ["cut", "missing", "page", "nothing"])
    func faults(_ kind: String) async throws {
        let board = try WebBoard { number, reply in
            guard number > 0, number % 3 == 0 else { return reply }
            var reply = reply
            switch kind {
            case "cut": reply.cutAt = reply.body.count / 2
            case "missing": reply = .status(404)
            case "page": reply = .page("<html>Please log in</html>")
            default: reply = .ok([])
            }
            return reply
        }
        _ = try await Self.backup(board, Self.network(), isSlow: false)
        #expect(board.left == ["index.html"])
    }

    @Test("A server that gives another folder's files, or asks for a login, is not used", arguments: [404, 401, 200])
    func otherFolder(_ status: Int) async throws {
        let board = try WebBoard { _, _ in status == 200 ? .page("<html>Welcome</html>") : .status(status) }
        let error = await #expect(throws: FlashkeepError.self) {
            _ = try await Self.backup(board, Self.network(), isSlow: false)
        }
        #expect(error?.code == .hostUnreachable)
        #expect(
            error?.why.contains(status == 200 ? "something else" : status == 401 ? "asks for a user" : "404") == true)
        #expect(board.left == ["index.html"])
    }
}
