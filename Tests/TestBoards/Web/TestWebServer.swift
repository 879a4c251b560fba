import Foundation
import Synchronization

/// A web server in the process, on a free port of 127.0.0.1, with every fault that a connection can have.
///
/// It knows nothing: a handler answers each request, and what it does not know it must refuse by itself. Each connection
/// has one request.
package final class TestWebServer: Sendable {
    package struct Request: Sendable {
        package var method: String
        /// The path and the query, as sent.
        package var target: String
        /// By name, in lower case.
        package var headers: [String: String]
        package var body: [UInt8]

        /// The fields of a form, decoded; of either type.
        package var form: [String: String] {
            let type = headers["content-type"] ?? ""
            let text = String(decoding: body, as: UTF8.self)
            guard let boundary = type.split(separator: "boundary=").dropFirst().first else {
                let pairs = text.split(separator: "&").map { pair -> (String, String) in
                    let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                        .map { String($0).replacing("+", with: " ").removingPercentEncoding ?? "" }
                    return (parts.first ?? "", parts.dropFirst().first ?? "")
                }
                return Dictionary(pairs) { first, _ in first }
            }
            var fields: [String: String] = [:]
            for part in text.components(separatedBy: "--\(boundary)") {
                guard let name = part.split(separator: "name=\"").dropFirst().first?.prefix(while: { $0 != "\"" }),
                    let start = part.range(of: "\r\n\r\n")?.upperBound
                else { continue }
                fields[String(name)] = String(part[start...].dropLast(part.hasSuffix("\r\n") ? 1 : 0))
            }
            return fields
        }
    }

    package struct Reply: Sendable {
        package var status = 200
        package var headers: [(String, String)] = []
        package var body: [UInt8] = []
        /// The number in `Content-Length`; nil sends none, so that the end of the connection ends the body.
        package var length: String?
        /// The number of bytes of the body after which the connection is closed, or reset.
        package var cutAt: Int?
        /// The number of bytes of the body after which nothing more comes.
        package var stallAt: Int?
        /// Whether the body is repeated until the client has gone.
        package var isEndless = false
        /// Sent as it is instead of all this.
        package var raw: [UInt8]?

        /// A reply with the length of its body.
        package static func ok(_ body: [UInt8], type: String = "application/octet-stream") -> Reply {
            Reply(headers: [("Content-Type", type)], body: body, length: "\(body.count)")
        }

        package static func page(_ html: String) -> Reply { ok(Array(html.utf8), type: "text/html") }

        package static func status(_ status: Int, _ text: String = "", type: String = "text/plain") -> Reply {
            Reply(
                status: status, headers: [("Content-Type", type)], body: Array(text.utf8),
                length: "\(text.utf8.count)")
        }

        package static func redirect(_ status: Int, to location: String) -> Reply {
            Reply(status: status, headers: [("Location", location)], length: "0")
        }

        package init(
            status: Int = 200, headers: [(String, String)] = [], body: [UInt8] = [], length: String? = nil
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.length = length
        }

        /// The reply to a request for a part, if it asks for one: as servers with ranges do (RFC 9110, section 14).
        package func ranged(_ request: Request) -> Reply {
            guard let text = request.headers["range"], text.hasPrefix("bytes="),
                let start = Int(text.dropFirst(6).prefix { $0 != "-" })
            else { return self }
            guard start < body.count else { return .status(416) }
            var reply = self
            reply.status = 206
            reply.headers.append(("Content-Range", "bytes \(start)-\(body.count - 1)/\(body.count)"))
            reply.body = Array(body[start...])
            reply.length = "\(body.count - start)"
            if let cut = cutAt { reply.cutAt = max(0, cut - start) }
            return reply
        }
    }

    private let listener: LoopbackListener
    private let handler: @Sendable (Request) throws -> Reply
    private let log = Mutex<[Request]>([])

    package init(_ handler: @escaping @Sendable (Request) throws -> Reply) throws {
        listener = try LoopbackListener()
        self.handler = handler
        listener.serve(atOnce: true) { self.serve($0) }
    }

    package var port: Int { listener.port }

    /// The requests so far.
    package var requests: [Request] { log.withLock { $0 } }

    /// `http://127.0.0.1:PORT` with a path.
    package func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    package func stop() { listener.stop() }

    private func serve(_ connection: LoopbackConnection) {
        guard let request = read(connection) else { return }
        log.withLock { $0.append(request) }
        let reply = (try? handler(request)) ?? .status(500, "the test's server does not know this request")
        if let raw = reply.raw {
            _ = connection.send(raw)
        } else if connection.send(head(of: reply)) {
            sendBody(reply, connection)
        }
        // Until the client has taken everything.
        connection.finish()
        connection.drain()
    }

    private func sendBody(_ reply: Reply, _ connection: LoopbackConnection) {
        let end = min(reply.cutAt ?? .max, reply.stallAt ?? .max)
        guard connection.send(Array(reply.body.prefix(end))) else { return }
        // Until the client gives up.
        if reply.stallAt != nil { return connection.drain() }
        while reply.isEndless, connection.send(reply.body) {}
    }

    private func head(of reply: Reply) -> [UInt8] {
        var text = "HTTP/1.1 \(reply.status) Words\r\n"
        for (name, value) in reply.headers { text += "\(name): \(value)\r\n" }
        if let length = reply.length { text += "Content-Length: \(length)\r\n" }
        return Array((text + "Connection: close\r\n\r\n").utf8)
    }

    private func read(_ connection: LoopbackConnection) -> Request? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        var request: Request?
        var missing = 0
        while request == nil || missing > 0 {
            guard let more = connection.bytes() else { return nil }
            bytes += more
            if request == nil, let range = bytes.firstRange(of: end) {
                let lines = String(decoding: bytes[..<range.lowerBound], as: UTF8.self).split(separator: "\r\n")
                let words = lines.first?.split(separator: " ") ?? []
                guard words.count == 3 else { return nil }
                let headers = lines.dropFirst().map { line -> (String, String) in
                    let parts = line.split(separator: ":", maxSplits: 1)
                    return (
                        parts[0].lowercased(), (parts.dropFirst().first ?? "").trimmingCharacters(in: .whitespaces)
                    )
                }
                request = Request(
                    method: String(words[0]), target: String(words[1]),
                    headers: Dictionary(headers) { first, _ in first }, body: [])
                bytes.removeFirst(range.upperBound)
            }
            missing = (request?.headers["content-length"].flatMap { Int($0) } ?? 0) - bytes.count
        }
        request?.body = bytes
        return request
    }
}
