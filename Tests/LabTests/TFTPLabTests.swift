import Foundation
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transfers

/// The TFTP server with foreign clients, and compared with foreign servers.
@Suite(
    .enabled(if: LabBoard.isAvailable, "the lab is not installed: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct TFTPLabTests {
    struct Client: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var program: String
        var get: @Sendable (_ host: String, _ port: Int, _ name: String, _ local: String) -> [String]
        var put: @Sendable (_ host: String, _ port: Int, _ name: String, _ local: String) -> [String]
    }

    private static func atftp(_ options: [String]) -> Client {
        let all = options.flatMap { ["--option", $0] }
        return Client(
            testDescription: "atftp \(options.joined(separator: ", "))", program: "atftp",
            get: { all + ["-g", "-r", $2, "-l", $3, $0, "\($1)"] },
            put: { all + ["-p", "-r", $2, "-l", $3, $0, "\($1)"] })
    }

    private static func curl(_ options: [String]) -> Client {
        @Sendable func url(_ host: String, _ port: Int, _ name: String) -> String {
            "tftp://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(name)"
        }
        let all = options + ["-s", "--max-time", "300", "--path-as-is"]
        return Client(
            testDescription: "curl \(options.joined(separator: " "))", program: "curl",
            get: { all + ["-o", $3, url($0, $1, $2)] }, put: { all + ["-T", $3, url($0, $1, $2)] })
    }

    private static let hpa = Client(
        testDescription: "tftp-hpa", program: "tftp",
        get: { ["-m", "binary", $0, "\($1)", "-c", "get", $2, $3] },
        put: { ["-m", "binary", $0, "\($1)", "-c", "put", $3, $2] })

    static let plain = [curl([]), atftp([]), hpa]
    static let clients =
        plain + [
            curl(["--tftp-blksize", "1468"]), curl(["--tftp-no-options"]), atftp(["blksize 1428", "tsize 0"]),
            atftp(["blksize 1468", "windowsize 16"]), atftp(["blksize 65464", "timeout 2"]),
            atftp(["blksize 8192", "windowsize 64", "tsize 0"]),
        ]

    private static func content(_ count: Int) -> [UInt8] { SplitMix64.bytes(count, seed: UInt64(count)) }

    private static func serving(
        _ folder: ScratchFolder, _ host: String, _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let counter = Mutex(0)
        let content = try TFTPFolder(folder.path, isWritable: true) {
            counter.withLock { counter in
                counter += 1
                return "n\(counter)"
            }
        }
        let configuration = TFTPServer.Configuration(addresses: [host], port: 0, requestsPerSecond: 1_000)
        try await withTFTPServer(content, configuration) { try await body($0.port) }
    }

    private static func exchange(
        _ client: Client, _ host: String, sizes: [Int], unsent: [Int] = []
    ) async throws {
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        try await serving(served, host) { port in
            for size in sizes {
                let bytes = content(size)
                try served.write(bytes, "get-\(size)")
                try local.write(bytes, "put-\(size)")
                let got = local.path.appending("got-\(size)")
                let read = try await LabBoard.run(client.program, client.get(host, port, "get-\(size)", got.string))
                #expect(read.status == 0, "\(size): \(read.output)")
                // curl creates no file if it received no bytes.
                #expect(ScratchFolder.read(got) == bytes, "\(size)")
                // And it sends no file if there are no bytes.
                if size == 0 && client.program == "curl" || unsent.contains(size) { continue }
                let put = local.path.appending("put-\(size)").string
                let written = try await LabBoard.run(client.program, client.put(host, port, "put-\(size)", put))
                #expect(written.status == 0, "\(size): \(written.output)")
                #expect(ScratchFolder.read(served.path.appending("put-\(size)")) == bytes, "\(size)")
            }
        }
        #expect(served.snapshot("").keys.allSatisfy { !$0.hasPrefix(".") })
    }

    @Test(arguments: clients, ["127.0.0.1", "::1"])
    func clientsReadAndWrite(client: Client, host: String) async throws {
        try await Self.exchange(client, host, sizes: [0, 1, 511, 512, 513, 1_468, 300_001])
    }

    /// With 65536 or more blocks of 512 bytes, the block number wraps. Each client gets one of three sizes; in a
    /// campaign, all.
    @Test(arguments: plain)
    func blockNumbersGoAround(client: Client) async throws {
        // If the last block's number is 0, curl 7.88 and tftp-hpa 5.2 send it forever, also to tftpd-hpa.
        let edges = [65_535 * 512, 65_535 * 512 + 7]
        // atftp can send all of them, so it gets one of the edges.
        let number = ["atftp", "curl", "tftp"].firstIndex(of: client.program) ?? 0
        let sizes = Campaign.share(number, of: 3, edges + [65_536 * 512 + 1_500])
        try await Self.exchange(
            client, "127.0.0.1", sizes: sizes, unsent: client.program == "atftp" ? [] : edges)
    }

    @Test(arguments: plain)
    func refusalsLeaveEverythingAsItWas(client: Client) async throws {
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        try served.write("old", "there")
        try served.write("old", "folder/there")
        try local.write("new", "new")
        let before = served.snapshot("")
        try await Self.serving(served, "127.0.0.1") { port in
            for name in ["there", "folder/there", "folder", "../outside", "folder/../../outside", "none/new"] {
                let result = try await LabBoard.run(
                    client.program, client.put("127.0.0.1", port, name, local.path.appending("new").string))
                // tftp-hpa's client exits with 0 anyway.
                #expect(result.status != 0 || client.program == "tftp", "\(name): \(result.output)")
            }
            for name in ["none", "folder", "../\(local.path.lastComponent?.string ?? "")/new", "/etc/hostname"] {
                let got = local.path.appending("got")
                let result = try await LabBoard.run(client.program, client.get("127.0.0.1", port, name, got.string))
                #expect(result.status != 0 || client.program == "tftp", "\(name): \(result.output)")
                #expect(ScratchFolder.read(got).isEmpty, "\(name)")
            }
        }
        #expect(served.snapshot("") == before)
        #expect(
            !FileManager.default.fileExists(atPath: served.path.removingLastComponent().appending("outside").string))
    }

    /// The replies of all three servers to the same packets, and the files that they deliver.
    @Test func answersAreThoseOfOtherServers() async throws {
        struct Comparison: Decodable {
            enum Word: Decodable, Equatable {
                case text(String)
                case number(Int)

                init(from decoder: any Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    self =
                        if let number = try? container.decode(Int.self) { .number(number) } else {
                            .text(try container.decode(String.self))
                        }
                }
            }

            var answers: [String: [String: [Word]?]]
            var files: [String: [String: String]]
        }
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "flashkeep")
        let result = try await LabBoard.run("Lab/tftp-compare", [program.path])
        try #require(result.status == 0, "\(result.output)")
        let comparison = try JSONDecoder().decode(Comparison.self, from: Data(result.output.utf8))
        // The others reply to these differently: with "not defined" or not at all.
        let differing: Set = ["traversal", "absolute", "write outside", "no operation"]
        for (what, answers) in comparison.answers {
            let own = try #require(answers["flashkeep"] ?? nil, "\(what) has no answer")
            if differing.contains(what) {
                #expect(own == [.text("ERROR"), .number(what == "no operation" ? 4 : 2)], "\(what)")
                continue
            }
            for (server, answer) in answers { #expect(answer == own, "\(what), \(server)") }
        }
        let own = try #require(comparison.files["flashkeep"])
        #expect(!own.isEmpty)
        for (server, files) in comparison.files {
            for (what, digest) in files { #expect(own[what] == digest, "\(what), \(server)") }
        }
    }
}
