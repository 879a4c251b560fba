import FlashModel

/// The properties and output of a simulated loader of Realtek. Its forms are those of the loader's sources
/// (`boot/monitor.c`, `boot/utility.c`, `boot/main.c` in vendors' releases for RTL8196 and RTL8198) and of logs that owners
/// posted (`RealtekFlashTests/Fixtures`).
package struct RealtekScenario: LoaderPersonality {
    /// How it prints the size of its flash.
    package enum SizeText: Sendable, Hashable, CaseIterable {
        /// RTL8196C: `4.Winbond SPI (4 MByte)!` (`rtl8196c-start`).
        case megabytes
        /// RTL8196E of 2020: a table (`rtl8196e-table-start`).
        case table
        /// RTL8196E of 2014: nothing (notes of owners).
        case none
    }

    /// The chip `flash0`.
    package var hardware: SimulatedHardware
    package var sizeText = SizeText.megabytes
    package var commands: Set<String> = [
        "DB", "DW", "EB", "EW", "CMP", "IPCONFIG", "AUTOBURN", "LOADADDR", "J", "FLR", "FLW", "MDIOR", "MDIOW", "PHYR",
        "PHYW", "PORT1",
    ]
    /// Which character erases: DEL or backspace; the other one is appended (`utility.c`, GetLine).
    package var erasesWithDelete = true
    /// Whether DW counts lines of four words (notes of owners of a rewritten loader) and not words.
    package var countsLines = false
    /// Whether FLR does nothing although it says so. Made up: what stale RAM looks like.
    package var copiesNothing = false
    /// Where serial NOR is mapped.
    package var window: UInt64 = 0xBD00_0000
    /// Microseconds until it jumps (notes of owners: 1 to 5 s).
    package var countdownTime = 1_000_000
    package var characterTime = 260

    /// Whether AUTOBURN does not obey. Made up.
    package var burnsAlways = false
    /// Whether the server sends other memory than LOADADDR says. Made up.
    package var servesElsewhere = false
    /// A cell of RAM that keeps a bit set. Made up.
    package var badCell: (address: UInt64, bit: UInt8)?
    /// `boot/tftpd.c`, tftpd_entry.
    var state = NetworkState()

    var memory = SimulatedMemory(seed: 1)
    private var line: [UInt8] = []
    /// What FLR copies once it is told so.
    private var pending: (target: UInt64, offset: Int, count: Int)?

    package init(_ hardware: SimulatedHardware) {
        self.hardware = hardware
    }

    package var prompt: String { "<RealTek>" }
    package var lineEnd: [UInt8] { [0x0A, 0x0D] }
    private var flash: SimulatedHardware.Flash? { hardware.chips["flash0"] }

    // MARK: Start

    package var startText: String {
        let size = flash?.bytes.count ?? 0
        let version = "at 2014.08.29-12:43+0800 version v1.1c [16bit](390MHz)"
        switch sizeText {
        case .megabytes:
            return "=============================\n<Probe SPI #0 >\n1.Manufacture ID=0xef\n3.Capacity ID=0x16\n"
                + "4.Winbond SPI (\(size >> 20) MByte)!\n5.Total sector-counts = \(size >> 12)(sector=4KB)\n"
                + "\n---RealTek(RTL8196C)\(version)\nno sys signature at 00010000!\n"
        case .table:
            return "Booting...\n@\n@ chip__no chip__id mfr___id dev___id cap___id size_sft dev_size chipSize\n"
                + "@ 0000000h 0c84018h 00000c8h 0000040h 0000018h 0000000h 0000018h \(String(size, radix: 16))h\n"
                + "@ blk_size blk__cnt sec_size sec__cnt pageSize page_cnt chip_clk chipName\n"
                + "@ 0010000h 0000100h 0001000h 0001000h 0000100h 0000010h 000004eh GD25Q128\n@\n"
                + "\n---RealTek(RTL8196E)at 2020.04.28-13:58+0800 v3.4T-pre2 [16bit](380MHz)\nP0phymode=01, embedded phy\n"
        case .none:
            return "\n---RealTek(RTL8196E)at 2014.04.22-16:22+0800 v1.3 [16bit](400MHz)\nP0phymode=01, embedded phy\n"
        }
    }

    package var countdown: LoaderCountdown? {
        LoaderCountdown(
            text: "", keys: [0x1B], time: countdownTime, keepsKey: false,
            stopText: "\n---Escape booting by user\nP0phymode=01, embedded phy\n\n---Ethernet init Okay!\n")
    }

    package var systemText: String {
        "Jump to image start=0x80500000...\ndecompressing kernel:\nUncompressing Linux... done, booting the kernel.\n"
    }

    package mutating func restart(_ number: Int) {
        memory = SimulatedMemory(seed: UInt8(truncatingIfNeeded: number))
        line = []
        pending = nil
        state = NetworkState()
    }

    // MARK: Typing

    /// `utility.c`, GetLine: every character is appended and echoed, control characters, too.
    package mutating func take(_ byte: UInt8) -> LoaderEdit { edit(byte, limit: 128) }

    /// `monitor.c`, YesOrNo: a line of two characters at most.
    package mutating func answer(_ byte: UInt8) -> LoaderEdit { edit(byte, limit: 2) }

    private mutating func edit(_ byte: UInt8, limit: Int) -> LoaderEdit {
        switch byte {
        case 0x0D, 0x0A: return ended()
        case erasesWithDelete ? 0x7F : 0x08:
            guard !line.isEmpty else { return .echo([]) }
            line.removeLast()
            return .echo([0x08, 0x20, 0x08])
        default:
            line.append(byte)
            return line.count < limit ? .echo([byte]) : ended()
        }
    }

    private mutating func ended() -> LoaderEdit {
        defer { line = [] }
        return .enter(String(decoding: line, as: UTF8.self))
    }

    // MARK: Commands

    package mutating func run(_ line: String) -> LoaderAction {
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first?.uppercased() else { return LoaderAction() }
        let arguments = Array(words.dropFirst())
        if first == "?" { return LoaderAction(help) }
        // A line of backspaces is a word, too.
        guard commands.contains(first) else { return LoaderAction("Unknown command !\n") }
        switch first {
        case "DB": return dumpBytes(arguments, line)
        case "DW": return dumpWords(arguments, line)
        case "FLR": return ask(arguments, line)
        case "AUTOBURN", "LOADADDR", "IPCONFIG": return set(first, arguments, line)
        default: return LoaderAction(offence: .init(kind: .forbidden, text: line))
        }
    }

    /// `monitor.c`, MainCmdTable.
    private var help: String {
        let table = [
            ("DB", "DB <Address> <Len>"), ("DW", "DW <Address> <Len>"), ("EB", "EB <Address> <Value1> <Value2>..."),
            ("EW", "EW <Address> <Value1> <Value2>..."), ("CMP", "CMP: CMP <dst><src><length>"),
            ("IPCONFIG", "IPCONFIG:<TargetAddress>"), ("AUTOBURN", "AUTOBURN: 0/1"),
            ("LOADADDR", "LOADADDR: <Load Address>"), ("J", "J: Jump to <TargetAddress>"),
            ("FLR", "FLR: FLR <dst><src><length>"),
            ("FLW", "FLW <dst_ROM_offset><src_RAM_addr><length_Byte> <SPI cnt#>: Write offset-data to SPI from RAM"),
            ("PHYW", "PHYW: PHYW <PHYID><reg><data>"),
        ]
        return "----------------- COMMAND MODE HELP ------------------\nHELP (?)\t\t\t\t    : Print this help message\n"
            + table.filter { commands.contains($0.0) }.map { $0.1 + "\n" }.joined()
    }

    private static func digits(_ value: some BinaryInteger, _ count: Int, uppercase: Bool = true) -> String {
        let text = String(value, radix: 16, uppercase: uppercase)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    /// The bytes at an address: the mapped flash, or RAM; nil elsewhere.
    private func bytes(at address: UInt64, count: Int) -> [UInt8]? {
        if let flash, address >= window, address - window + UInt64(count) <= UInt64(flash.bytes.count) {
            let start = Int(address - window)
            return Array(flash.bytes[start..<start + count])
        }
        guard address >= 0x8000_0000, address + UInt64(count) <= 0x8200_0000 else { return nil }
        return ram(address, count)
    }

    /// What RAM holds, with its bad cell.
    func ram(_ address: UInt64, _ count: Int) -> [UInt8] {
        var bytes = memory.read(address, count)
        if let badCell, let place = Int(exactly: badCell.address.subtractingReportingOverflow(address).partialValue),
            bytes.indices.contains(place)
        {
            bytes[place] |= badCell.bit
        }
        return bytes
    }

    /// An access to an address without memory.
    private func exception(_ line: String) -> LoaderAction {
        LoaderAction("Exception\n", isHang: true, offence: .init(kind: .memory, text: line))
    }

    /// `utility.c`, ddump: the length is decimal.
    private func dumpBytes(_ words: [String], _ line: String) -> LoaderAction {
        guard let word = words.first else { return LoaderAction("Wrong argument number!\n") }
        let count = words.count > 1 ? Int(words[1]) ?? 0 : 16
        guard let address = UInt64(word, radix: 16), let bytes = bytes(at: address, count: count) else {
            return exception(line)
        }
        var text = " [Addr]   .0 .1 .2 .3 .4 .5 .6 .7 .8 .9 .A .B .C .D .E .F\n"
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let row = bytes[start..<min(start + 16, bytes.count)]
            text += Self.digits(address + UInt64(start), 8) + ": "
            text += row.map { Self.digits($0, 2, uppercase: false) + " " }.joined()
            text += String(repeating: "   ", count: 16 - row.count) + "    "
            text += String(decoding: row.map { (0x20...0x7E).contains($0) ? $0 : 0x2E }, as: UTF8.self) + "\n"
        }
        return LoaderAction(text)
    }

    /// `monitor.c`, CmdDumpWord: the number of words is decimal, and whole lines of four are printed.
    private func dumpWords(_ words: [String], _ line: String) -> LoaderAction {
        guard let word = words.first else { return LoaderAction("Wrong argument number!\n") }
        let count = words.count > 1 ? Int(words[1]) ?? 0 : 1
        let lines = countsLines ? count : (count + 3) / 4
        guard let address = UInt64(word, radix: 16),
            let bytes = bytes(at: address < 0x8000_0000 ? address | 0x8000_0000 : address, count: lines * 16)
        else { return exception(line) }
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 16) {
            text += Self.digits(address + UInt64(start), 8) + ":"
            for place in stride(from: start, to: start + 16, by: 4) {
                text += "\t" + bytes[place..<place + 4].map { Self.digits($0, 2) }.joined()
            }
            text += "\n"
        }
        return LoaderAction(text)
    }

    /// `monitor.c`, CmdFlr: three hexadecimal numbers, and a question that takes the next line for its answer.
    private mutating func ask(_ words: [String], _ line: String) -> LoaderAction {
        let numbers = words.compactMap { UInt64($0, radix: 16) }
        guard words.count == 3, numbers.count == 3 else { return exception(line) }
        pending = (numbers[0], Int(numbers[1]), Int(numbers[2]))
        // Before the question.
        state.length = Int(numbers[2])
        return LoaderAction(
            "Flash read from \(Self.digits(numbers[1], 8)) to \(Self.digits(numbers[0], 8)) with "
                + "\(Self.digits(numbers[2], 8)) bytes\t?\n(Y)es , (N)o ? --> ", isQuestion: true)
    }

    package mutating func decide(_ answer: String) -> LoaderAction {
        guard let job = pending else { return LoaderAction() }
        pending = nil
        guard answer.first == "Y" || answer.first == "y" else { return LoaderAction("Abort!\n") }
        guard let flash, job.offset >= 0, job.count > 0, job.offset + job.count <= flash.bytes.count,
            job.target >= 0x8050_0000, job.target + UInt64(job.count) <= 0x8200_0000
        else { return LoaderAction("Flash Read Failed!\n", offence: .init(kind: .memory, text: "FLR \(job)")) }
        if !copiesNothing { memory.write(job.target, Array(flash.bytes[job.offset..<job.offset + job.count])) }
        return LoaderAction("Flash Read Successed!\n", time: 200 + job.count / 4)
    }
}
