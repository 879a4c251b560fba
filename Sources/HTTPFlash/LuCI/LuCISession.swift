internal import FlashAccess
internal import FlashModel
private import Synchronization

/// A login at LuCI, renewed when the board no longer knows it (after five idle minutes, or a restart).
final class LuCISession: Sendable {
    /// What the board gave for the password.
    struct Ticket: Sendable, Equatable {
        /// The session of ubus, or the cookie of LuCI in Lua: `sysauth=…`.
        var secret: String
        /// The path of LuCI in Lua, without a slash at its end: `/cgi-bin/luci`, or with `;stok=…` behind it.
        var path: String
        /// The value that LuCI in Lua wants back in every form; empty for ubus.
        var token = ""
    }

    private let current: Mutex<Ticket>
    private let login: @Sendable () async throws -> Ticket

    init(_ ticket: Ticket, login: @escaping @Sendable () async throws -> Ticket) {
        current = Mutex(ticket)
        self.login = login
    }

    var ticket: Ticket { current.withLock { $0 } }

    /// Logs in again, unless that was done since a ticket was used.
    func renew(after used: Ticket) async throws {
        guard ticket == used else { return }
        let new = try await login()
        current.withLock { $0 = new }
    }
}

/// Which LuCI answers, and how to log in there.
struct LuCILogin: Sendable {
    let client: WebClient
    /// Of the web server, with the path `/`.
    let server: WebAddress
    let user: String
    let password: String

    /// Finds out where the web server is, and asks for the password. Sends no secret.
    ///
    /// - Throws: ``FlashkeepError`` of the connection; `passwordNeeded`; `hostKeyUnknown` if a key was given and there is no
    ///   TLS.
    static func prepare(_ client: WebClient, _ address: WebAddress) async throws -> LuCILogin {
        // A board may answer at port 80 only to redirect to HTTPS: the password must not go there.
        let page = try await client.text(.page(address))
        guard let server = WebAddress("/", relativeTo: page.address) else { throw notLuCI(page) }
        // Before anybody is asked for the password.
        try client.checkSecrecy(of: server)
        let user = client.settings.credentials.user ?? "root"
        guard let password = try await client.settings.credentials.password() else {
            throw FlashkeepError(
                .passwordNeeded,
                what: "LuCI on \(WebFailure.name(of: server)) needs the password of \(PrintableText.escaped(user)).",
                why: "No password was given, and nobody can be asked.",
                next: "Put it into FLASHKEEP_PASSWORD or a file for --password-file; an empty one is possible.")
        }
        client.transcript.hide(password)
        return LuCILogin(client: client, server: server, user: user, password: password)
    }

    func address(_ path: String) throws -> WebAddress {
        guard let address = WebAddress(path, relativeTo: server) else {
            throw FlashkeepError(
                .replyNotUnderstood, what: "LuCI on \(WebFailure.name(of: server)) has an odd address.",
                why: "\"\(PrintableText.escaped(path, limit: 80))\" is no path.", next: "Read the board over SSH.")
        }
        return address
    }

    // MARK: ubus

    /// Logs in by ubus.
    ///
    /// - Returns: nil if the server has no ubus.
    /// - Throws: `authenticationFailed` and others.
    func ubus() async throws -> LuCISession.Ticket? {
        let text = try await client.text(
            .ubus(try address("/ubus"), UbusCall.login(user: user, password: password).json, isLogin: true))
        if let location = text.head.value("location"), (300..<400).contains(text.head.status) {
            throw redirected(location)
        }
        guard text.head.status == 200, let reply = UbusReply<UbusSession>(text.bytes) else { return nil }
        if let session = reply.value, session.isPlain, reply.status == 0 {
            client.transcript.hide(session.id)
            return LuCISession.Ticket(secret: session.id, path: "")
        }
        guard reply.status == 6 || reply.error?.code == -32_002 else {
            throw FlashkeepError(
                .replyNotUnderstood, what: "LuCI on \(WebFailure.name(of: server)) does not let us in.",
                why: "To the login, ubus replies \(PrintableText.escaped(reply.failure)).",
                next: "Check with a browser that its login works, or read the board over SSH.")
        }
        throw wrongPassword
    }

    // MARK: Lua

    /// Logs in by the form of LuCI in Lua.
    ///
    /// - Returns: nil if there is no LuCI either.
    /// - Throws: `authenticationFailed` and others.
    func lua() async throws -> LuCISession.Ticket? {
        let text = try await client.text(.login(try address("/cgi-bin/luci/"), user: user, password: password))
        guard text.head.status != 404, text.head.status != 405, text.head.status < 500 else { return nil }
        let cookie = ["sysauth", "sysauth_https", "sysauth_http"].lazy.compactMap { name in
            text.head.cookie(name).map { (name, $0) }
        }.first
        guard let (name, value) = cookie else {
            let hasForm = text.bytes.firstRange(of: Array("luci_password".utf8)) != nil
            guard hasForm || text.head.status == 403 else { return nil }
            throw wrongPassword
        }
        client.transcript.hide(value)
        var path = "/cgi-bin/luci"
        if let location = text.head.value("location") {
            guard let target = WebAddress(location.string(limit: 2_000), relativeTo: text.address),
                target.isSameServer(as: server)
            else { throw redirected(location) }
            // Old ones have a second secret in the path.
            if let stok = target.path.split(separator: "/").first(where: { $0.hasPrefix(";stok=") }),
                stok.utf8.count <= 80
            {
                path += "/" + stok
                client.transcript.hide(String(stok))
            }
        }
        return LuCISession.Ticket(secret: "\(name)=\(value)", path: path)
    }

    // MARK: Errors

    private var wrongPassword: FlashkeepError {
        FlashkeepError(
            .authenticationFailed,
            what: "LuCI on \(WebFailure.name(of: server)) refuses the password of \(PrintableText.escaped(user)).",
            why: "The user or the password is wrong.", next: "Check both; the user is written luci://USER@HOST.")
    }

    private func redirected(_ location: ByteText) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "LuCI on \(WebFailure.name(of: server)) sends the login elsewhere.",
            why:
                "It redirects to \"\(PrintableText.escaped(location.string(limit: 200), limit: 120))\", and a password is "
                + "never sent over a redirect.", next: "Give that address, with luci+https:// if it begins with https.")
    }

    private static func notLuCI(_ page: WebText) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "\(WebFailure.name(of: page.address)) has no LuCI.",
            why: "Its first page has an odd address.", next: "Check the address with a browser.")
    }
}
