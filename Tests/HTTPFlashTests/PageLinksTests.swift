import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import HTTPFlash

@Suite("Links of a page")
struct PageLinksTests {
    private static func page(_ html: [UInt8], at url: String = "http://192.168.1.1/mtd_backup/") throws -> WebText {
        WebText(
            address: try #require(WebAddress(url)), head: HTTPHead(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)), bytes: html)
    }

    private static func names(_ html: String, at url: String = "http://192.168.1.1/mtd_backup/") throws -> [String] {
        PageLinks(try page(Array(html.utf8), at: url)).files.map { NameText.text($0.name) }
    }

    @Test("The iSpot's page, as its script writes it")
    func ispot() throws {
        let links = PageLinks(try Self.page(try Fixture.bytes("ispot-index.html")))
        #expect(links.files.map { $0.address.url } == (0...9).map { "http://192.168.1.1/mtd_backup/mtd\($0).bin" })
        #expect(links.others == 0 && !links.isCut)
        #expect(links.files.map { DumpName($0.name)?.index } == Array(0...9))
    }

    @Test("Listings of servers", arguments: ["lighttpd", "nginx", "apache", "uhttpd"])
    func listings(_ server: String) throws {
        let links = PageLinks(try Self.page(try Fixture.bytes("listing-\(server).html")))
        let names = Set(links.files.map { NameText.text($0.name) })
        #expect(names.isSuperset(of: ["mtd0.bin", "mtd1-u-boot env.bin", "mtd2.bin", "proc-mtd.txt"]))
        if server != "uhttpd" { #expect(names.isSuperset(of: ["a&b <c>.bin", "x\"y.bin"])) }
        // Folders, the one above among them, and columns to sort by.
        #expect(!names.contains { $0.isEmpty || $0.contains("/") })
        #expect(links.others >= 2)
        #expect(links.files.compactMap { DumpName($0.name) }.map(\.index) == [0, 1, 2])
        #expect(links.files.compactMap { DumpName($0.name) }.map(\.rest) == [nil, "u-boot env", nil])
        #expect(links.files.count { DumpName.isTable($0.address, $0.name) } == 1)
    }

    @Test(
        "Links that lead elsewhere are not followed",
        arguments: [
            "http://192.168.1.2/mtd_backup/mtd0.bin", "https://192.168.1.1/mtd_backup/mtd0.bin", "//evil/mtd0.bin",
            "http://192.168.1.1:8080/mtd_backup/mtd0.bin", "../mtd0.bin", "/mtd0.bin", "/mtd_backup/../mtd0.bin",
            "..%2fmtd0.bin", "sub%2Fmtd0.bin", "x/..%2F..%2Fmtd0.bin", "%2e%2e/mtd0.bin", "javascript:alert(1)",
            "data:text/plain,mtd0.bin", "ftp://192.168.1.1/mtd_backup/mtd0.bin", "mailto:mtd0.bin", "mtd0.bin%00.html",
            "http://root:pw@192.168.1.1/mtd_backup/mtd0.bin", "..\\mtd0.bin", "file:///etc/passwd",
            "/mtd_backup2/mtd0.bin",
            "?C=N;O=D", "", "#top", ".", "./", "mtd0.bin/", "http://192.168.1.1:99999/mtd_backup/mtd0.bin",
        ])
    func elsewhere(_ reference: String) throws {
        #expect(try Self.names("<a href=\"\(reference)\">mtd0.bin</a>") == [])
    }

    @Test(
        "Links that stay",
        arguments: [
            "mtd0.bin", "./mtd0.bin", "/mtd_backup/mtd0.bin", "http://192.168.1.1/mtd_backup/mtd0.bin",
            "HTTP://192.168.1.1:80/mtd_backup/mtd0.bin", "//192.168.1.1/mtd_backup/mtd0.bin", "x/../mtd0.bin",
            "mtd0.bin#top", "mtd%30.bin", "mtd0&#46;bin", "sub/mtd0.bin", " mtd0.bin\n",
        ])
    func here(_ reference: String) throws {
        #expect(try Self.names("<a href=\"\(reference)\">x</a>") == ["mtd0.bin"])
    }

    @Test(
        "Odd HTML",
        arguments: [
            "<A HREF='mtd0.bin'>", "<a\nhref = mtd0.bin>", "<a class=x href=mtd0.bin", "<a href=\"mtd0.bin",
            "<!-- <a href=mtd9.bin> --><a href=mtd0.bin>", "<script>x='<a href=mtd9.bin>'</script><a href=mtd0.bin>",
            "<a href=mtd0.bin href=mtd9.bin>", "<<a href=mtd0.bin>", "<a href=mtd0.bin><a href=mtd0.bin>",
            "<base href=\"/mtd_backup/\"><a href=mtd0.bin>", "<base href=\"http://evil/\"><a href=mtd0.bin>",
            "<style><a href=mtd9.bin></style><a/href=mtd0.bin>",
        ])
    func odd(_ html: String) throws {
        #expect(try Self.names(html) == ["mtd0.bin"])
    }

    @Test("A hostile page ends, whatever it holds")
    func hostile() throws {
        #expect(try Self.names("").isEmpty)
        var random = SplitMix64(state: 8)
        for _ in 0..<200 {
            let bytes = (0..<300).map { _ in
                Array("<>a href='\"=&#;!-/ mtd0.bin\0é".utf8).randomElement(using: &random) ?? 0
            }
            _ = PageLinks(try Self.page(bytes))
        }
        let many = (0..<30_000).map { "<a href=\"mtd\($0).bin\">" }.joined()
        let links = PageLinks(try Self.page(Array(many.utf8)))
        #expect(links.isCut && links.files.count == PageLinks.limit)
        // Comments and scripts that never end.
        let open = String(repeating: "<!--", count: 100_000) + String(repeating: "<script>", count: 100_000)
        #expect(try Self.names(open).isEmpty)
    }

    @Test(
        "Names of dumps",
        arguments: [
            ("mtd3.bin", 3, nil), ("mtd3-rootfs.bin", 3, "rootfs"), ("mtd10", 10, nil), ("mtdblock3.img", 3, nil),
            ("mtd0_backup.bin", 0, "backup"), ("OpenWrt.mtd3.rootfs.bin", 3, "rootfs"), ("MTD3.BIN", 3, nil),
            ("mtd3ro.dd", 3, nil), ("mtd 3.bin", nil, nil), ("amtd3.bin", nil, nil), ("mtd3rootfs.bin", nil, nil),
            ("mtd3.bin.md5", nil, nil), ("mtd.bin", nil, nil), ("mtd99999.bin", nil, nil), ("rootfs.bin", nil, nil),
            ("mtd3-Root FS.bin", 3, "Root FS"), ("mtd99999999999999999999.bin", nil, nil), ("mtd03.bin", 3, nil),
            ("mtd3-\u{1B}[31mred.bin", 3, "\u{1B}[31mred"), ("mtd3-0x0-0x40000.bin", 3, "0x0-0x40000"),
        ] as [(String, Int?, String?)])
    func dumpNames(_ name: String, _ index: Int?, _ rest: String?) {
        let found = DumpName(Array(name.utf8))
        #expect(found?.index == index && found?.rest == rest && found?.isPacked != true, "\(String(describing: found))")
    }

    @Test(
        "Compressed dumps are recognised",
        arguments: ["mtd3.bin.gz", "mtd3.tar.xz", "mtd3-rootfs.img.bz2", "mtd3.lzma"])
    func packed(_ name: String) {
        #expect(DumpName(Array(name.utf8))?.isPacked == true && DumpName(Array(name.utf8))?.index == 3)
    }

    @Test(
        "Heads of replies",
        arguments: [
            ("5", HTTPHead.Length.exact(5)), ("0", .exact(0)),
            ("9223372036854775808", .nonsense("9223372036854775808")),
            ("-1", .nonsense("-1")), ("12 12", .nonsense("12 12")), ("0x10", .nonsense("0x10")), ("", .nonsense("")),
            ("1125899906842625", .nonsense("1125899906842625")),
        ])
    func lengths(_ text: String, _ length: HTTPHead.Length) {
        let head = HTTPHead(Array("HTTP/1.1 200 OK\r\ncontent-LENGTH: \(text)\r\n\r\n".utf8))
        #expect(head.length == length && head.status == 200)
        #expect(HTTPHead(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)).length == .none)
    }

    @Test("Other headers")
    func headers() {
        let head = HTTPHead(
            Array(
                """
                HTTP/1.0 206 Partial\r\nContent-Type: Text/HTML; charset=x\r\nContent-Range: bytes 5-9/10\r
                Set-Cookie: a=b; path=/\r\nSet-Cookie: sysauth=abc=def; HttpOnly\r\nContent-Encoding: gzip\r\n\r\n
                """.utf8))
        #expect(head.status == 206 && head.type == "text/html" && head.packing == "gzip")
        #expect(head.contentRange?.start == 5 && head.contentRange?.total == 10)
        #expect(head.cookie("sysauth") == "abc=def" && head.cookie("a") == "b" && head.cookie("c") == nil)
        #expect(HTTPHead([]).status == 0 && HTTPHead(Array("HTTP/1.1 99999 x".utf8)).status == 0)
        for range in ["bytes 9-5/10", "items 1-2/3", "bytes */10", "bytes 1-99999999999999999999/3", ""] {
            #expect(HTTPHead(Array("HTTP/1.1 206 x\r\nContent-Range: \(range)\r\n".utf8)).contentRange == nil)
        }
    }
}
