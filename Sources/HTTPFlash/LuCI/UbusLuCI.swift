internal import FlashAccess
internal import FlashModel

/// LuCI with ubus and cgi-io, since OpenWrt 19.07.
final class UbusLuCI: FlashBoard {
    private let login: LuCILogin
    private let session: LuCISession
    private var readers: [HTTPFlashReader] = []

    init(_ login: LuCILogin, _ session: LuCISession) {
        self.login = login
        self.session = session
    }

    var accessMethod: String { "LuCI (cgi-download)" }

    var retries: Int { readers.map(\.repeats).saturatingSum() }

    func survey() async throws -> SurveyedFlash {
        let table = try await Self.table(login, session)
        let board = try await Self.board(login, session)
        let survey = try Self.survey(ProcMTD(table), login.server, board)
        let download = try login.address("/cgi-bin/cgi-download")
        var sources: [Int: UbusSource] = [:]
        for partition in survey.partitions where partition.size > 0 {
            sources[partition.index] = UbusSource(
                session: session, address: download, label: partition.label, index: partition.index,
                title: partition.title, size: partition.size)
        }
        let reader = HTTPFlashReader(login.client, sources)
        readers.append(reader)
        let (login, session) = (login, session)
        return SurveyedFlash(
            survey: survey, evidence: [Evidence(name: "proc-mtd.txt", bytes: table)], reader: reader, writer: nil,
            layout: HTTPLayoutWatch(survey: survey) {
                try Self.survey(ProcMTD(try await Self.table(login, session)), login.server, board)
            },
            transfer: HTTPTransferDescription(
                login.server, commands: ["POST \(download.url) path=/dev/mtdblockN"]), hints: .pages)
    }

    /// Pure.
    private static func survey(
        _ table: ProcMTD, _ server: WebAddress, _ board: UbusBoard?
    ) throws(FlashkeepError) -> Survey {
        guard !table.entries.isEmpty else {
            throw FlashkeepError(
                .noPartitions, what: "The board behind \(WebFailure.name(of: server)) shows no flash.",
                why: table.strayLines.first.map {
                    "Its /proc/mtd was not understood: \"\(PrintableText.escaped($0.text, limit: 80))\"."
                } ?? "Its /proc/mtd is empty.", next: "Read it over SSH, or from the bootloader.")
        }
        let flash = FlashTable(
            table.entries.map { entry in
                FlashTable.Device(
                    index: entry.index, name: entry.name, size: entry.size, eraseSize: entry.eraseSize,
                    isLive: LuCI.isLive(entry.name))
            }, source: "proc-mtd", badBlocks: LuCI.badBlocks)
        return Survey(
            board: identity(board), chips: flash.chips, partitions: flash.partitions,
            table: TableKnowledge(doubts: table.doubts))
    }

    private static func identity(_ board: UbusBoard?) -> BoardIdentity {
        guard let board else { return BoardIdentity() }
        // The same forms as a survey over SSH, so that backups of both can be compared.
        func text(_ value: String?) -> String? { value.flatMap { $0.isEmpty ? nil : String($0.prefix(200)) } }
        return BoardIdentity(
            model: text(board.model), compatible: [text(board.board)].compactMap { $0 }, hostname: text(board.hostname),
            distribution: text(board.release?.description), processor: text(board.system))
    }

    // MARK: Calls

    private static func table(_ login: LuCILogin, _ session: LuCISession) async throws -> [UInt8] {
        let reply: UbusReply<UbusFile> = try await call(login, session) { .readTable(session: $0) }
        guard reply.status == 0, let file = reply.value else {
            throw FlashkeepError(
                .notRoot, what: "LuCI does not let \(PrintableText.escaped(login.user)) read /proc/mtd.",
                why: "ubus replies \(PrintableText.escaped(reply.failure)): the user lacks the group "
                    + "luci-mod-system-flash.", next: "Log in as root, or read the board over SSH.")
        }
        return Array(file.data.utf8)
    }

    /// nil if the board does not say what it is; nothing but its name depends on that.
    private static func board(_ login: LuCILogin, _ session: LuCISession) async throws -> UbusBoard? {
        let reply: UbusReply<UbusBoard> = try await call(login, session) { .board(session: $0) }
        return reply.status == 0 ? reply.value : nil
    }

    /// Makes a call, and once more with a new session if the board no longer knows it.
    private static func call<Value>(
        _ login: LuCILogin, _ session: LuCISession, _ call: (String) -> UbusCall
    ) async throws -> UbusReply<Value> {
        let address = try login.address("/ubus")
        var isRenewed = false
        while true {
            let ticket = session.ticket
            let text = try await login.client.text(.ubus(address, call(ticket.secret).json, isLogin: false))
            guard text.head.status == 200, let reply = UbusReply<Value>(text.bytes) else {
                throw FlashkeepError(
                    .replyNotUnderstood, what: "A reply of LuCI on \(WebFailure.name(of: address)) is not understood.",
                    why: "Its status is \(text.head.status)"
                        + (text.words.isEmpty ? "." : ", and it says: \(text.words)."),
                    next: "Run the command again, or read the board over SSH.")
            }
            guard reply.error?.code == -32_002, !isRenewed else { return reply }
            isRenewed = true
            try await session.renew(after: ticket)
        }
    }
}

/// An MTD device behind `cgi-download`.
///
/// The server sends the block device with its size as Content-Length, and ends the connection at the first read error
/// (cgi-io `main.c`, main_download). It cannot skip anything.
struct UbusSource: DumpSource {
    let session: LuCISession
    let address: WebAddress
    let label: String
    let index: Int
    let title: String
    let size: Int

    func request(_ range: Range<Int>) -> HTTPRequest {
        .download(address, session: session.ticket.secret, mtdblock: index)
    }

    func accept(
        _ head: HTTPHead, to range: Range<Int>, mayRenew: Bool, words: () async throws -> String
    ) async throws -> AcceptedReply {
        if head.status == 200 {
            if let packing = head.packing { throw packed(packing) }
            guard head.length == .exact(size) else { throw otherLength(head.length) }
            if head.type == "text/html" { throw pageInstead() }
            return .bytes(start: 0, mayBePage: false)
        }
        let said = try await words()
        switch head.status {
        case 403 where mayRenew && said.contains("Download permission denied"):
            try await session.renew(after: session.ticket)
            return .again
        case 403:
            let isACL = said.contains("denied by ACL")
            throw FlashkeepError(
                .notRoot, what: "LuCI does not let this user read \(title).",
                why: isACL
                    ? "The user's rights do not include /dev/mtdblock\(index): the group luci-mod-system-flash has them."
                    : "The server says: \(said).", next: "Log in as root, or read the board over SSH.")
        case 404:
            throw FlashkeepError(
                .partitionVanished, what: "\(title) cannot be read: the board has no /dev/mtdblock\(index).",
                why: "The server says: \(said).", next: "Read it over SSH, which does without that device.")
        default:
            throw FlashkeepError(
                .unreadable, what: "LuCI does not give \(title).",
                why: "It replies with status \(head.status)" + (said.isEmpty ? "." : ": \(said)."),
                next: LuCI.overSSH(address, label))
        }
    }

    func truncated(at offset: Int, why: String) -> FlashkeepError {
        FlashkeepError(
            .unreadable,
            what: "The download of \(title) ends at \(ByteCount.hex(offset)) of \(ByteCount.hex(size)), each time.",
            why:
                "LuCI sends /dev/mtdblock\(index) up to the first read error: on NAND a bad block, or a page that the ECC "
                + "cannot repair.", next: LuCI.overSSH(address, label))
    }
}
