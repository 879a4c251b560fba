import BoardChannels
import FlashModel
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import HTTPFlash

/// A server with a certificate that it signed itself, as routers have.
@Suite("Certificates that nobody vouches for", .timeLimit(.minutes(1)))
struct ServerCertificateTests {
    @Test("The key of a certificate, as OpenSSL computes it")
    func key() throws {
        let pem = String(decoding: try Fixture.bytes("server.pem"), as: UTF8.self)
        let expected = String(decoding: try Fixture.bytes("server-key-sha256.txt"), as: UTF8.self)
        #expect(
            ServerCertificate.key(pem: pem) == "sha256//" + expected.trimmingCharacters(in: .whitespacesAndNewlines))
        for junk in ["", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", pem.replacing("M", with: "!")] {
            #expect(ServerCertificate.key(pem: junk) == nil)
        }
        // Cut at every line.
        let lines = pem.split(separator: "\n")
        for count in 1..<lines.count - 1 {
            let cut = (lines[..<count] + ["-----END CERTIFICATE-----"]).joined(separator: "\n")
            #expect(ServerCertificate.key(pem: cut) == nil)
        }
    }

    @Test("It is refused, with the option that allows it; with that option it is read, and no other key is")
    func server() async throws {
        let server = try TLSServer()
        defer { server.stop() }
        let address = try #require(WebAddress("https://127.0.0.1:\(server.port)/"))
        let refused = await #expect(throws: FlashkeepError.self) {
            _ = try await WebClient.quick().text(.page(address))
        }
        let expected = server.key
        #expect(refused?.code == .hostKeyUnknown)
        #expect(refused?.next.hasSuffix("--https-key sha256//\(expected)") == true, "\(String(describing: refused))")
        let text = try await WebClient.quick { $0.serverKey = "sha256//\(expected)" }.text(.page(address))
        #expect(String(decoding: text.bytes, as: UTF8.self) == "hello")
        let other = await #expect(throws: FlashkeepError.self) {
            let client = WebClient.quick { $0.serverKey = "sha256//" + String(repeating: "A", count: 43) + "=" }
            _ = try await client.text(.page(address))
        }
        #expect(other?.code == .hostKeyChanged)
    }
}

/// Python's TLS server, which answers each request with `hello`.
private final class TLSServer {
    let port: Int
    private let process = Process()

    private static let script = """
        import http.server, ssl, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200); self.send_header("Content-Length", "5"); self.end_headers()
                self.wfile.write(b"hello")
            def log_message(self, *words): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """

    /// Of its public key, as OpenSSL computes it.
    let key: String
    private let folder: ScratchFolder

    /// Makes a key and a certificate.
    private static let making = """
        set -e
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out pem -days 2 \\
            -subj /CN=test -addext subjectAltName=IP:127.0.0.1 2>/dev/null
        openssl x509 -in pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64 >sum
        """

    init() throws {
        folder = try ScratchFolder("tls")
        let path = folder.path
        try #require(try Python.run("/bin/sh", ["-c", "cd \(path.string)\n" + Self.making]) == 0, "openssl is missing")
        key = String(decoding: ScratchFolder.read(path.appending("sum")), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", Self.script, path.appending("pem").string, path.appending("key").string,
        ]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    func stop() {
        // Swift's threads block other signals, and the process has inherited that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
