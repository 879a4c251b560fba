import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing
import Transfers

@Suite("The FTP server for uploads", .serialized, .timeLimit(.minutes(2))) struct FTPServerTests {
    private static let size = 3_000_001
    private static let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }

    private static func upload(
        _ name: String, _ program: String, _ arguments: (_ port: Int, _ file: String) -> [String]
    ) async throws -> (status: Int32, bytes: [UInt8]?) {
        let local = try ScratchFolder("ftp-local")
        try local.write(content, "file")
        let sink = TFTPMemorySink(limit: size)
        let catalog = TFTPCatalog()
        catalog.expect("expected", limit: size) { _, client in
            guard client == "127.0.0.1" else { throw TFTPError(.accessViolation, "Not you.") }
            return sink
        }
        return try await withFTPServer(catalog, host: "127.0.0.1") { port in
            let words = arguments(port, local.path.appending("file").string)
            let status = try await Self.onThread { try Python.run(program, words) }
            return (status, sink.bytes)
        }
    }

    @Test(
        "Clients upload, by either passive mode",
        arguments: [["--disable-epsv"], ["--ftp-pasv"], ["--disable-epsv", "--ftp-skip-pasv-ip"]])
    func curl(_ options: [String]) async throws {
        let result = try await Self.upload("expected", "/usr/bin/curl") { port, file in
            ["-s", "--max-time", "60"] + options + ["-T", file, "ftp://127.0.0.1:\(port)/expected"]
        }
        #expect(result.status == 0 && result.bytes == Self.content)
    }

    @Test func busybox() async throws {
        let result = try await Self.upload("expected", "/bin/busybox") { port, file in
            ["ftpput", "-u", "a", "-p", "b", "-P", "\(port)", "127.0.0.1", "expected", file]
        }
        #expect(result.status == 0 && result.bytes == Self.content)
    }

    @Test("A name that is not expected is refused")
    func refused() async throws {
        let result = try await Self.upload("other", "/usr/bin/curl") { port, file in
            ["-s", "--max-time", "60", "-T", file, "ftp://127.0.0.1:\(port)/other"]
        }
        #expect(result.status != 0 && result.bytes == nil)
    }

    /// Runs work that blocks on a thread of its own: Swift's must not.
    private static func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
        }
    }

    /// A connection that sends text, and waits until the server closes it or has said something often enough.
    private static func talk(_ port: Int, _ text: String, lines: Int) -> String {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(handle) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return "" }
        var wait = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let bytes = Array(text.utf8)
        _ = send(handle, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var said: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while said.count(where: { $0 == 0x0A }) < lines {
            let count = recv(handle, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            said += buffer.prefix(count)
        }
        return String(decoding: said, as: UTF8.self)
    }

    @Test("Anything but an upload is refused, and nothing ends the server")
    func hostile() async throws {
        try await withFTPServer(TFTPCatalog(), host: "127.0.0.1") { port in
            let replies: [(String, String)] = [
                ("STOR x\r\n", "425"), ("RETR x\r\n", "502"), ("PORT 1,2,3,4,5,6\r\n", "502"), ("DELE x\r\n", "502"),
                ("\r\n", "502"), ("TYPE A\r\n", "504"), ("PASV\r\nSTOR x\r\n", "227"), ("stor\r\n", "502"),
                ("\0\u{1}\u{7F}\r\n", "502"),
            ]
            for (text, code) in replies {
                let said = try await Self.onThread { Self.talk(port, text, lines: 2) }
                #expect(said.split(separator: "\r\n").dropFirst().first?.hasPrefix(code) == true, "\(text) \(said)")
            }
            let long = try await Self.onThread { Self.talk(port, String(repeating: "x", count: 5_000), lines: 9) }
            #expect(long.hasPrefix("220") && long.split(separator: "\r\n").count == 1)
            // More clients at a time than there are places for.
            let greetings = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await Self.onThread { Self.talk(port, "", lines: 2) } } }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(greetings.contains { $0.hasPrefix("220") })
        }
    }
}
