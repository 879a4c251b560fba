import FlashModel

/// The commands of a simulated barebox, and their output.
extension BareboxScenario {
    package mutating func run(_ line: String) -> LoaderAction {
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first else { return LoaderAction() }
        let arguments = Array(words.dropFirst())
        if let action = runNetwork(words, line) { return action }
        switch first {
        case "help" where arguments.isEmpty: return LoaderAction(help)
        // `sandbox-2026.06-version`.
        case "version":
            return LoaderAction("\nbarebox 2026.06.0 #1 Tue Dec 1 08:45:06 UTC 2026 (sandbox_defconfig)\n\n")
        // `sandbox-2026.06-echo-version`, `-echo-model`, `-echo-nothing`.
        case "echo" where arguments == ["$global.version"]: return LoaderAction("2026.06.0\n")
        case "echo" where arguments == ["$global.model"]: return LoaderAction("Acme R1\n")
        case "devinfo": return LoaderAction(devinfo(arguments))
        case "nand" where hasNAND: return nand(arguments, line)
        case "md": return dump(arguments, line)
        case "crc32" where hasChecksum: return checksum(arguments, line)
        default: break
        }
        // Commands that exist, and that a backup never sends.
        if names.contains(first) {
            return LoaderAction("", offence: SimulatedLoader.Offence(kind: .forbidden, text: line))
        }
        // `sandbox-2026.06-unknown`.
        return LoaderAction("\(first): Command not found\n")
    }

    private var names: [String] {
        ["?", "cp", "devinfo", "erase", "help", "loady", "ls", "md", "memcpy", "memset", "mw", "protect", "reset"]
            + ["saveenv", "tftp", "ubiformat", "unprotect", "version"] + (hasChecksum ? ["crc32"] : [])
            + (hasNAND ? ["nand"] : []) + (network == nil ? [] : ["ifup", "rm"])
    }

    /// `sandbox-2026.06-help`.
    private var help: String {
        let names = names.sorted()
        return "\nInformation commands:\n  \(names.prefix(6).joined(separator: ", "))\nMiscellaneous commands:\n  "
            + names.dropFirst(6).joined(separator: ", ") + "\nUse 'help COMMAND' for more details.\n\n"
    }

    // MARK: Devices

    private var parts: [SimulatedHardware.Device] {
        hardware.devices.filter { $0.partition.chip == name }.sorted { $0.start < $1.start }
    }

    private static func digits(_ value: some BinaryInteger, _ count: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    /// `sandbox-2026.06-devinfo`, `-devinfo-mtdram0`, `-devinfo-missing`.
    private func devinfo(_ words: [String]) -> String {
        guard let flash else { return "" }
        guard let device = words.first else {
            func file(_ name: String, _ size: Int) -> String {
                "`-- 0x00000000-0x\(Self.digits(size - 1, 8)) (\(ByteCount.text(size).leftPadded(10))): /dev/\(name)\n"
            }
            var text = "`-- global\n`-- platform\n   `-- mem0\n      `-- 0x00000000-0xffffffffffffffff (   0 Bytes): "
            text += "/dev/mem\n"
            if network != nil { text += "   `-- tap0\n      `-- eth0\n" }
            text += "   `-- 10000000.flash.of\n      `-- \(name)\n         \(file(name, flash.bytes.count))"
            for part in parts {
                let name = "\(name).\(part.partition.name)"
                text += "         `-- \(name)\n            \(file(name, part.partition.size))"
            }
            if flash.chip.kind.isNAND { text += "         \(file("\(name).bb", flash.bytes.count))" }
            return text + "   `-- mmc0.of\n      `-- mmc0\n         \(file("mmc0", 1 << 20))`-- fs\n"
        }
        guard device == name else { return "devinfo: No such device\n" }
        var end = 0
        let table = parts.map { part in
            defer { end = part.start + part.partition.size }
            let size = Self.size(part.partition.size)
            return (part.start == end ? size : "\(size)@\(Self.size(part.start))") + "(\(part.partition.name))"
        }
        return """
            Parent: 10000000.flash.of
            Parameters:
              erasesize: \(flash.chip.eraseBlockSize) (type: uint32)
              oobsize: \(flash.chip.oobSize) (type: uint32)
              partitions: \(table.joined(separator: ",")) (type: string)
              size: \(flash.bytes.count) (type: uint64)
              writesize: \(flash.chip.pageSize) (type: uint32)

            """
    }

    /// `drivers/mtd/core.c`, print_size.
    private static func size(_ bytes: Int) -> String {
        bytes % (1 << 20) == 0 ? "\(bytes >> 20)M" : bytes % (1 << 10) == 0 ? "\(bytes >> 10)k" : "\(bytes)"
    }

    /// `commands/nand.c`, do_nand; `drivers/mtd/core.c`, mtd_print_oob_info.
    private func nand(_ words: [String], _ line: String) -> LoaderAction {
        guard words == ["-i", "/dev/\(name)"], let flash, flash.chip.kind.isNAND else {
            return LoaderAction("open: No such file or directory\n", offence: .init(kind: .forbidden, text: line))
        }
        let block = flash.chip.eraseBlockSize
        let bad = flash.badBlocks.sorted().map { "Block at 0x\(Self.digits($0 * block, 8)) is bad\n" }
        return LoaderAction(
            "---- bad blocks ----\n" + (bad.isEmpty ? "No bad blocks\n" : bad.joined())
                + "---- ECC regions ----\necc:  offset:   40 length:   24\n---- free regions ----\n"
                + "free: offset:    2 length:   38\n")
    }

    // MARK: Bytes

    /// `START+SIZE` of a device (`lib/misc.c`, parse_area_spec).
    private func range(_ words: [String], option: String, line: String) -> Range<Int>? {
        guard words.count == 3, words[0] == option, words[1] == "/dev/\(name)", let flash else { return nil }
        let numbers = words[2].split(separator: "+").map { word in
            word.hasPrefix("0x") ? Int(word.dropFirst(2), radix: 16) : Int(word)
        }
        guard numbers.count == 2, let start = numbers[0], let size = numbers[1], size > 0 else { return nil }
        // What is behind the end is not printed (`sandbox-2026.06-md-past-end`).
        return min(start, flash.bytes.count)..<min(start + size, flash.bytes.count)
    }

    /// The first byte that cannot be read; nil if all can. Bad blocks are no place to read.
    func firstFailure(_ range: Range<Int>) -> Int? {
        guard let flash, flash.chip.kind.isNAND, !range.isEmpty else { return nil }
        let page = flash.chip.pageSize
        return (range.lowerBound / page...(range.upperBound - 1) / page).first { failingPages.contains($0) }
            .map { max(range.lowerBound, $0 * page) }
    }

    func offence(_ range: Range<Int>, _ line: String) -> SimulatedLoader.Offence? {
        guard let flash, !range.isEmpty else { return nil }
        let block = flash.chip.eraseBlockSize
        let isBad = (range.lowerBound / block...(range.upperBound - 1) / block).contains {
            flash.badBlocks.contains($0)
        }
        return isBad ? .init(kind: .forbidden, text: "a bad block: \(line)") : nil
    }

    /// `sandbox-2026.06-md`, `-md-short`; an error of reading ends it (`commands/md.c`, do_mem_md, which reads 4 KiB at
    /// once).
    private func dump(_ words: [String], _ line: String) -> LoaderAction {
        guard words.first == "-b", let range = range(Array(words.dropFirst()), option: "-s", line: line), let flash
        else {
            return LoaderAction("could not parse: \(words.last ?? "")\n", offence: .init(kind: .memory, text: line))
        }
        var text = ""
        var end = range.upperBound
        if let failure = firstFailure(range) {
            end = range.lowerBound + (failure - range.lowerBound) / 4_096 * 4_096
        }
        for start in stride(from: range.lowerBound, to: end, by: 16) {
            let row = Array(flash.bytes[start..<min(start + 16, end)])
            let groups = row.enumerated().map { index, byte in
                let isAborted = abortingBytes?.contains(start + index) == true
                return (index == 8 ? "  " : " ") + (isAborted ? "xx" : Self.digits(byte, 2))
            }
            let shown = row.enumerated().map { index, byte in
                abortingBytes?.contains(start + index) != true && (0x20...0x7E).contains(byte) ? byte : 0x2E
            }
            let bytes = "\(Self.digits(start, 8)):\(groups.joined())"
            text +=
                bytes + String(repeating: " ", count: max(0, 61 - bytes.utf8.count))
                + String(decoding: shown, as: UTF8.self) + "\n"
        }
        if end < range.upperBound { text += "read: Error 74\n" }
        return LoaderAction(text, offence: offence(range, line))
    }

    /// `sandbox-2026.06-crc32`, `-crc32-past-end`.
    private func checksum(_ words: [String], _ line: String) -> LoaderAction {
        guard let range = range(words, option: "-f", line: line), let flash, !range.isEmpty else {
            return LoaderAction("open \(words.dropFirst().first ?? ""): No such file or directory\n")
        }
        if firstFailure(range) != nil {
            return LoaderAction("read: Error 74\n", offence: offence(range, line))
        }
        let sum = CRC32.sum(of: flash.bytes[range])
        return LoaderAction(
            "CRC32 for /dev/\(name) 0x\(Self.digits(range.lowerBound, 8)) ... 0x\(Self.digits(range.upperBound - 1, 8)) "
                + "==> 0x\(Self.digits(sum, 8))\n", offence: offence(range, line))
    }
}

extension String {
    fileprivate func leftPadded(_ width: Int) -> String {
        String(repeating: " ", count: max(0, width - utf8.count)) + self
    }
}
