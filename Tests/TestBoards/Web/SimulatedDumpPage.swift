import FlashModel

/// A folder with dumps of a board's flash on a web server, and the index.html of the iSpot's script.
package struct SimulatedDumpPage: Sendable {
    package var folder = "/mtd_backup/"
    package var hardware: SimulatedHardware
    /// Whether a copy of `/proc/mtd` lies beside the dumps, and the page links to it.
    package var hasTable = true
    /// Whether the server can skip the beginning of a file.
    package var hasRanges = true
    /// Replies by the path of a file, instead of what would be there.
    package var replies: [String: @Sendable (TestWebServer.Request) -> TestWebServer.Reply] = [:]
    /// More HTML on the page.
    package var more = ""

    package init(_ hardware: SimulatedHardware) { self.hardware = hardware }

    /// As Linux prints it (`drivers/mtd/mtdcore.c`, mtd_proc_show).
    package static func table(_ hardware: SimulatedHardware) -> String {
        hardware.devices.reduce("dev:    size   erasesize  name\n") { text, device in
            let partition = device.partition
            func hex(_ value: Int) -> String {
                let digits = String(value, radix: 16)
                return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
            }
            return text
                + "mtd\(partition.index): \(hex(partition.size)) \(hex(partition.eraseBlockSize)) \"\(partition.name)\"\n"
        }
    }

    /// The bytes of an MTD device, as `dd` of its character device gives them, bad blocks too.
    package static func bytes(_ index: Int, of hardware: SimulatedHardware) -> [UInt8]? {
        guard let device = hardware.device(index), let flash = hardware.chips[device.partition.chip] else { return nil }
        return Array(flash.bytes[device.start..<device.start + device.partition.size])
    }

    /// The page, as the iSpot's script writes it.
    package var page: String {
        var html = "<HTML><body>\n<br>Right-click and 'Save Target As...' on all of the following:<br>\n"
        for device in hardware.devices {
            let name = "mtd\(device.partition.index).bin"
            html += "<br><br><A HREF=\"\(name)\">\(name)</A>\n"
        }
        if hasTable { html += "<A HREF=\"proc-mtd.txt\">proc-mtd.txt</A>\n" }
        return html + more + "</body></html>\n"
    }

    package func reply(_ request: TestWebServer.Request) -> TestWebServer.Reply {
        let target = request.target
        guard request.method == "GET" else { return .status(405) }
        if let reply = replies[target] { return reply(request) }
        guard target.hasPrefix(folder) else { return .status(404, "<html>not found</html>", type: "text/html") }
        let name = target.dropFirst(folder.count)
        if name.isEmpty { return .page(page) }
        if name == "proc-mtd.txt", hasTable { return .ok(Array(Self.table(hardware).utf8), type: "text/plain") }
        guard name.hasPrefix("mtd"), name.hasSuffix(".bin"), let index = Int(name.dropFirst(3).dropLast(4)),
            let bytes = Self.bytes(index, of: hardware)
        else { return .status(404, "<html>not found</html>", type: "text/html") }
        let reply = TestWebServer.Reply.ok(bytes)
        return hasRanges ? reply.ranged(request) : reply
    }
}
