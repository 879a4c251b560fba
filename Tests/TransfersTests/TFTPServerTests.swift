import FlashModel
import Foundation
import NIOCore
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transfers

/// The server over real loopback sockets, with third-party clients.
@Suite(.timeLimit(.minutes(2))) struct TFTPServerTests {
    final class Events: Sendable {
        private let all = Mutex<[TFTPEvent]>([])

        func add(_ event: TFTPEvent) { all.withLock { $0.append(event) } }

        var kinds: [TFTPEvent.Kind] { all.withLock { $0.map(\.kind) } }

        /// Waits for a matching event, 20 s at most.
        func wait(for matches: (TFTPEvent.Kind) -> Bool) async throws -> Bool {
            for _ in 0..<400 {
                if kinds.contains(where: matches) { return true }
                try await Task.sleep(for: .milliseconds(50))
            }
            return false
        }
    }

    private static let counter = Atomic<Int>(0)

    static func folder(_ scratch: ScratchFolder, isWritable: Bool = true) throws -> TFTPFolder {
        try TFTPFolder(scratch.path, isWritable: isWritable) {
            "n\(counter.add(1, ordering: .relaxed).newValue)"
        }
    }

    static func bytes(_ count: Int) -> [UInt8] { SplitMix64.bytes(count, seed: 5) }

    private static let patience = TFTPPatience(first: .milliseconds(500), longest: .seconds(1), repetitions: 4)

    func serving<Result: Sendable>(
        _ content: any TFTPContent, _ events: Events = Events(), address: String = "127.0.0.1",
        transfers: Int = 64, body: (Int) async throws -> Result
    ) async throws -> Result {
        let configuration = TFTPServer.Configuration(
            addresses: [address], port: 0, patience: Self.patience, transferLimit: transfers, requestsPerSecond: 1_000)
        return try await withTFTPServer(content, configuration, observer: { events.add($0) }) {
            try await body($0.port)
        }
    }

    // MARK: Programs of this computer

    static func program(_ name: String) -> FilePath? {
        ["/usr/bin/", "/usr/local/bin/", "/bin/"].map { FilePath($0 + name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.string) }
    }

    static func skip(_ program: String) {
        print("Skipped: \(program) is not installed; Scripts/setup test installs it.")
    }

    // MARK: Streams

    /// Bytes generated while they are read, of a size that is not known in advance.
    private struct Stream: TFTPContent {
        struct NoWriting: Error {}

        actor Source: TFTPSource {
            nonisolated let size: Int? = nil
            private var left: ArraySlice<UInt8>

            init(_ bytes: [UInt8]) {
                left = bytes[...]
            }

            func read(_ count: Int) async throws -> [UInt8] {
                let piece = left.prefix(min(count, 777))
                left = left.dropFirst(piece.count)
                return Array(piece)
            }

            func close() async {}
        }

        var bytes: [UInt8]

        func open(reading name: String, client: String) async throws -> any TFTPSource { Source(bytes) }

        func open(writing name: String, size: Int?, client: String) async throws -> any TFTPSink { throw NoWriting() }
    }

    @Test func streamsAreServedToo() async throws {
        guard let curl = Self.program("curl") else { return Self.skip("curl") }
        let local = try ScratchFolder("tftp-local")
        let content = Self.bytes(100_000)
        try await serving(Stream(bytes: content)) { port in
            let got = local.path.appending("got").string
            try await TestProgram.run(curl, ["-s", "--max-time", "60", "-o", got, "tftp://127.0.0.1:\(port)/any"])
            #expect(ScratchFolder.read(FilePath(got)) == content)
            let client = try await Socket()
            try await client.send(.write(.init(name: "file")), to: try address(port))
            #expect(try await client.error() == .undefined)
            try await client.channel.close()
        }
    }

    // MARK: Ports

    @Test func aPortThatIsTakenIsNamed() async throws {
        let served = try ScratchFolder("tftp-served")
        let folder = try Self.folder(served)
        try await serving(folder) { port in
            do {
                let configuration = TFTPServer.Configuration(addresses: ["127.0.0.1"], port: port)
                try await withTFTPServer(folder, configuration) { _ in }
                Issue.record("Two servers have one port.")
            } catch let error as FlashkeepError {
                #expect(error.code == .portUnavailable)
                #expect(error.next.contains("ss -lunp") && error.what.contains("\(port)"))
            }
        }
        let rights = TFTPPortErrors.error(
            IOError(errnoCode: EACCES, reason: "bind"), address: "0.0.0.0", port: 69, program: "/opt/flashkeep")
        #expect(rights.next.contains("sudo setcap cap_net_bind_service=+ep /opt/flashkeep"))
        #expect(rights.next.contains("--dport 69 -j REDIRECT"))
    }

    @Test func addressesAreChecked() async throws {
        let folder = try Self.folder(try ScratchFolder("tftp-served"))
        for (address, code) in [
            ("nowhere", FlashkeepError.Code.addressNotUnderstood), ("192.0.2.77", .portUnavailable),
        ] {
            do {
                try await withTFTPServer(folder, .init(addresses: [address], port: 0)) { _ in }
                Issue.record("\(address)")
            } catch let error as FlashkeepError {
                #expect(error.code == code)
            }
        }
    }

    @Test func bothFamiliesShareAPort() async throws {
        guard let curl = Self.program("curl") else { return Self.skip("curl") }
        let served = try ScratchFolder("tftp-served")
        try served.write("here", "file")
        let local = try ScratchFolder("tftp-local")
        try await withTFTPServer(try Self.folder(served), .init(port: 0)) { server in
            let port = server.port
            #expect(server.addresses == ["0.0.0.0", "::"])
            for (number, host) in ["127.0.0.1", "[::1]"].enumerated() {
                let got = local.path.appending("got-\(number)").string
                try await TestProgram.run(curl, ["-s", "--max-time", "20", "-o", got, "tftp://\(host):\(port)/file"])
                #expect(ScratchFolder.read(FilePath(got)) == Array("here".utf8), "\(host)")
            }
        }
    }
}
