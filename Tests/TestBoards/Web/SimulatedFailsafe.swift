import FlashModel
import Foundation
import Synchronization

/// MediaTek's failsafe pages with a backup and a console: the fork bl-mt798x-dhcpd of bl-mt798x, by its sources. Anything
/// else is refused.
package final class SimulatedFailsafe: Sendable {
    package struct State: Sendable {
        /// One chip, whose whole is the first device.
        package var hardware: SimulatedHardware
        package var hasBackup = true
        package var hasConsole = true
        /// The build for MT7621 has other paths.
        package var isMT7621 = false
        package var hasMMC = false
        /// What is sent in place of the list of what can be backed up.
        package var info: TestWebServer.Reply?
        var printed = ""
        /// Offsets on the chip of pages that the ECC cannot repair.
        package var uncorrectable: Set<Int> = []
        var commands: [String] = []
    }

    private let state: Mutex<State>

    package init(_ hardware: SimulatedHardware) {
        state = Mutex(State(hardware: hardware))
    }

    package func server() throws -> TestWebServer { try TestWebServer { self.reply($0) } }

    /// The commands that were typed.
    package var commands: [String] { state.withLock { $0.commands } }

    package func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    /// NAND with a whole chip and partitions, two of them with bad blocks.
    ///
    /// - Parameter blockSize: a multiple of the steps of 64 KiB.
    package static func router(blockSize: Int = 128 << 10) -> SimulatedHardware {
        let nand = SimulatedHardware.Flash(
            "spi-nand0", kind: .spiNAND, blocks: 8, blockSize: blockSize, pageSize: 2048, oobSize: 64,
            badBlocks: [3, 5],
            seed: 9)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme M1"), chips: [nand],
            devices: [
                nand.device(0, "spi-nand0", 0..<8), nand.device(1, "bl2", 0..<2, parent: 0),
                nand.device(2, "factory", 2..<4, parent: 0), nand.device(3, "ubi", 4..<8, parent: 0),
            ])
        for position in hardware.devices.indices { hardware.devices[position].partition.numbering = .ordinal }
        return hardware
    }

    private func reply(_ request: TestWebServer.Request) -> TestWebServer.Reply {
        state.withLock { state in
            // net/mtk_httpd.c, httpd_recv_hdr: no other form than this.
            if request.method == "POST", request.headers["content-type"]?.contains("boundary=") != true {
                return .status(400, "Bad Request")
            }
            switch (request.method, request.target) {
            case ("GET", "/"):
                return .page("<!DOCTYPE html><html><head><title>Recovery mode WEBUI</title></head></html>")
            case ("GET", "/version"): return .status(200, "U-Boot 2025.07 (made up) abcdef-dirty")
            case ("GET", "/sysinfo"): return Self.sysinfo(state)
            case ("GET", state.isMT7621 ? "/backupinfo" : "/backup/info") where state.hasBackup:
                return state.info ?? Self.info(state)
            case ("POST", state.isMT7621 ? "/backup" : "/backup/main") where state.hasBackup:
                return Self.backup(request, state)
            case ("POST", "/console/exec") where state.hasConsole: return Self.execute(request, &state)
            case ("POST", "/console/poll") where state.hasConsole: return Self.poll(&state)
            default: return .status(404, "<!DOCTYPE html><html>404</html>", type: "text/html")
            }
        }
    }

    private static func json(_ value: [String: Any]) -> TestWebServer.Reply {
        let data = (try? JSONSerialization.data(withJSONObject: value)) ?? Data()
        return .ok(Array(data), type: "application/json")
    }

    /// `failsafe/modules/misc.c`, sysinfo_handler.
    private static func sysinfo(_ state: State) -> TestWebServer.Reply {
        json([
            "board": ["model": state.hardware.identity.model ?? "", "compatible": "acme,m1"],
            "ram": ["size": 536_870_912], "build_variant": "",
            "storage": ["mtd_layout": NSNull(), "mmc": ["present": state.hasMMC, "parts": [Any]()]],
        ])
    }

    /// `failsafe/modules/backup.c`, backupinfo_handler.
    private static func info(_ state: State) -> TestWebServer.Reply {
        let parts = state.hardware.devices.map { device -> [String: Any] in
            [
                "name": device.partition.name, "size": device.partition.size,
                "master": device.partition.offsetSource == .wholeChip,
            ]
        }
        var mmc: [String: Any] = ["present": state.hasMMC, "parts": [Any]()]
        if state.hasMMC { mmc["size"] = 7_818_182_656 }
        return json([
            "mmc": mmc, "mtd": ["present": !parts.isEmpty, "model": "Acme A1", "type": 4, "parts": parts],
        ])
    }

    /// `failsafe/modules/backup.c`, backup_handler: steps of 64 KiB, each by mtd_read_skip_bad; a step at a bad block gives
    /// the bytes of the next good one.
    private static func backup(_ request: TestWebServer.Request, _ state: State) -> TestWebServer.Reply {
        let form = request.form
        guard form["mode"] == "range", let target = form["target"], target.hasPrefix("mtd:"),
            let start = form["start"].flatMap({ Int($0) }), let end = form["end"].flatMap({ Int($0) })
        else { return .status(400, "bad request") }
        guard let device = state.hardware.devices.first(where: { $0.partition.name == target.dropFirst(4) }),
            let flash = state.hardware.chips[device.partition.chip]
        else { return .status(404, "target not found") }
        guard start < end, end <= device.partition.size else { return .status(400, "invalid range") }
        let block = flash.chip.eraseBlockSize
        let last = device.start + device.partition.size
        var bytes: [UInt8] = []
        var cut: Int?
        var position = start
        while position < end, cut == nil {
            let count = min(64 << 10, end - position)
            var from = device.start + position
            var read: [UInt8] = []
            while read.count < count, from < last {
                if flash.badBlocks.contains(from / block) {
                    from = (from / block + 1) * block
                    continue
                }
                let stop = min((from / block + 1) * block, from + count - read.count)
                if state.uncorrectable.contains(where: { (from..<stop).contains($0) }) {
                    cut = bytes.count
                    break
                }
                read += flash.bytes[from..<stop]
                from = stop
            }
            guard cut == nil, !read.isEmpty else { break }
            bytes += read
            position += read.count
        }
        var reply = TestWebServer.Reply(
            headers: [("Content-Type", "application/octet-stream")], body: bytes, length: "\(end - start)")
        if bytes.count < end - start { reply.cutAt = bytes.count }
        return reply
    }

    /// `failsafe/modules/console.c`, webconsole_exec_handler: the command after the prompt, its output, and the prompt.
    private static func execute(_ request: TestWebServer.Request, _ state: inout State) -> TestWebServer.Reply {
        guard let command = request.form["cmd"], !command.isEmpty else {
            return .status(400, "{\"error\":\"no_cmd\"}\n")
        }
        state.commands.append(command)
        state.printed += "MT7981> \(command)\n"
        let words = command.split(separator: " ")
        let chips = state.hardware.chips.values.sorted { $0.chip.id < $1.chip.id }
        var status = 0
        if command == "mtd list" {
            state.printed += list(state.hardware)
        } else if words.count == 3, words[0] == "mtd", words[1] == "bad",
            let flash = chips.first(where: { $0.chip.id == words[2] })
        {
            // `cmd/mtd.c`, do_mtd_bad.
            state.printed += "MTD device \(flash.chip.id) bad blocks list:\n"
            for block in flash.badBlocks.sorted() {
                let digits = String(block * flash.chip.eraseBlockSize, radix: 16)
                state.printed += "\t0x\(String(repeating: "0", count: 8 - digits.count))\(digits)\n"
            }
        } else {
            status = 1
            state.printed += "Unknown command '\(command)' - try 'help'\n"
        }
        state.printed += "\nMT7981> "
        return json(["ok": true, "ret": status, "cmd": command])
    }

    /// `sandbox-2026.07-mtd-nand`; `cmd/mtd.c`, mtd_show_device.
    private static func list(_ hardware: SimulatedHardware) -> String {
        var text = "List of MTD devices:\n"
        func address(_ value: Int) -> String {
            let digits = String(value, radix: 16)
            return "0x" + String(repeating: "0", count: 12 - digits.count) + digits
        }
        for flash in hardware.chips.values.sorted(by: { $0.chip.id < $1.chip.id }) {
            let chip = flash.chip
            text += "* \(chip.id)\n  - type: \(chip.kind.isNAND ? "NAND" : "NOR") flash\n"
            text += "  - block size: 0x\(String(chip.eraseBlockSize, radix: 16)) bytes\n"
            text += "  - min I/O: 0x\(String(chip.pageSize, radix: 16)) bytes\n"
            if chip.kind.isNAND { text += "  - OOB size: \(chip.oobSize) bytes\n  - OOB available: 24 bytes\n" }
            text += "  - \(address(0))-\(address(chip.leastSize)) : \"\(chip.id)\"\n"
            for device in hardware.devices where device.partition.parent != nil {
                let end = device.start + device.partition.size
                text += "\t  - \(address(device.start))-\(address(end)) : \"\(device.partition.name)\"\n"
            }
        }
        return text
    }

    /// `failsafe/modules/console.c`, webconsole_poll_handler: at most 8 KiB.
    private static func poll(_ state: inout State) -> TestWebServer.Reply {
        let piece = String(state.printed.prefix(8_192))
        state.printed.removeFirst(piece.count)
        return json(["data": piece, "avail": state.printed.utf8.count, "overflow": false, "busy": false])
    }
}
