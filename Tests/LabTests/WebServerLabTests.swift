import BackupBags
import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import Glibc
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Backups from real web servers on this machine: their listings, lengths, ranges and redirects.
@Suite(
    .enabled(if: WebServer.isAvailable, "nginx and lighttpd are not unpacked: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct WebServerLabTests {
    /// Flash of a few mebibytes, so that no server sends a dump in one piece.
    private static func hardware() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 64, blockSize: 65_536, seed: 11)
        return SimulatedHardware(
            identity: BoardIdentity(), chips: [nor],
            devices: [
                nor.device(0, "u-boot", 0..<4), nor.device(1, "u-boot env", 4..<5), nor.device(2, "firmware", 5..<63),
                nor.device(10, "art", 63..<64),
            ])
    }

    private func backup(
        _ url: String, _ folder: ScratchFolder, _ name: String = "bag",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> BackupReport {
        let connector = try BoardConnection(
            address: url, options: ConnectionOptions(), environment: .testing, interaction: UserInteraction()
        ).connector
        return try await CheckedBackup.run(
            connector, options: BackupOptions(target: folder.path.appending(name), reconnects: 0), watch: { _ in },
            sourceLocation: sourceLocation)
    }

    @Test(
        "A folder that the server lists, or the index.html of a script", arguments: WebServer.Kind.allCases,
        [false, true])
    func listing(_ kind: WebServer.Kind, _ hasIndex: Bool) async throws {
        // It lists no folders by itself.
        guard hasIndex || kind != .busybox else { return }
        let hardware = Self.hardware()
        let folder = try ScratchFolder("web")
        let page = SimulatedDumpPage(hardware)
        for device in hardware.devices {
            let bytes = try #require(SimulatedDumpPage.bytes(device.partition.index, of: hardware))
            let name =
                hasIndex ? "mtd\(device.partition.index)" : "mtd\(device.partition.index)-\(device.partition.name)"
            try folder.write(bytes, "root/mtd_backup/\(name).bin")
        }
        try folder.write(SimulatedDumpPage.table(hardware), "root/mtd_backup/proc-mtd.txt")
        try folder.write("x", "root/mtd_backup/older/mtd0.bin")
        if hasIndex { try folder.write(page.page, "root/mtd_backup/index.html") }
        let server = try WebServer(kind, folder)
        defer { server.stop() }
        // Without the slash at its end, every server redirects to the address with one.
        for (name, path) in [("bag", "/mtd_backup/"), ("again", "/mtd_backup")] {
            let report = try await backup("http://127.0.0.1:\(server.port)\(path)", folder, name)
            let problems = BagCheck.problems(report) { SimulatedDumpPage.bytes($0.index, of: hardware) }
            #expect(problems.isEmpty, "\(problems)")
            #expect(report.manifest.partitions.map(\.index) == [0, 1, 2, 10])
            #expect(report.manifest.images.allSatisfy { $0.proof.result == .proven })
            #expect(report.summary.missing.isEmpty && !report.summary.isComplete)
            #expect(!report.summary.unknown.contains { $0.contains("/proc/mtd") }, "\(report.summary.unknown)")
            #expect(report.manifest.capture.retries == 0)
        }
    }

    @Test("A backup goes on where it was interrupted", arguments: WebServer.Kind.allCases)
    func resumed(_ kind: WebServer.Kind) async throws {
        let hardware = Self.hardware()
        let folder = try ScratchFolder("web")
        for device in hardware.devices {
            let bytes = try #require(SimulatedDumpPage.bytes(device.partition.index, of: hardware))
            try folder.write(bytes, "root/mtd\(device.partition.index).bin")
        }
        try folder.write(SimulatedDumpPage(hardware).page, "root/index.html")
        try folder.write(SimulatedDumpPage.table(hardware), "root/proc-mtd.txt")
        let server = try WebServer(kind, folder)
        defer { server.stop() }
        let connector = try BoardConnection(
            address: "http://127.0.0.1:\(server.port)/", options: ConnectionOptions(), environment: .testing,
            interaction: UserInteraction()
        ).connector
        // A part from the middle of a dump: the server skips what is before it.
        try await connector.withBoard(transcript: TranscriptLog()) { board in
            let flash = try await board.survey()
            let partition = try #require(flash.survey.partition(2))
            let bytes = try #require(SimulatedDumpPage.bytes(2, of: hardware))
            for range in [1_000_000..<1_000_001, 3_000_000..<partition.size, 0..<10] {
                let chunk = try await flash.reader.chunk(range, of: partition)
                #expect(chunk.bytes == Array(bytes[range]) && chunk.findings.isEmpty)
            }
        }
        let report = try await backup("http://127.0.0.1:\(server.port)/", folder)
        #expect(report.summary.missing.isEmpty)
    }
}

/// A web server of another author on a free port of 127.0.0.1, as a process that ends with the test.
final class WebServer {
    enum Kind: String, CaseIterable, Sendable {
        case nginx
        case lighttpd
        case busybox
    }

    static let isAvailable =
        LabBoard.isAvailable
        && ["nginx/nginx", "lighttpd/lighttpd"].allSatisfy {
            FileManager.default.fileExists(atPath: LabBoard.repository.appending(path: ".lab/\($0)").path)
        }

    let port: Int
    private let process = Process()

    /// - Parameter folder: `root` in it is served.
    init(_ kind: Kind, _ folder: ScratchFolder) throws {
        signal(SIGPIPE, SIG_IGN)
        port = try Self.freePort()
        let path = folder.path.string
        let lab = LabBoard.repository.appending(path: ".lab")
        switch kind {
        case .busybox:
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["busybox", "httpd", "-f", "-p", "127.0.0.1:\(port)", "-h", "\(path)/root"]
        case .lighttpd:
            try folder.write(
                """
                server.document-root = "\(path)/root"
                server.bind = "127.0.0.1"
                server.port = \(port)
                server.modules = ("mod_dirlisting")
                index-file.names = ("index.html")
                dir-listing.activate = "enable"
                """, "lighttpd.conf")
            process.executableURL = lab.appending(path: "lighttpd/lighttpd")
            process.arguments = [
                "-D", "-f", "\(path)/lighttpd.conf", "-m", lab.appending(path: "lighttpd/modules").path,
            ]
        case .nginx:
            let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(path)/\($0);" }.joined(separator: " ")
            try folder.write(
                """
                daemon off;
                master_process off;
                pid \(path)/nginx.pid;
                error_log \(path)/nginx.log;
                events {}
                http {
                    access_log off;
                    default_type application/octet-stream;
                    \(folders)
                    server { listen 127.0.0.1:\(port); root \(path)/root; index index.html; autoindex on; }
                }
                """, "nginx.conf")
            process.executableURL = lab.appending(path: "nginx/nginx")
            process.arguments = ["-e", "\(path)/nginx.log", "-c", "\(path)/nginx.conf"]
        }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        try waitUntilItListens()
    }

    func stop() {
        // Swift's threads block other signals, and the process has inherited that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// A port that nobody had a moment ago.
    private static func freePort() throws -> Int {
        let server = try TestWebServer { _ in .status(404) }
        defer { server.stop() }
        return server.port
    }

    private func waitUntilItListens() throws {
        for _ in 0..<200 {
            if isListening() { return }
            guard process.isRunning else { break }
            usleep(25_000)
        }
        throw LabFailure(text: "\(process.arguments ?? []) does not listen")
    }

    private func isListening() -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
