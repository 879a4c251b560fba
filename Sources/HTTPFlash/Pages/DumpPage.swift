internal import FlashAccess
internal import FlashModel

/// A page of links to dumps, and what the server says about each of them.
struct DumpPage: Sendable {
    var page: WebText
    /// The files with names of dumps, in the order of the page.
    var files: [DumpFile]
    /// The names of files that may be dumps, but of which partition is unknown.
    var unnamed: [String]
    /// The copy of `/proc/mtd` beside the dumps; nil if there is none.
    var table: [UInt8]?
    /// Whether there were too many links or files.
    var isCut: Bool

    /// Fetches the page and the beginnings of its files.
    ///
    /// - Throws: ``FlashkeepError`` of the connection; `noPartitions` if it links to no dump.
    static func fetch(_ client: WebClient, _ address: WebAddress) async throws -> DumpPage {
        let page = try await client.text(.page(address))
        guard page.head.status == 200 else { throw noPage(page) }
        guard HTMLText.looksLikePage(page.bytes) || page.head.type == "text/html" else { throw notHTML(page) }
        let links = PageLinks(page)
        var result = DumpPage(page: page, files: [], unnamed: [], table: nil, isCut: links.isCut)
        result.table = try await table(client, links, page.address)
        for link in links.files {
            if DumpName.isTable(link.address, link.name) { continue }
            let title = PrintableText.escaped(NameText.text(link.name), limit: 80)
            guard let name = DumpName(link.name) else {
                if isImage(link.name) { result.unnamed.append(title) }
                continue
            }
            guard result.files.count < 2 * BoardLimits.devices else {
                result.isCut = true
                break
            }
            var file = DumpFile(address: link.address, title: title, name: name, head: nil, isPage: false)
            if !name.isPacked {
                let beginning = try await client.beginning(of: link.address, count: DumpFile.beginning)
                file.address = beginning.address
                file.head = beginning.head
                file.isPage =
                    HTMLText.looksLikePage(beginning.bytes)
                    || beginning.head.type == "text/html" && HTMLText.looksLikeText(beginning.bytes)
            }
            result.files.append(file)
        }
        if result.files.isEmpty { throw noDumps(page, links, result.unnamed) }
        return result
    }

    /// The copy of `/proc/mtd`: the one that the page links to, or one under a usual name.
    private static func table(
        _ client: WebClient, _ links: PageLinks, _ page: WebAddress
    ) async throws -> [UInt8]? {
        let linked = links.files.filter { DumpName.isTable($0.address, $0.name) }.map(\.address)
        let guessed = DumpName.tables.compactMap { WebAddress($0, relativeTo: page) }
        for address in linked.prefix(4) + guessed {
            let text = try await client.text(.page(address))
            guard text.head.status == 200, !HTMLText.looksLikePage(text.bytes), ProcMTD(text.bytes).hasHeader else {
                continue
            }
            return text.bytes
        }
        return nil
    }

    private static func isImage(_ name: [UInt8]) -> Bool {
        let lower = ByteText(name[...]).lowercased
        return [".bin", ".img", ".dump", ".raw", ".rom"].contains { lower.hasSuffix($0) }
    }

    /// Whether a page has links to dumps.
    static func isOne(_ page: WebText) -> Bool {
        PageLinks(page).files.contains { DumpName($0.name) != nil }
    }

    // MARK: Errors

    private static func shown(_ page: WebText) -> String { PrintableText.escaped(page.address.url, limit: 100) }

    private static func noPage(_ page: WebText) -> FlashkeepError {
        let isLogin = page.head.status == 401 || page.head.status == 403
        return FlashkeepError(
            isLogin ? .authenticationFailed : .replyNotUnderstood, what: "There is no page at \(shown(page)).",
            why: "The server replies with status \(page.head.status)" + (page.words.isEmpty ? "." : ": \(page.words)."),
            next: isLogin
                ? "The server may not list folders: put an index.html with links into it, or allow listings."
                : "Check the address with a browser.")
    }

    private static func notHTML(_ page: WebText) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "\(shown(page)) is not a page with links.",
            why:
                "Its type is \"\(PrintableText.escaped(page.head.type, limit: 60))\", and it does not begin like HTML.",
            next: "Give the address of the folder or page that links to the dumps.")
    }

    private static func noDumps(_ page: WebText, _ links: PageLinks, _ unnamed: [String]) -> FlashkeepError {
        let isLuCI = page.bytes.firstRange(of: Array("cgi-bin/luci".utf8)) != nil
        let count = links.files.count
        let example = links.files.first.map { PrintableText.escaped(NameText.text($0.name), limit: 60) }
        return FlashkeepError(
            .noPartitions, what: "\(shown(page)) links to no dump of a partition.",
            why: isLuCI
                ? "It is the page of LuCI, OpenWrt's web interface."
                : unnamed.isEmpty
                    ? "It has links to \(count) files below it" + (example.map { ", such as \($0)." } ?? ".")
                    : "It links to \(unnamed.prefix(5).joined(separator: ", ")), whose names do not say of which partition "
                        + "they are.",
            next: isLuCI
                ? "Use luci://root@\(WebFailure.name(of: page.address))"
                : "Dumps have names such as mtd3.bin or mtd3-rootfs.bin; rename them, or give the folder where they are."
        )
    }
}
