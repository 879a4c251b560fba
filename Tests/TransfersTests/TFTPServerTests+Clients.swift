import SystemPackage
import TestSupport
import Testing
import Transfers

/// Third-party clients.
extension TFTPServerTests {
    struct Client: Sendable, CustomTestStringConvertible {
        var program: String
        var testDescription: String
        var get: @Sendable (_ host: String, _ port: Int, _ name: String, _ local: String) -> [String]
        var put: @Sendable (_ host: String, _ port: Int, _ name: String, _ local: String) -> [String]
    }

    private static func atftp(_ options: [(String, String)]) -> Client {
        let all = options.flatMap { ["--option", "\($0.0) \($0.1)"] }
        return Client(
            program: "atftp", testDescription: "atftp \(options.map { "\($0.0)=\($0.1)" })",
            get: { all + ["-g", "-r", $2, "-l", $3, $0, "\($1)"] },
            put: { all + ["-p", "-r", $2, "-l", $3, $0, "\($1)"] })
    }

    private static func curl(_ options: [String], _ description: String) -> Client {
        @Sendable func url(_ host: String, _ port: Int, _ name: String) -> String {
            "tftp://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(name)"
        }
        return Client(
            program: "curl", testDescription: description,
            get: { options + ["-s", "--max-time", "60", "-o", $3, url($0, $1, $2)] },
            put: { options + ["-s", "--max-time", "60", "-T", $3, url($0, $1, $2)] })
    }

    static let clients = [
        atftp([]), atftp([("blksize", "1428"), ("tsize", "0")]), atftp([("blksize", "8192"), ("windowsize", "8")]),
        atftp([("blksize", "1468"), ("windowsize", "16")]), atftp([("timeout", "2"), ("blksize", "65464")]),
        Client(
            program: "tftp", testDescription: "tftp-hpa",
            get: { ["-m", "binary", $0, "\($1)", "-c", "get", $2, $3] },
            put: { ["-m", "binary", $0, "\($1)", "-c", "put", $3, $2] }),
        curl([], "curl"), curl(["--tftp-blksize", "1468"], "curl, 1468"),
        curl(["--tftp-no-options"], "curl, no options"),
    ]

    @Test(arguments: clients, ["127.0.0.1", "::1"])
    func othersReadAndWrite(client: Client, host: String) async throws {
        guard let program = Self.program(client.program) else {
            Self.skip(client.program)
            return
        }
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        try await serving(try Self.folder(served), address: host) { port in
            for size in [0, 1, 512, 1_468 * 3, 300_001] {
                let content = Self.bytes(size)
                try served.write(content, "get-\(size)")
                let got = local.path.appending("got-\(size)")
                try await TestProgram.run(program, client.get(host, port, "get-\(size)", got.string))
                // curl makes no file if there were no bytes.
                #expect(ScratchFolder.read(got) == content, "\(size)")

                try local.write(content, "put-\(size)")
                // curl does not send empty files over TFTP.
                if size == 0, client.program == "curl" { continue }
                try await TestProgram.run(
                    program, client.put(host, port, "put-\(size)", local.path.appending("put-\(size)").string))
                #expect(ScratchFolder.read(served.path.appending("put-\(size)")) == content, "\(size)")
            }
        }
        #expect(served.snapshot("").keys.allSatisfy { !$0.hasPrefix(".") })
    }

    @Test func blockNumbersGoAroundWithOthers() async throws {
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        let content = Self.bytes(64 * 65_600 + 7)
        try served.write(content, "large")
        try await serving(try Self.folder(served)) { port in
            for client in [
                Self.curl(["--tftp-blksize", "64"], "curl"), Self.atftp([("blksize", "64"), ("windowsize", "16")]),
            ] {
                guard let program = Self.program(client.program) else { continue }
                let got = local.path.appending(client.program)
                try await TestProgram.run(program, client.get("127.0.0.1", port, "large", got.string))
                #expect(ScratchFolder.read(got) == content, "\(client.testDescription)")
            }
        }
    }

    @Test func manyAtOnce() async throws {
        guard let curl = Self.program("curl") else { return Self.skip("curl") }
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        let content = Self.bytes(700_000)
        try served.write(content, "image")
        let configuration = TFTPServer.Configuration(
            addresses: ["127.0.0.1"], port: 0, transferLimitPerClient: 64, requestsPerSecond: 1_000)
        try await withTFTPServer(try Self.folder(served), configuration) { server in
            let port = server.port
            try await withThrowingTaskGroup { group in
                for number in 0..<24 {
                    let got = local.path.appending("got-\(number)")
                    group.addTask {
                        try await TestProgram.run(
                            curl, ["-s", "--max-time", "60", "-o", got.string, "tftp://127.0.0.1:\(port)/image"])
                    }
                }
                try await group.waitForAll()
            }
        }
        for number in 0..<24 { #expect(ScratchFolder.read(local.path.appending("got-\(number)")) == content) }
    }

    /// After a write the server waits a while in case the client missed its last acknowledgement.
    @Test func whatIsDoneKeepsNobodyOut() async throws {
        guard let curl = Self.program("curl") else { return Self.skip("curl") }
        let served = try ScratchFolder("tftp-served")
        let local = try ScratchFolder("tftp-local")
        let content = Self.bytes(3_000)
        try local.write(content, "dump")
        let configuration = TFTPServer.Configuration(
            addresses: ["127.0.0.1"], port: 0, patience: TFTPPatience(first: .seconds(30)), transferLimit: 3,
            transferLimitPerClient: 2, requestsPerSecond: 1_000)
        let clock = ContinuousClock()
        let start = clock.now
        try await withTFTPServer(try Self.folder(served), configuration) { server in
            for number in 0..<10 {
                let succeeded = try await TestProgram.run(
                    curl,
                    [
                        "-s", "--max-time", "20", "-T", local.path.appending("dump").string,
                        "tftp://127.0.0.1:\(server.port)/dump-\(number)",
                    ])
                #expect(succeeded, "write \(number)")
            }
        }
        for number in 0..<10 { #expect(ScratchFolder.read(served.path.appending("dump-\(number)")) == content) }
        // Finished transfers did not block new ones, which would take a minute.
        #expect(clock.now - start < .seconds(50))
    }
}
