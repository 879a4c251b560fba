import FlashModel
import Foundation
import Synchronization

/// LuCI with ubus and cgi-io: OpenWrt since 19.07. Each behaviour names its evidence; anything else is refused.
package final class SimulatedLuCI: Sendable {
    package struct State: Sendable {
        package var hardware: SimulatedHardware
        package var password = "secret word"
        /// The sessions that the board knows.
        var sessions: [String] = []
        var logins = 0
        /// How many more requests a session is good for; nil for any.
        package var sessionLife: Int?
        /// Whether the user has the rights of LuCI's page for flash (luci-mod-system `luci-mod-system.json`, group
        /// luci-mod-system-flash).
        package var hasRights = true
        /// Offsets at which reading a block device fails, by MTD number (Linux `drivers/mtd/mtdblock.c`: an error of the
        /// driver is one of the block device; cgi-io `main.c`, main_download: sendfile then ends).
        package var readErrors: [Int: Int] = [:]
        /// MTD devices without a block device.
        package var withoutBlockDevice: Set<Int> = []
        /// How many more times the running system writes to a device, each time it was read.
        package var writes: [Int: Int] = [:]
        /// Replies instead of those of `cgi-download`.
        package var download: TestWebServer.Reply?
        /// Where the first page redirects to; nil for LuCI itself.
        package var redirect: String?
    }

    private let state: Mutex<State>

    package init(_ hardware: SimulatedHardware) {
        state = Mutex(State(hardware: hardware))
    }

    package func server() throws -> TestWebServer { try TestWebServer { self.reply($0) } }

    package func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    private func reply(_ request: TestWebServer.Request) -> TestWebServer.Reply {
        state.withLock { state in
            switch (request.method, request.target) {
            case ("GET", "/"):
                if let redirect = state.redirect { return .redirect(302, to: redirect) }
                // OpenWrt's /www/index.html.
                return .page(
                    "<html><head><meta http-equiv=\"refresh\" content=\"0; URL=cgi-bin/luci/\" /></head></html>")
            case ("POST", "/ubus"): return Self.ubus(request, &state)
            case ("POST", "/cgi-bin/cgi-download"): return Self.download(request, &state)
            default: return .status(404, "The requested URL was not found on this server.")
            }
        }
    }

    /// uhttpd `ubus.c`, uh_ubus_request_cb and uh_ubus_send_request; rpcd `session.c`, `file.c`; procd `system.c`.
    private static func ubus(_ request: TestWebServer.Request, _ state: inout State) -> TestWebServer.Reply {
        guard let call = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any],
            call["jsonrpc"] as? String == "2.0", call["method"] as? String == "call", let id = call["id"],
            let params = call["params"] as? [Any], params.count == 4, let session = params[0] as? String,
            let object = params[1] as? String, let method = params[2] as? String,
            let arguments = params[3] as? [String: Any]
        else { return json(["jsonrpc": "2.0", "id": NSNull(), "error": ["code": -32700, "message": "Parse error"]]) }
        func result(_ parts: [Any]) -> TestWebServer.Reply { json(["jsonrpc": "2.0", "id": id, "result": parts]) }
        if object == "session", method == "login", session == String(repeating: "0", count: 32) {
            guard arguments["username"] as? String == "root", arguments["password"] as? String == state.password else {
                // UBUS_STATUS_PERMISSION_DENIED.
                return result([6])
            }
            state.logins += 1
            let new = String(repeating: "0", count: 28) + String(0xA000 + state.logins, radix: 16)
            state.sessions = [new]
            return result([0, ["ubus_rpc_session": new, "timeout": 300, "expires": 299]])
        }
        guard state.sessions.contains(session), use(&state, session) else {
            return json(["jsonrpc": "2.0", "id": id, "error": ["code": -32002, "message": "Access denied"]])
        }
        switch (object, method) {
        case ("file", "read") where arguments["path"] as? String == "/proc/mtd" && state.hasRights:
            return result([0, ["data": SimulatedDumpPage.table(state.hardware)]])
        case ("system", "board"):
            var board: [String: Any] = [
                "kernel": "5.15.134", "system": "made up",
                "release": ["distribution": "OpenWrt", "description": "OpenWrt 23.05.0"],
            ]
            board["model"] = state.hardware.identity.model
            board["hostname"] = state.hardware.identity.hostname
            return result([0, board])
        default: return json(["jsonrpc": "2.0", "id": id, "error": ["code": -32002, "message": "Access denied"]])
        }
    }

    private static func use(_ state: inout State, _ session: String) -> Bool {
        guard let life = state.sessionLife else { return true }
        state.sessionLife = life - 1
        if life <= 0 {
            state.sessions = []
            state.sessionLife = nil
        }
        return life > 0
    }

    private static func json(_ value: [String: Any]) -> TestWebServer.Reply {
        let data = (try? JSONSerialization.data(withJSONObject: value)) ?? Data()
        return .ok(Array(data), type: "application/json")
    }

    /// cgi-io `main.c`, main_download and failure.
    private static func download(_ request: TestWebServer.Request, _ state: inout State) -> TestWebServer.Reply {
        guard request.headers["content-type"] == "application/x-www-form-urlencoded" else {
            return .status(403, "Download permission denied\n")
        }
        let form = request.form
        guard let session = form["sessionid"], state.sessions.contains(session), use(&state, session), state.hasRights
        else { return .status(403, "Download permission denied\n") }
        guard let path = form["path"], path.hasPrefix("/dev/mtdblock"), let index = Int(path.dropFirst(13)) else {
            return .status(403, "Access to path denied by ACL\n")
        }
        guard !state.withoutBlockDevice.contains(index),
            let bytes = SimulatedDumpPage.bytes(index, of: state.hardware)
        else { return .status(404, "Failed to stat requested path\nNo such file or directory (errno 2)\n") }
        if form["filename"] != nil { return .status(400, "Invalid characters in filename\n") }
        if let reply = state.download { return reply }
        if let left = state.writes[index], left > 0, let device = state.hardware.device(index) {
            state.writes[index] = left - 1
            state.hardware.chips[device.partition.chip]?.bytes[device.start + device.partition.size - 1] &+= 1
        }
        var reply = TestWebServer.Reply.ok(bytes, type: form["mimetype"] ?? "application/octet-stream")
        reply.cutAt = state.readErrors[index]
        return reply
    }
}

/// LuCI in Lua, with "Save mtdblock contents" (luci-mod-admin-full `controller/admin/system.lua`, action_backupmtdblock;
/// `view/admin_system/flashops.htm`).
package final class SimulatedLuaLuCI: Sendable {
    package struct State: Sendable {
        package var hardware: SimulatedHardware
        package var password = "secret word"
        /// The second secret in the path, before 2016; nil for none.
        package var stok: String?
        /// Whether the firmware has the form.
        package var hasForm = true
        var cookie: String?
        /// The number of bytes after which `dd` ends, by MTD number.
        package var endsAt: [Int: Int] = [:]
        package var isEndless = false
        /// How many more requests a session is good for; nil for any.
        package var sessionLife: Int?
        var logins = 0
    }

    private let state: Mutex<State>

    package init(_ hardware: SimulatedHardware) {
        state = Mutex(State(hardware: hardware))
    }

    package func server() throws -> TestWebServer { try TestWebServer { self.reply($0) } }

    package func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    private static let token = "0123456789abcdef0123456789abcdef"

    private func reply(_ request: TestWebServer.Request) -> TestWebServer.Reply {
        state.withLock { state in
            let base = "/cgi-bin/luci" + (state.stok.map { "/;stok=\($0)" } ?? "")
            switch (request.method, request.target) {
            case ("GET", "/"):
                return .page(
                    "<html><head><meta http-equiv=\"refresh\" content=\"0; URL=/cgi-bin/luci\" /></head></html>")
            case ("POST", "/cgi-bin/luci/"): return Self.login(request, &state, base)
            case ("GET", base + "/admin/system/flashops"):
                guard Self.isAlive(request, &state) else { return .status(403, Self.form, type: "text/html") }
                return .page(Self.page(state, base))
            case ("POST", base + "/admin/system/flashops/backupmtdblock"): return Self.backup(request, &state)
            default: return .status(404, "No such file or directory", type: "text/html")
            }
        }
    }

    private static let form =
        "<html><form method=\"post\"><input name=\"luci_username\" /><input name=\"luci_password\" />"

    /// luci-base `luasrc/dispatcher.lua`, authenticator.htmlauth.
    private static func login(
        _ request: TestWebServer.Request, _ state: inout State, _ base: String
    ) -> TestWebServer.Reply {
        let fields = request.form
        guard fields["luci_username"] == "root", fields["luci_password"] == state.password else {
            return .status(403, form, type: "text/html")
        }
        state.logins += 1
        let cookie = String(repeating: "c", count: 31) + "\(state.logins)"
        state.cookie = cookie
        var reply = TestWebServer.Reply.redirect(302, to: base + "/")
        reply.headers.append(("Set-Cookie", "sysauth=\(cookie);  path=\(base)"))
        return reply
    }

    /// Whether the request has a session that is not over.
    private static func isAlive(_ request: TestWebServer.Request, _ state: inout State) -> Bool {
        guard let cookie = state.cookie, request.headers["cookie"] == "sysauth=\(cookie)" else { return false }
        guard let life = state.sessionLife else { return true }
        state.sessionLife = life > 0 ? life - 1 : nil
        if life == 0 { state.cookie = nil }
        return life > 0
    }

    private static func page(_ state: State, _ base: String) -> String {
        var html = "<html><head><title>Flash operations</title></head><body>"
        html += "<form method=\"post\" action=\"\(base)/admin/system/flashops/backup\">"
        html += "<input type=\"hidden\" name=\"token\" value=\"\(token)\" /></form>"
        guard state.hasForm else { return html }
        html += "<form class=\"inline\" method=\"post\" action=\"\(base)/admin/system/flashops/backupmtdblock\">"
        html += "<input type=\"hidden\" name=\"token\" value=\"\(token)\" />"
        html += "<select class=\"cbi-input-select\" data-update=\"change\" name=\"mtdblockname\" id=\"mtdblockname\">"
        // luci-base `luasrc/sys.lua`, mtds: names with blanks are not found.
        let listed = state.hardware.devices.filter { !$0.partition.name.contains(" ") }
        for (number, device) in listed.enumerated() where device.partition.name != "rootfs_data" {
            let name = device.partition.name
            html += "<option id=\"mtdblockname-\(name)\" value=\"\(name)/\(device.partition.size)/\(number)\" "
            html += "data-index=\"\(number + 1)\">\(name)</option>"
        }
        return html + "</select></form></body></html>"
    }

    private static func backup(_ request: TestWebServer.Request, _ state: inout State) -> TestWebServer.Reply {
        guard isAlive(request, &state), request.form["token"] == token else {
            return .status(403, form, type: "text/html")
        }
        let parts = (request.form["mtdblockname"] ?? "").split(separator: "/", omittingEmptySubsequences: false)
        // The second generation demands digits.
        guard parts.count == 3, parts[1].allSatisfy(\.isNumber), let index = Int(parts[2]),
            !parts[0].contains(where: { " ./\"".contains($0) }),
            let bytes = SimulatedDumpPage.bytes(index, of: state.hardware)
        else { return .status(400, "Bad Request") }
        var reply = TestWebServer.Reply(
            headers: [
                ("Content-Disposition", "attachment; filename=\"backup-OpenWrt-\(parts[0])-2018-01-01.bin\""),
                ("Content-Type", "application/octet-stream"),
            ], body: bytes)
        reply.cutAt = state.endsAt[index]
        reply.isEndless = state.isEndless
        return reply
    }
}
