import FlashModel

/// The commands of a simulated CFE, and their output.
extension CFEScenario {
    var blockSize: Int { flash?.chip.eraseBlockSize ?? 1 }
    var pageSize: Int { flash?.chip.pageSize ?? 1 }
    var oobSize: Int { flash?.chip.oobSize ?? 0 }

    package mutating func run(_ line: String) -> LoaderAction {
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first else { return LoaderAction() }
        let arguments = Array(words.dropFirst())
        switch (first, is63xx) {
        case ("help", _): return ended(help)
        case ("show", false) where arguments == ["devices"]: return ended(devices)
        case ("fdump", false) where family == .bcm47xx: return dumpDevice(arguments, line)
        case ("d", false): return dumpMemory(arguments, line)
        case ("ifconfig", false) where network != nil: return ifconfig(arguments, line)
        case ("save", false) where network != nil: return save(arguments, line)
        case ("dm", true): return dumpWords(arguments, line)
        case ("fi", true) where hasPartitions && family == .bcm63xxNAND: return ended(partitions)
        case ("fb", true) where family == .bcm63xxNAND: return ended(badBlocks)
        case ("dn", true) where family == .bcm63xxNAND: return dumpPage(arguments, line)
        default: break
        }
        // Commands that exist, and that a backup never sends.
        let offence = names.contains(first) ? SimulatedLoader.Offence(kind: .forbidden, text: line) : nil
        if offence != nil { return LoaderAction("Done.\n*** command status = 0\n", offence: offence) }
        // `ui/ui_command.c`, cmd_lookup; its own names, and a hint, follow.
        return LoaderAction(
            "Invalid command: \"\(first)\"\nAvailable commands: \(names.joined(separator: ", "))\n\n"
                + "*** command status = -1\n")
    }

    func ended(_ text: String, status: Int = 0) -> LoaderAction {
        LoaderAction("\(text)*** command status = \(status)\n")
    }

    private var names: [String] { commandTable.map(\.name) }

    /// `bcm47xx-help`, `bcm63xx-help`.
    private var commandTable: [(name: String, text: String)] {
        guard is63xx else {
            var table = [
                ("nvram", "NVRAM utility."), ("reboot", "Reboot."), ("flash", "Update a flash memory device"),
                ("f", "Fill contents of memory."), ("e", "Modify contents of memory."), ("d", "Dump memory."),
                ("go", "Start a previously loaded program."), ("load", "Load an executable file into memory"),
                ("show devices", "Display information about the installed devices."),
                ("help", "Obtain help for CFE commands"),
            ]
            if network != nil {
                table.insert(("save", "Save a region of memory to a remote file via TFTP"), at: 2)
                table.insert(("ifconfig", "Configure the Ethernet interface"), at: 3)
            }
            if family == .bcm47xx { table.insert(("fdump", "Dump content on flash device in hex format."), at: 2) }
            return table
        }
        var table: [(String, String)] = []
        if family == .bcm63xxNAND {
            table += [
                ("fe", "Erase a selected partition of the flash"), ("fb", "Find NAND bad blocks"),
                ("dn", "Dump NAND contents along with spare area"),
            ]
            if hasPartitions { table.append(("fi", "Display informations about the flash partitions.")) }
        }
        return table + [
            ("sm", "Set memory or registers."), ("dm", "Dump memory or registers."), ("w", "Write the whole image"),
            ("e", "Erase NAND flash"), ("r", "Run program from flash image"), ("p", "Print boot line"),
            ("c", "Change booline parameters"), ("f", "Write image to the flash "),
            ("i", "Erase persistent storage data"), ("b", "Change board parameters"), ("reset", "Reset the board"),
            ("help", "Obtain help for CFE commands"),
        ]
    }

    private var help: String {
        let lines = commandTable.map { name, text in
            name + String(repeating: " ", count: max(1, 20 - name.utf8.count)) + text
        }
        return "Available commands:\n\n\(lines.joined(separator: "\n"))\n\n"
            + "For more information about a command, enter 'help command-name'\n"
    }

    /// `bcm47xx-show-devices`.
    private var devices: String {
        let size = (flash?.bytes.count ?? 0) >> 10
        let block = blockSize >> 10
        let name = "ST Compatible Serial flash"
        func row(_ device: String, _ text: String) -> String {
            device + String(repeating: " ", count: max(1, 21 - device.utf8.count)) + text + "\n"
        }
        func hex(_ kibibytes: Int) -> String {
            let digits = String(kibibytes << 10, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        }
        var text = "Device Name          Description\n-------------------  " + String(repeating: "-", count: 57) + "\n"
        text += row("uart0", "NS16550 UART at 0x18000300")
        if listsChip { text += row("flash0", "\(name) size \(size)KB") }
        text += row("flash0.boot", "\(name) offset 00000000 size \(2 * block)KB")
        text += row("flash0.trx", "\(name) offset \(hex(2 * block)) size 1KB")
        text += row("flash0.nvram", "\(name) offset \(hex(size - block)) size \(block)KB")
        text += row("flash1.trx", "\(name) offset \(hex(2 * block)) size \(size - 3 * block)KB")
        return text + row("eth0", "Broadcom BCM47XX 10/100/1000 Mbps Ethernet Controller")
    }

    // MARK: Dumps

    private static func digits(_ value: some BinaryInteger, _ count: Int, uppercase: Bool = false) -> String {
        let text = String(value, radix: 16, uppercase: uppercase)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    private static func characters(_ bytes: some Sequence<UInt8>, hidesDelete: Bool = true) -> String {
        String(
            decoding: bytes.map { byte in
                (0x20...(hidesDelete ? 0x7E : 0x7F)).contains(byte) ? byte : UInt8(ascii: ".")
            }, as: UTF8.self)
    }

    /// `bcm47xx-fdump`.
    private func dumpDevice(_ words: [String], _ line: String) -> LoaderAction {
        var offset: Int?
        var size: Int?
        var device = "flash0"
        for word in words {
            if word.hasPrefix("-offset=") {
                offset = Self.number(word.dropFirst(8))
            } else if word.hasPrefix("-size=") {
                size = Self.number(word.dropFirst(6))
            } else {
                device = word
            }
        }
        guard device == "flash0", let flash else { return ended("\(device): Device not found\n", status: -6) }
        guard let offset, let size, offset >= 0, size > 0, offset + size <= flash.bytes.count else {
            return LoaderAction(
                "*** command status = -17\n", offence: .init(kind: .memory, text: line))
        }
        var text = ""
        for start in stride(from: offset, to: offset + size, by: 16) {
            let bytes = flash.bytes[start..<min(start + 16, offset + size)]
            let groups = bytes.enumerated().map { index, byte in
                (index == 8 && hasCharacters ? " " : "") + Self.digits(byte, 2)
            }
            text += "\(Self.digits(start, 8))  \(groups.joined(separator: " "))"
            text += hasCharacters ? "  |\(Self.characters(bytes))|\n" : "\n"
        }
        return ended(text)
    }

    /// Decimal, or hexadecimal with `0x`.
    private static func number(_ text: some StringProtocol) -> Int? {
        text.lowercased().hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
    }

    /// The bytes at an address; nil outside the flash.
    func bytes(at address: UInt64, count: Int) -> [UInt8]? {
        guard let flash, address >= base, count > 0, address - base + UInt64(count) <= UInt64(flash.bytes.count) else {
            return nil
        }
        let start = Int(address - base)
        return Array(flash.bytes[start..<start + count])
    }

    /// `ui/ui_examcmds.c`, dumpmem: both numbers are hexadecimal, with and without `0x`.
    private func dumpMemory(_ words: [String], _ line: String) -> LoaderAction {
        let numbers = words.filter { !$0.hasPrefix("-") }.map { text in
            UInt64(text.hasPrefix("0x") ? text.dropFirst(2) : text[...], radix: 16)
        }
        guard words.first == "-b", numbers.count == 2, let address = numbers[0], let count = numbers[1],
            let bytes = bytes(at: address, count: Int(count))
        else { return LoaderAction("Exception\n", isHang: true, offence: .init(kind: .memory, text: line)) }
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let row = bytes[start..<min(start + 16, bytes.count)]
            let groups = row.map { Self.digits($0, 2, uppercase: true) + " " }.joined()
            let address = Self.digits(address + UInt64(start), 8, uppercase: true)
            text +=
                "\(address): \(groups)\(String(repeating: "   ", count: 16 - row.count)) "
                + Self.characters(row, hidesDelete: false) + "\n"
        }
        return ended(text)
    }

    /// `bcm63xx_ram/src/bcm63xx_cmd.c`, ui_cmd_dump_mem and ui_dumpaddr: the address is hexadecimal, the length decimal.
    private func dumpWords(_ words: [String], _ line: String) -> LoaderAction {
        guard words.count == 2, let address = UInt64(words[0], radix: 16), let count = Int(words[1], radix: lengthBase)
        else { return ended("dm address_in_hex length_in_decimal\n") }
        guard let bytes = bytes(at: address, count: count) else {
            return LoaderAction("Exception\n", isHang: true, offence: .init(kind: .memory, text: line))
        }
        return ended(printed(bytes, from: address, asWords: printsWords) + "\n")
    }

    private func printed(_ bytes: [UInt8], from address: UInt64, asWords: Bool) -> String {
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let row = Array(bytes[start..<min(start + 16, bytes.count)])
            let groups = row.enumerated().map { index, byte in
                Self.digits(byte, 2) + (!asWords || index % 4 == 3 ? " " : "")
            }
            text += "\(Self.digits(address + UInt64(start), 8)): \(groups.joined())"
            text += String(repeating: "   ", count: 16 - row.count) + "   " + Self.characters(row) + "\n"
        }
        return text
    }

    // MARK: NAND

    /// `bcm63xx-spare`.
    private mutating func dumpPage(_ words: [String], _ line: String) -> LoaderAction {
        let numbers = words.compactMap { Int($0) }
        let pages = blockSize / max(1, pageSize)
        guard numbers.count == 3, words.count == 3, numbers[2] == 1, let flash, (0..<pages).contains(numbers[1]),
            numbers[0] >= 0, (numbers[0] + 1) * blockSize <= flash.bytes.count
        else { return LoaderAction("*** command status = -1\n", offence: .init(kind: .memory, text: line)) }
        let number = numbers[0] * pages + numbers[1]
        if flash.badBlocks.contains(numbers[0]) {
            return LoaderAction(
                "*** command status = -1\n", offence: .init(kind: .forbidden, text: "a bad block: \(line)"))
        }
        let start = number * pageSize
        var bytes = Array(flash.bytes[start..<start + pageSize])
        var text = "------------------ block: \(numbers[0]), page: \(numbers[1]) ------------------\n"
        if let left = failingPages[number], left > 0 {
            failingPages[number] = left - 1
            text += "Uncorrectable ECC Error detected: addr=0x\(Self.digits(start, 8))\n"
            text += "Error reading block \(numbers[0])\n"
            bytes = [UInt8](repeating: 0x5A, count: pageSize)
        } else if correctedPages.contains(number) {
            text += "Correctable ECC Error detected: addr=0x\(Self.digits(start, 8)), intrCtrl=0x00000090\n"
        }
        text += printed(bytes, from: UInt64(start), asWords: true)
        text += "\n----------- spare area for block \(numbers[0]), page \(numbers[1]) -----------\n"
        text += printed(hardware.oob(number, of: flash.chip), from: UInt64(pageSize), asWords: true)
        return ended(text + "\n", status: 1)
    }

    /// `bcm63xx-fi`.
    private var partitions: String {
        let blocks = (flash?.bytes.count ?? 0) / blockSize
        func row(_ number: Int, _ name: String, _ range: Range<Int>) -> String {
            let size = range.count * blockSize
            return "\(number) : \(name) offset=0x\(Self.digits(range.lowerBound * blockSize, 8)), size=\(size) "
                + "(\(size >> 10) ko), blocks=\(range.count)\n"
        }
        return row(0, "boot   ", 0..<1) + row(1, "rootfs1", 1..<blocks - 1) + row(2, "bbt    ", blocks - 1..<blocks)
            + "flash_end   offset=0x\(Self.digits(blocks * blockSize, 8)), blocks=\(blocks)\n"
    }

    /// `bcm63xx_ram/src/bcm63xx_cmd.c`, ui_cmd_find_bad_blocks.
    private var badBlocks: String {
        let blocks = (flash?.bytes.count ?? 0) / blockSize
        let bad = (flash?.badBlocks ?? []).sorted().map { "Block 0x\(String($0, radix: 16)) is marked bad\n" }
        return ">>>>>>>> FIND BAD BLOCKS from block 0 to block 0x\(String(blocks - 1, radix: 16)) <<<<<<<<\n"
            + bad.joined()
    }
}
