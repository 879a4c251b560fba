import FlashModel
import TestSupport

/// Lookup of the commands, and the output of those that only read.
extension RedBootMachine {
    /// Runs a line with the fault of its command.
    mutating func run(_ line: String) -> RedBootAction {
        let fault = scenario.faults.first { line.hasPrefix($0.key) }?.value
        if case .fails(let text) = fault { return RedBootAction(text: text + "\n") }
        if line.contains(";") { offend(.forbidden, "a line with a semicolon: \(line)") }
        if line.hasPrefix("#") { return RedBootAction() }
        // `= WORD` prints from the third character on (`malta-2006-special`).
        if line.hasPrefix("=") { return RedBootAction(text: "\(line.dropFirst(2))\n") }
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first else { return RedBootAction() }
        let (name, text) = lookUp(first, in: commandNames)
        guard let name else { return RedBootAction(text: "\(text)** Error: Illegal command: \"\(first)\"\n") }
        if name != first { offend(.forbidden, "an incomplete word: \(line)") }
        return run(name, Array(words.dropFirst()), line, fault)
    }

    private mutating func run(
        _ name: String, _ words: [String], _ line: String, _ fault: RedBootScenario.Fault?
    ) -> RedBootAction {
        switch name {
        case "version": return RedBootAction(text: version)
        case "help": return RedBootAction(text: help(words.first))
        case "dump", "x": return dump(words, line)
        case "cksum": return checksum(words, line)
        case "mfill": return fill(words, line)
        case "load": return load(words, line)
        case "fis": return fis(words, line, fault)
        case "fconfig": return configure(words, line)
        case "ip_address": return setAddress(words)
        case "cache": return RedBootAction(text: "Data cache: On, Instruction cache: On\n")
        case "reset": return RedBootAction(text: "... Resetting.\n", resets: true)
        case "go", "exec": return start(words, line)
        default:
            offend(.forbidden, line)
            return RedBootAction()
        }
    }

    /// A word's command: any beginning, without case (`malta-2006-abbrev`).
    ///
    /// - Returns: nil if there is not exactly one; with what is printed for several.
    func lookUp(_ word: String, in names: [String]) -> (name: String?, text: String) {
        let found = names.filter { $0.hasPrefix(word.lowercased()) }
        if let exact = found.first(where: { $0 == word.lowercased() }), found.first == exact || found.count == 1 {
            return (exact, "")
        }
        guard found.count != 1 else { return (found.first, "") }
        guard !found.isEmpty else { return (nil, "") }
        return (nil, "Ambiguous command '\(word)', choices are: \(found.joined(separator: " "))\n")
    }

    /// Whether a range is memory or flash; otherwise the board hangs (`malta-2006-dump-abort`).
    private mutating func bytes(_ address: UInt64, _ count: Int, _ line: String) -> [UInt8]? {
        if let flash = scenario.chip, address >= scenario.base, count >= 0,
            address - scenario.base + UInt64(count) <= UInt64(flash.bytes.count)
        {
            let start = Int(address - scenario.base)
            return Array(flash.bytes[start..<start + count])
        }
        guard isMemory(address, count) else {
            offend(.memory, line)
            return nil
        }
        return memory.read(address, count)
    }

    func isMemory(_ address: UInt64, _ count: Int) -> Bool {
        scenario.memory.contains(address) && count >= 0 && UInt64(count) <= scenario.memory.upperBound - address
    }

    // MARK: Memory

    /// `dump`, `x` (`malta-2006-dump`, `malta-2006-dump-widths`, `malta-2006-dump-srec`; eCos
    /// `infra/current/src/diag.cxx`, diag_vdump_buf_with_offset).
    private mutating func dump(_ words: [String], _ line: String) -> RedBootAction {
        let (options, error) = RedBootOptions.parse(
            words, numbers: ["b": "base address", "l": "length"], flags: ["s", "1", "2", "4"])
        if let error { return RedBootAction(text: error) }
        for width in [1, 2, 4] where options.flags.contains(Character("\(width)")) { dumpWidth = width }
        guard let address = options.numbers["b"], let length = options.numbers["l"].map({ Int(clamping: $0) }) else {
            offend(.forbidden, "a dump without an address or a length: \(line)")
            return RedBootAction(text: "Dump what [location]?\n")
        }
        if options.flags.contains("s") {
            // A last record shorter than 16 has 16 bytes, unless it is the only one (`malta-2006-dump-srec`).
            let count = length <= 16 ? length : (length + 15) / 16 * 16
            guard let bytes = bytes(address, count, line) else { return RedBootAction(isHang: true) }
            return RedBootAction(text: Self.records(bytes, at: address))
        }
        guard let bytes = bytes(address, length, line) else { return RedBootAction(isHang: true) }
        guard dumpWidth == 1 else { return RedBootAction(text: wideLines(bytes, at: address)) }
        return RedBootAction(text: Self.lines(bytes, at: address))
    }

    private static func records(_ bytes: [UInt8], at address: UInt64) -> String {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            let part = bytes[start..<min(bytes.count, start + 16)]
            let address = address + UInt64(start)
            let record =
                [UInt8(part.count + 5)] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address >> $0) } + part
            return "S3" + Hexadecimal.text(record + [~record.reduce(0, &+)]).uppercased() + "\n"
        }.joined()
    }

    private static func digits(_ value: UInt64, _ count: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    private static func lines(_ bytes: [UInt8], at address: UInt64) -> String {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            let part = Array(bytes[start..<min(bytes.count, start + 16)])
            var text = digits(address + UInt64(start), 8) + ": "
            for index in 0..<16 {
                text += index < part.count ? digits(UInt64(part[index]), 2) + " " : "   "
                if index == 7 { text += " " }
            }
            let shown =
                part.map { (0x20...0x7E).contains($0) ? $0 : 0x2E }
                + [UInt8](repeating: 0x20, count: 16 - part.count)
            return text + " |" + String(decoding: shown, as: UTF8.self) + "|\n"
        }.joined()
    }

    /// The words of a wider dump. Bytes of an incomplete word are lost.
    private func wideLines(_ bytes: [UInt8], at address: UInt64) -> String {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            var text = Self.digits(address + UInt64(start), 8) + ": "
            for place in stride(from: start, to: start + 16, by: dumpWidth) {
                if place + dumpWidth <= bytes.count {
                    let part = Array(bytes[place..<place + dumpWidth])
                    let value = (scenario.isBigEndian ? part : part.reversed())
                        .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                    text += Self.digits(value, dumpWidth * 2) + " "
                } else {
                    text += String(repeating: " ", count: dumpWidth * 2 + 1)
                }
                if dumpWidth == 2, place == start + 6, place + 2 <= bytes.count { text += " " }
            }
            return text + "\n"
        }.joined()
    }

    /// `malta-2006-cksum`.
    private mutating func checksum(_ words: [String], _ line: String) -> RedBootAction {
        let (options, error) = RedBootOptions.parse(words, numbers: ["b": "base address", "l": "length"])
        if let error { return RedBootAction(text: error) }
        guard let address = options.numbers["b"], let length = options.numbers["l"].map({ Int(clamping: $0) }) else {
            return RedBootAction(text: "usage: cksum -b <addr> -l <length>\n")
        }
        guard let bytes = bytes(address, length, line) else { return RedBootAction(isHang: true) }
        let sum = POSIXChecksum.sum(of: bytes)
        return RedBootAction(
            text: "POSIX cksum = \(sum) \(length) (0x\(Hexadecimal.text(sum)) "
                + "0x\(Self.digits(UInt64(length), 8).lowercased()))\n", time: 200 + length / 10)
    }

    /// `mfill -1` (`malta-2006-mem`).
    private mutating func fill(_ words: [String], _ line: String) -> RedBootAction {
        let (options, error) = RedBootOptions.parse(
            words, numbers: ["b": "base address", "l": "length", "p": "pattern"], flags: ["1", "2", "4"])
        if let error { return RedBootAction(text: error) }
        guard let address = options.numbers["b"], let length = options.numbers["l"].map({ Int(clamping: $0) }),
            isMemory(address, length), options.flags == ["1"], let value = options.numbers["p"]
        else {
            offend(.memory, line)
            return RedBootAction()
        }
        memory.write(address, [UInt8](repeating: UInt8(truncatingIfNeeded: value), count: length))
        return RedBootAction()
    }

    // MARK: The configuration

    /// `fconfig -l` (`malta-2006-fconfig`). Everything else is never sent: it edits.
    private mutating func configure(_ words: [String], _ line: String) -> RedBootAction {
        guard words.allSatisfy({ ["-l", "-n", "-f"].contains($0) }), words.contains("-l") else {
            offend(.forbidden, line)
            return RedBootAction()
        }
        let script = scenario.script.isEmpty ? "false" : "true"
        let items = [
            ("boot_script", "Run script at boot", script), ("bootp", "Use BOOTP for network configuration", "false"),
            ("console_baud_rate", "Console baud rate", "115200"),
            ("eth0_esa", "Network hardware address [MAC]", "0x00:0x0D:0xA0:0x00:0x00:0x01"),
            ("gdb_port", "GDB connection port", "9000"),
        ]
        return RedBootAction(
            text: items.map { key, title, value in "\(words.contains("-n") ? key : title): \(value)\n" }.joined())
    }

    /// `go` and `exec` end RedBoot (`malta-2006-go-wait`; `hal/mips/arch/current/src/redboot_linux_exec.c`, do_exec).
    /// What was loaded is a kernel here, if anything was.
    private mutating func start(_ words: [String], _ line: String) -> RedBootAction {
        guard scenario.allowsStart else {
            offend(.forbidden, line)
            return RedBootAction(isHang: true)
        }
        guard words.count == 1, let entry = RedBootOptions.number(words[0]), entry == loadedAt else {
            return RedBootAction(text: "Can't execute Linux - invalid entry address\n")
        }
        return RedBootAction(
            text: "Now booting linux kernel:\n Base address 0x80080000 Entry 0x80100000\n Cmdline : \n"
                + "[    0.000000] Linux version 2.6.24 (builder@buildhost)\n", isHang: true)
    }
}
