import BoardChannels
import FlashModel
import Synchronization
import TestBoards
import TestSupport
import Testing

@testable import HTTPFlash

@Suite("Requests to a web server")
struct WebClientTests {
    private typealias Reply = TestWebServer.Reply

    private func error(
        _ code: FlashkeepError.Code, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async -> FlashkeepError? {
        do {
            try await body()
            Issue.record("there is no error", sourceLocation: sourceLocation)
        } catch let error as FlashkeepError {
            #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
            for text in [error.what, error.why, error.next] {
                #expect(!text.isEmpty && !text.contains("\n"), "\(error)", sourceLocation: sourceLocation)
            }
            return error
        } catch {
            Issue.record("another error: \(error)", sourceLocation: sourceLocation)
        }
        return nil
    }

    // MARK: Redirects

    @Test("Redirects on the same server are followed", arguments: [301, 302, 303, 307, 308])
    func redirects(_ status: Int) async throws {
        try await withServer { request in
            switch request.target {
            case "/a": .redirect(status, to: "/b/c")
            case "/b/c": .redirect(status, to: "../d?x=1")
            case "/d?x=1": .page("<html>here</html>")
            default: .status(404)
            }
        } _: { server in
            let text = try await WebClient.quick().text(.page(try server.address("/a")))
            #expect(text.address.url == server.url("/d?x=1") && text.head.status == 200)
            #expect(String(decoding: text.bytes, as: UTF8.self) == "<html>here</html>")
        }
    }

    @Test(
        "Redirects to elsewhere are not",
        arguments: [
            "http://192.0.2.1/", "//192.0.2.1/", "http://localhost:1/", "https://192.0.2.1/", "http://127.0.0.1:1/",
            "javascript:x", "ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://127.0.0.1.evil.example/",
        ])
    func elsewhere(_ location: String) async throws {
        try await withServer { _ in
            .redirect(302, to: location)
        } _: { server in
            let found = await error(.replyNotUnderstood) {
                _ = try await WebClient.quick().text(.page(try server.address("/")))
            }
            #expect(found?.why.contains("not the same host") == true)
            #expect(server.requests.count == 1)
        }
    }

    @Test("Redirects without end")
    func circle() async throws {
        try await withServer {
            .redirect(302, to: $0.target + "x")
        } _: { server in
            _ = await error(.replyNotUnderstood) {
                _ = try await WebClient.quick().text(.page(try server.address("/")))
            }
            #expect(server.requests.count == 6)
        }
    }

    @Test("Only HTTP and HTTPS of the same host")
    func mayRedirect() throws {
        let address = try #require(WebAddress("http://Router:80/a"))
        func may(_ text: String) throws -> Bool { address.mayRedirect(to: try #require(WebAddress(text))) }
        #expect(try may("http://router/b") && may("https://router/") && may("https://ROUTER:8443/x"))
        #expect(try !may("http://router:81/") && !may("http://other/") && !may("https://u@router/"))
        let secure = try #require(WebAddress("https://router/"))
        #expect(!secure.mayRedirect(to: address))
    }

    // MARK: Login

    @Test("A user and a password are sent only when asked for, and not over a redirect")
    func login() async throws {
        try await withServer { request in
            guard request.headers["authorization"] == "Basic cm9vdDpzZWNyZXQgd29yZA==" else {
                var reply = Reply.status(401)
                reply.headers.append(("WWW-Authenticate", "Basic realm=\"x\""))
                return reply
            }
            return request.target == "/away" ? .redirect(302, to: "/") : .page("<html>in</html>")
        } _: { server in
            let client = WebClient.quick {
                $0.credentials = WebCredentials(user: "root", password: { "secret word" })
            }
            let text = try await client.text(.page(try server.address("/")))
            #expect(text.head.status == 200)
            #expect(server.requests.first?.headers["authorization"] == nil)
            let redirect = await error(.replyNotUnderstood) {
                _ = try await client.text(.page(try server.address("/away")))
            }
            #expect(redirect?.why.contains("never sent over a redirect") == true)
            _ = await error(.authenticationFailed) {
                let wrong = WebClient.quick { $0.credentials = WebCredentials(user: "root", password: { "x" }) }
                _ = try await wrong.text(.page(try server.address("/")))
            }
            _ = await error(.passwordNeeded) {
                let nobody = WebClient.quick { $0.credentials = WebCredentials(user: "root") }
                _ = try await nobody.text(.page(try server.address("/")))
            }
            _ = await error(.passwordNeeded) { _ = try await WebClient.quick().text(.page(try server.address("/"))) }
            // Where a key is expected, it goes over TLS alone. Nobody is even asked for it.
            let before = server.requests.count
            _ = await error(.hostKeyUnknown) {
                let pinned = WebClient.quick {
                    $0.credentials = WebCredentials(
                        user: "root",
                        password: {
                            Issue.record("asked"); return "secret word"
                        })
                    $0.serverKey = "sha256//" + String(repeating: "A", count: 43) + "="
                }
                _ = try await pinned.text(.page(try server.address("/")))
            }
            #expect(server.requests.dropFirst(before).map { $0.headers["authorization"] } == [nil])
        }
    }

    @Test("A page that repeats a secret all over takes no time to blank", .timeLimit(.minutes(1)))
    func blanked() {
        let transcript = WebTranscript(TranscriptLog(), clock: { .zero })
        transcript.hide("0123456789abcdef0123456789abcdef")
        transcript.hide("abc")
        let page = Array(String(repeating: "0123456789abcdef0123456789abcdef abc ", count: 110_000).utf8)
        let blanked = transcript.blanked(page)
        #expect(blanked == Array(String(repeating: "*** abc ", count: 110_000).utf8))
    }

    // MARK: Replies that are none

    @Test("What is not HTTP, or breaks off", .timeLimit(.minutes(1)))
    func nonsense() async throws {
        let replies: [(String, FlashkeepError.Code)] = [
            ("", .boardLost), ("SSH-2.0-dropbear\r\n", .replyNotUnderstood), ("<html>old</html>", .replyNotUnderstood),
            ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", .boardLost),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", .boardLost),
            ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nshort", .replyNotUnderstood),
            ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "y", count: 90_000) + "\r\n\r\n", .replyNotUnderstood),
            (
                "HTTP/1.1 200 OK\r\n"
                    + String(repeating: "X: " + String(repeating: "y", count: 900) + "\r\n", count: 90)
                    + "\r\n", .replyNotUnderstood
            ),
        ]
        for (raw, code) in replies {
            try await withServer { _ in
                var reply = Reply()
                reply.raw = Array(raw.utf8)
                return reply
            } _: { server in
                let found = await error(code) { _ = try await WebClient.quick().text(.page(try server.address("/"))) }
                #expect(found != nil, "\(raw.prefix(60))")
            }
        }
    }

    @Test("What a failure of the library is called")
    func failures() throws {
        let address = try #require(WebAddress("https://192.168.1.1/"))
        for (code, words, expected) in [
            (1, "Received HTTP/0.9 when not allowed", .replyNotUnderstood),
            (8, "Weird server reply", .replyNotUnderstood),
            (-2, "Failed writing header", .replyNotUnderstood),
            (100, "Too large response headers", .replyNotUnderstood),
            (1, "Protocol \"https\" not supported or disabled in libcurl", .programMissing),
            (27, "Out of memory", .internalFault), (48, "An unknown option was passed in to libcurl", .internalFault),
            (6, "Could not resolve host", .hostNotFound), (52, "", .boardLost),
        ] as [(CInt, String, FlashkeepError.Code)] {
            let error = WebFailure.error(code, words: words, isRefused: false, address)
            #expect(error.code == expected, "\(code): \(error)")
            // What is not HTTP must not be blamed on the server.
            #expect(error.what.contains("is not HTTP") == (expected == .replyNotUnderstood), "\(error)")
        }
    }

    @Test("A page without end, one that is too long, and a server that falls silent", .timeLimit(.minutes(1)))
    func endless() async throws {
        let text = Array(String(repeating: "<a href=x>", count: 1_000).utf8)
        for isEndless in [true, false] {
            try await withServer { _ in
                var reply = Reply(body: isEndless ? text : text + text)
                reply.isEndless = isEndless
                return reply
            } _: { server in
                let found = await error(.replyNotUnderstood) {
                    let client = WebClient.quick { $0.limits.textBytes = 15_000 }
                    _ = try await client.text(.page(try server.address("/")))
                }
                #expect(found?.what.contains("too long") == true)
            }
        }
        try await withServer { _ in
            var reply = Reply.ok(text)
            reply.stallAt = 100
            return reply
        } _: { server in
            _ = await error(.noReplyInTime) { _ = try await WebClient.quick().text(.page(try server.address("/"))) }
        }
    }

    @Test("Nobody there, and nobody of that name")
    func nobody() async throws {
        let server = try TestWebServer { _ in .status(404) }
        let address = try server.address("/")
        server.stop()
        _ = await error(.connectionRefused) { _ = try await WebClient.quick().text(.page(address)) }
        _ = await error(.hostNotFound) {
            let nobody = try #require(WebAddress("http://no-such-host.invalid/"))
            _ = try await WebClient.quick().text(.page(nobody))
        }
    }

    @Test("A packed page is unpacked")
    func packed() async throws {
        // gzip of "<html>packed</html>", made by Python.
        let bytes: [UInt8] = [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xFF, 0xB3, 0xC9, 0x28, 0xC9, 0xCD, 0xB1, 0x2B, 0x48,
            0x4C, 0xCE, 0x4E, 0x4D, 0xB1, 0xD1, 0x07, 0x73, 0x00, 0x1D, 0x02, 0xCB, 0x88, 0x13, 0x00, 0x00, 0x00,
        ]
        try await withServer { _ in
            var reply = Reply.ok(bytes, type: "text/html")
            reply.headers.append(("Content-Encoding", "gzip"))
            return reply
        } _: { server in
            let text = try await WebClient.quick().text(.page(try server.address("/")))
            #expect(String(decoding: text.bytes, as: UTF8.self) == "<html>packed</html>")
        }
    }

    @Test("A cancelled transfer ends", .timeLimit(.minutes(1)))
    func cancelled() async throws {
        try await withServer { _ in
            var reply = Reply.ok([1, 2, 3])
            reply.stallAt = 1
            return reply
        } _: { server in
            let address = try server.address("/")
            let task = Task {
                _ = try await WebClient.quick { $0.limits.stall = .seconds(50) }.text(.page(address))
            }
            try await Task.sleep(for: .milliseconds(300))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test("The words of a page are not said twice")
    func words() {
        for (page, words) in [
            // busybox `networking/httpd.c`, send_headers.
            (
                "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\nThe requested URL was not "
                    + "found\n</BODY></HTML>\n", "404 Not Found The requested URL was not found"
            ),
            (
                "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center>",
                "404 Not Found"
            ),
            // uhttpd `file.c`.
            (
                "<h1>Not Found</h1>The requested URL /x was not found on this server.",
                "Not Found The requested URL /x was not found on this server."
            ),
            ("", ""), ("one", "one"), ("no no", "no"), ("a b a c", "a b a c"),
        ] { #expect(WebText.words(Array(page.utf8)) == words) }
    }

    // MARK: Addresses

    @Test("Addresses with odd characters")
    func addresses() throws {
        let base = try #require(WebAddress("http://192.168.1.1/a b/?q#f"))
        #expect(base.path == "/a%20b/" && base.query == "q" && base.port == 80)
        #expect(WebAddress("\u{1}\u{7F}é|", relativeTo: base)?.path == "/a%20b/%01%7F%C3%A9%7C")
        #expect(WebAddress("http://[::1]:8080/x")?.host == "[::1]" && WebAddress("http://[::1]:8080/x")?.port == 8080)
        for text in ["", "http://", "gopher://x/", "192.168.1.1", "http://a b/", "http://x:0/", "http://x:70000/"] {
            #expect(WebAddress(text) == nil, "\(text)")
        }
        #expect(WebAddress(String(repeating: "a", count: 10_000), relativeTo: base) == nil)
        #expect(PercentEncoding.decoded("%41%zz%4".utf8) == Array("A%zz%4".utf8))
        #expect(PercentEncoding.encoded("a b&=/ü") == "a%20b%26%3D%2F%C3%BC")
    }
}
