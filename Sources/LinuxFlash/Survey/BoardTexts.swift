import FlashAccess
import FlashModel

/// Identifies a board from texts that its system keeps.
enum BoardTexts {
    /// What the texts say. It proves nothing: vendors leave names of reference boards in them.
    static func identity(_ replies: [String: LinuxProbeReply], kernelLog: KernelLog, environment: UBootPrintout)
        -> BoardIdentity
    {
        var board = BoardIdentity()
        let processor = values(replies["cpuinfo.txt"], separator: ":")
        let release = sections(replies["release.txt"])
        let tree = sections(replies["device-tree-identity.txt"])

        board.model =
            line(tree["model"]) ?? line(release["/tmp/sysinfo/model"]) ?? value(processor, "machine")
            ?? value(processor, "Hardware")
        board.compatible = (tree["compatible"] ?? []).compactMap { word($0) }.prefix(16).map { $0 }
        if board.compatible.isEmpty, let name = line(release["/tmp/sysinfo/board_name"]) {
            board.compatible = [name]
        }
        board.hostname = line(replies["hostname.txt"]?.lines)
        board.kernel = line(replies["kernel.txt"]?.lines, limit: 512)
        board.distribution = distribution(release)
        board.processor =
            value(processor, "system type") ?? value(processor, "cpu model") ?? value(processor, "model name")
            ?? value(processor, "Processor") ?? value(processor, "Hardware")
        board.serialNumber =
            line(tree["serial-number"])
            ?? value(processor, "Serial").flatMap { $0.allSatisfy { $0 == "0" } ? nil : $0 }
        board.bootloader =
            line(tree["chosen/u-boot,version"]).map { $0.hasPrefix("U-Boot") ? $0 : "U-Boot \($0)" }
            ?? environment.boardsOwn["ver"].map { PrintableText.escaped($0) }
        board.macAddresses = MACAddresses.parse(replies["mac-addresses.txt"] ?? LinuxProbeReply(output: []))
        return board
    }

    private static func distribution(_ release: [String: [ByteText]]) -> String? {
        let openWrt = assignments(release["/etc/openwrt_release"])
        if let text = openWrt["DISTRIB_DESCRIPTION"], !text.isEmpty { return text }
        if let name = openWrt["DISTRIB_ID"], !name.isEmpty {
            return [name, openWrt["DISTRIB_RELEASE"] ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        }
        let system = assignments(release["/etc/os-release"])
        if let text = system["PRETTY_NAME"] ?? system["NAME"], !text.isEmpty { return text }
        return line(release["/etc/version"]) ?? line(release["/etc/issue"])
    }

    /// The lines below each title line `== title`.
    static func sections(_ reply: LinuxProbeReply?) -> [String: [ByteText]] {
        var result: [String: [ByteText]] = [:]
        var title: String?
        for line in reply?.lines ?? [] {
            if let text = line.dropping("== ") {
                title = text.trimmed.string()
            } else if let title, result[title, default: []].count < 1000 {
                result[title, default: []].append(line)
            }
        }
        return result
    }

    /// The values of `key : value` lines; only the first of each key counts.
    private static func values(_ reply: LinuxProbeReply?, separator: String) -> [String: String] {
        var result: [String: String] = [:]
        for line in reply?.lines.prefix(500) ?? [] {
            guard let key = line.before(separator)?.trimmed.string(limit: 64), let text = line.after(separator),
                let value = word(text), result[key] == nil
            else { continue }
            result[key] = value
        }
        return result
    }

    private static func value(_ values: [String: String], _ key: String) -> String? { values[key] }

    /// The values of `KEY="value"` lines of shell syntax, without quotes.
    private static func assignments(_ lines: [ByteText]?) -> [String: String] {
        var result: [String: String] = [:]
        for line in lines?.prefix(200) ?? [] {
            guard let key = line.before("=")?.trimmed.string(limit: 64), let text = line.after("=")?.trimmed else {
                continue
            }
            var bytes = text.bytes
            if let quote = bytes.first, quote == 0x22 || quote == 0x27, bytes.count >= 2, bytes.last == quote {
                bytes = bytes.dropFirst().dropLast()
            }
            result[key] = word(ByteText(bytes)) ?? ""
        }
        return result
    }

    /// The first line that is not blank.
    private static func line(_ lines: [ByteText]?, limit: Int = 200) -> String? {
        for line in lines ?? [] {
            if let text = word(line, limit: limit) { return text }
        }
        return nil
    }

    /// The text in printable form, without NULs; nil if nothing remains.
    private static func word(_ text: ByteText, limit: Int = 200) -> String? {
        let bytes = text.bytes.prefix(1024).filter { $0 != 0 }
        let trimmed = ByteText(bytes[...]).trimmed
        return trimmed.isEmpty ? nil : PrintableText.escaped(trimmed.string(limit: 1024), limit: limit)
    }
}

/// Ethernet addresses.
enum MACAddresses {
    /// Parses `name aa:bb:cc:dd:ee:ff` lines or the output of `ifconfig -a` (`HWaddr AA:BB:…`, `ether aa:bb:…`).
    ///
    /// - Returns: the addresses in lower case, sorted and unique, without those of all zeros or all ones.
    static func parse(_ reply: LinuxProbeReply) -> [String] {
        var result: Set<String> = []
        for line in reply.lines.prefix(2000) {
            for word in line.words.prefix(16) {
                if let address = address(word), result.count < 256 { result.insert(address) }
            }
        }
        return result.sorted()
    }

    private static func address(_ word: ByteText) -> String? {
        let parts = word.split(0x3A, most: 8)
        guard parts.count == 6, parts.allSatisfy({ $0.bytes.count == 2 }) else { return nil }
        let values = parts.compactMap(\.hexadecimal)
        guard values.count == 6, !values.allSatisfy({ $0 == 0 }), !values.allSatisfy({ $0 == 255 }) else { return nil }
        return values.map { Hexadecimal.text([UInt8(truncatingIfNeeded: $0)]) }.joined(separator: ":")
    }
}
