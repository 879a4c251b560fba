internal import FlashAccess
internal import FlashModel

/// LuCI in Lua with "Save mtdblock contents": OpenWrt 17.01 and 18.06, and firmware made of them.
final class LuaLuCI: FlashBoard {
    private let login: LuCILogin
    private let ticket: LuCISession.Ticket
    private var readers: [HTTPFlashReader] = []

    /// - Parameter ticket: of the login, without the token, which the page has.
    init(_ login: LuCILogin, _ ticket: LuCISession.Ticket) {
        self.login = login
        self.ticket = ticket
    }

    var accessMethod: String { "LuCI (backupmtdblock)" }

    var retries: Int { readers.map(\.repeats).saturatingSum() }

    func survey() async throws -> SurveyedFlash {
        let (page, text, ticket) = try await Self.page(login, ticket)
        let login = login
        let session = LuCISession(ticket) {
            guard let ticket = try await login.lua() else { throw LuCI.gone(login.server) }
            return try await Self.page(login, ticket).ticket
        }
        let survey = Self.survey(page)
        var sources: [Int: LuaSource] = [:]
        for choice in page.choices {
            guard let partition = survey.partition(choice.index) else { continue }
            sources[choice.index] = LuaSource(
                session: session, server: login.server, choice: choice, label: partition.label, title: partition.title)
        }
        let reader = HTTPFlashReader(login.client, sources)
        readers.append(reader)
        return SurveyedFlash(
            survey: survey, evidence: [Evidence(name: "flashops.html", bytes: login.client.transcript.blanked(text))],
            reader: reader, writer: nil,
            layout: HTTPLayoutWatch(survey: survey) { Self.survey(try await Self.page(login, session)) },
            // Without the secret that old ones have in their paths.
            transfer: HTTPTransferDescription(
                login.server, commands: ["POST /cgi-bin/luci/\(LuaSource.path) mtdblockname=LABEL/SIZE/N"]),
            hints: .pages)
    }

    /// The page, and once more with a new session: after a long download, or a restart of the board, the old one is over.
    private static func page(_ login: LuCILogin, _ session: LuCISession) async throws -> LuaPage {
        let ticket = session.ticket
        do {
            return try await page(login, ticket).page
        } catch let error as FlashkeepError where error.code == .toolMissing {
            try await session.renew(after: ticket)
            return try await page(login, session.ticket).page
        }
    }

    private static func page(
        _ login: LuCILogin, _ ticket: LuCISession.Ticket
    ) async throws -> (page: LuaPage, text: [UInt8], ticket: LuCISession.Ticket) {
        let text = try await login.client.text(
            .page(try login.address("\(ticket.path)/admin/system/flashops"), cookie: ticket.secret))
        let page = LuaPage(text.bytes)
        guard text.head.status == 200, page.hasForm, let token = page.token, !page.choices.isEmpty else {
            throw FlashkeepError(
                .toolMissing, what: "This LuCI on \(WebFailure.name(of: login.server)) does not give flash.",
                why: text.head.status == 200
                    ? "Its page admin/system/flashops has no form \"mtdblockname\": that came with some firmware only."
                    : "Its page admin/system/flashops replies with status \(text.head.status).",
                next: "Read the board over SSH: flashkeep backup root@\(PrintableText.escaped(login.server.host))")
        }
        login.client.transcript.hide(token)
        var ticket = ticket
        ticket.token = token
        return (page, text.bytes, ticket)
    }

    /// Pure.
    private static func survey(_ page: LuaPage) -> Survey {
        var doubts = [
            "LuCI lists no rootfs_data and no partition with a blank in its name, and numbers the others by their order: "
                + "there may be more partitions, and the numbers after a missing one may be wrong"
        ]
        doubts += page.strays.prefix(5).map { "a choice on LuCI's page was not understood: \"\($0)\"" }
        let flash = FlashTable(
            page.choices.map { choice in
                FlashTable.Device(
                    index: choice.index, name: choice.label, size: choice.size, eraseSize: nil,
                    isLive: LuCI.isLive(choice.label))
            }.sorted { $0.index < $1.index }, source: "guess", badBlocks: LuCI.badBlocks)
        return Survey(
            chips: flash.chips, partitions: flash.partitions, table: TableKnowledge(doubts: doubts),
            warnings: [
                "LuCI sends /dev/mtdN as it is: pages that the ECC could not repair are not reported, and nothing but the "
                    + "number of bytes shows whether all came"
            ])
    }
}

/// An MTD device behind `backupmtdblock`.
///
/// The reply has no length and no error (luci-mod-admin-full `controller/admin/system.lua`, action_backupmtdblock): only
/// the number of bytes shows whether all came.
struct LuaSource: DumpSource {
    static let path = "admin/system/flashops/backupmtdblock"

    let session: LuCISession
    let server: WebAddress
    let choice: LuaPage.Choice
    let label: String
    let title: String

    var size: Int { choice.size }

    func request(_ range: Range<Int>) throws -> HTTPRequest {
        let ticket = session.ticket
        guard let address = WebAddress("\(ticket.path)/\(Self.path)", relativeTo: server) else {
            throw LuCI.gone(server)
        }
        return .backup(address, cookie: ticket.secret, token: ticket.token, choice: choice.value)
    }

    func accept(
        _ head: HTTPHead, to range: Range<Int>, mayRenew: Bool, words: () async throws -> String
    ) async throws -> AcceptedReply {
        switch head.status {
        case 200 where head.type != "text/html":
            if let packing = head.packing { throw packed(packing) }
            switch head.length {
            case .none, .exact(choice.size): return .bytes(start: 0, mayBePage: true)
            case .exact, .nonsense: throw otherLength(head.length)
            }
        // The login form, or a redirect to it: the session is over.
        case 200 where mayRenew, 302 where mayRenew, 403 where mayRenew:
            try await session.renew(after: session.ticket)
            return .again
        default:
            let said = try await words()
            throw FlashkeepError(
                .unreadable, what: "LuCI does not give \(title).",
                why: "It replies with status \(head.status)" + (said.isEmpty ? "." : ": \(said)."),
                next: LuCI.overSSH(server, label))
        }
    }

    func truncated(at offset: Int, why: String) -> FlashkeepError {
        FlashkeepError(
            .unreadable,
            what: "The download of \(title) ends at \(ByteCount.hex(offset)) of \(ByteCount.hex(size)), each time.",
            why: "LuCI gives no reason; its own list says that it is larger.", next: LuCI.overSSH(server, label))
    }
}
