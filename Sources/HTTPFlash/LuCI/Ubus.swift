#if canImport(FoundationEssentials)
    private import FoundationEssentials
#else
    private import Foundation
#endif

/// The calls of ubus that LuCI's own pages make, as JSON-RPC over HTTP (uhttpd `ubus.c`). All of them only read.
enum UbusCall {
    /// Logging in, with the session of somebody who has not.
    case login(user: String, password: String)
    /// The table of MTD devices.
    case readTable(session: String)
    /// What the board is (OpenWrt procd `system.c`, system_board).
    case board(session: String)

    private static let nobody = String(repeating: "0", count: 32)

    /// The request's body.
    var json: [UInt8] {
        let (session, object, method, arguments): (String, String, String, [String: String]) =
            switch self {
            case .login(let user, let password):
                (Self.nobody, "session", "login", ["username": user, "password": password])
            case .readTable(let session): (session, "file", "read", ["path": "/proc/mtd"])
            case .board(let session): (session, "system", "board", [:])
            }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try? encoder.encode(Envelope(session: session, object: object, method: method, arguments: arguments))
        return data.map { Array($0) } ?? []
    }

    private struct Envelope: Encodable {
        var session, object, method: String
        var arguments: [String: String]

        private enum Key: String, CodingKey { case jsonrpc, id, method, params }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode("2.0", forKey: .jsonrpc)
            try container.encode(1, forKey: .id)
            try container.encode("call", forKey: .method)
            var parameters = container.nestedUnkeyedContainer(forKey: .params)
            try parameters.encode(session)
            try parameters.encode(object)
            try parameters.encode(method)
            try parameters.encode(arguments)
        }
    }
}

/// A reply of ubus.
struct UbusReply<Value: Decodable & Sendable>: Decodable, Sendable {
    /// The status (libubus `ubusmsg.h`, enum ubus_msg_status): 0 is success, 6 permission denied; nil if there is none.
    var status: Int?
    var value: Value?
    /// The code and the words of a JSON-RPC error; -32002 is a session without the right.
    var error: Failure?

    struct Failure: Decodable, Sendable {
        var code: Int
        var message: String?
    }

    private enum Key: String, CodingKey { case result, error }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        error = try container.decodeIfPresent(Failure.self, forKey: .error)
        guard container.contains(.result) else { return }
        var list = try container.nestedUnkeyedContainer(forKey: .result)
        status = try list.decode(Int.self)
        if !list.isAtEnd { value = try list.decode(Value.self) }
    }

    /// nil if the bytes are not such a reply.
    init?(_ bytes: [UInt8]) {
        guard let reply = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = reply
    }

    /// Why there is no value, for people: a clause.
    var failure: String {
        if let error { return "the error \(error.code)" + (error.message.map { ", \"\($0)\"" } ?? "") }
        switch status {
        case 6?: return "permission denied"
        case let status?: return "the status \(status)"
        case nil: return "no result"
        }
    }
}

/// What a login returns.
struct UbusSession: Decodable, Sendable {
    /// 32 hexadecimal digits.
    var id: String

    private enum CodingKeys: String, CodingKey { case id = "ubus_rpc_session" }

    /// Whether the id has its form.
    var isPlain: Bool {
        id.utf8.count == 32
            && id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// The contents of a file.
struct UbusFile: Decodable, Sendable {
    var data: String
}

/// What the board says that it is.
struct UbusBoard: Decodable, Sendable {
    struct Release: Decodable, Sendable {
        var description: String?
    }

    var kernel: String?
    var hostname: String?
    var system: String?
    var model: String?
    var board: String?
    var release: Release?

    private enum CodingKeys: String, CodingKey {
        case kernel, hostname, system, model, release
        case board = "board_name"
    }
}
