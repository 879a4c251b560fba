internal import FlashAccess
internal import FlashModel

/// OpenWrt's web interface, either generation.
enum LuCI {
    /// Logs in, and finds out which generation it is.
    ///
    /// - Throws: ``FlashkeepError`` with `authenticationFailed`, `passwordNeeded`, `replyNotUnderstood` and those of the
    ///   connection.
    static func open(_ client: WebClient, _ address: WebAddress) async throws -> any FlashBoard {
        let login = try await LuCILogin.prepare(client, address)
        if let ticket = try await login.ubus() {
            let session = LuCISession(ticket) {
                guard let ticket = try await login.ubus() else { throw LuCI.gone(login.server) }
                return ticket
            }
            return UbusLuCI(login, session)
        }
        if let ticket = try await login.lua() {
            return LuaLuCI(login, ticket)
        }
        throw FlashkeepError(
            .replyNotUnderstood, what: "There is no LuCI on \(WebFailure.name(of: login.server)).",
            why: "Neither /ubus nor /cgi-bin/luci/ takes a login.",
            next: "Check the address and the port with a browser; if dumps lie there, use http://.")
    }

    static func gone(_ server: WebAddress) -> FlashkeepError {
        FlashkeepError(
            .boardLost, what: "LuCI on \(WebFailure.name(of: server)) no longer takes a login.",
            why: "It did at the start.", next: "Check that the board is still running, and run the command again.")
    }

    /// Why the bad blocks are unknown.
    static let badBlocks = "the type of flash is unknown, and NAND has bad blocks, which LuCI does not show"

    /// Whether the running system may write to a partition: to any but those that it only reads.
    static func isLive(_ name: String) -> Bool {
        switch Partition.Role.ofName(name) {
        case .bootloader, .calibration: false
        case .environment, .firmware, .config, .unknown: true
        }
    }

    /// What to do where LuCI cannot read on.
    static func overSSH(_ server: WebAddress, _ label: String) -> String {
        "SSH reads such flash block by block: flashkeep backup root@\(PrintableText.escaped(server.host, limit: 80)). Or "
            + "leave \(label) out: --only with the others"
    }
}
