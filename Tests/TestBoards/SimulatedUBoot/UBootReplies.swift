import FlashModel
import TestSupport
import UBootFlash

/// Effects and output of the commands.
extension UBootMachine {
    /// The result of a command.
    struct Done {
        /// The output, with `\n` as line ends.
        var text = ""
        /// Microseconds from the last character to the prompt.
        var time = 200
        /// Whether it checks for ^C, and consumes typed input.
        var asks = true
        /// The output after an Enter that it asks for.
        var afterEnter: String?
        /// The console's rate while it asks for Enter, and afterwards.
        var rate: Int?
        /// The output when the processor stops with an exception, before the board restarts.
        var crash: String?
        /// Further output, each after a wait in microseconds.
        var later: [(Int, String)] = []
        /// Its response to ^C.
        var interruption = "<INTERRUPT>"
        /// Receives a file by YMODEM, and stores it at this address.
        var loadsTo: UInt64?
    }

    mutating func obey(_ line: String) -> Done {
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first else { return Done() }
        let name = first.split(separator: ".").first.map(String.init) ?? first
        switch scenario.dialect {
        case .uboot: break
        case .redboot: return Done(text: "** Error: Illegal command: \"\(first)\"\n")
        case .cfe: return Done(text: "Invalid command: \"\(first)\"\n*** command status = -1\n")
        }
        guard scenario.commands.contains(name) else {
            return Done(text: scenario.unknown.replacing("%", with: first) + "\n")
        }
        switch name {
        case "version": return version()
        case "help": return help(words)
        case "bdinfo": return boardInfo()
        case "printenv": return environment(words)
        case "flinfo": return Done(text: flashInfo())
        case "md": return display(words)
        case "crc32": return checksum(words)
        case "mw": return fill(words)
        case "cp": return copy(words)
        case "loady": return load(words)
        case "erase" where scenario.hardware.isWritable: return erase(words)
        case "protect" where scenario.hardware.isWritable: return protect(words)
        case "echo": return Done(text: words.dropFirst().joined(separator: " ").filter { $0 != "'" } + "\n")
        case "sf": return spi(words)
        case "nand": return nand(words)
        case "mtd": return mtd(words)
        case "saves": return records(words)
        case "setenv" where words.count == 3 && words[1] == "baudrate": return changeRate(words[2])
        case "setenv": return setVariable(words, line)
        case "coninfo": return consoles()
        case "ping": return ping(words)
        case "tftpput": return upload(words, isVendors: false)
        case "tftp" where words.count == 4: return upload(words, isVendors: true)
        case "tftp", "tftpboot": return fetch(words)
        default:
            offend(.forbidden, line)
            return Done(text: "done\n")
        }
    }

    // MARK: The line

    private mutating func changeRate(_ word: String) -> Done {
        let rate = Int(word) ?? 0
        guard scenario.rates.contains(rate) else {
            return Done(
                text: "## Baudrate \(rate) bps not supported\n## Error inserting \"baudrate\" variable, errno=22\n")
        }
        guard "\(rate)" != variables["baudrate"] else { return Done() }
        variables["baudrate"] = word
        var done = Done(text: "## Switch baudrate to \(rate) bps and press ENTER ...\n", afterEnter: "")
        done.rate = rate
        return done
    }

    /// `cmd/load.c`, do_save_serial: records of 16 bytes with 32-bit addresses.
    private mutating func records(_ words: [String]) -> Done {
        guard words.count == 3, let start = Self.number(words[1]), let count = Self.number(words[2]) else {
            offend(.forbidden, words.joined(separator: " "))
            return Done()
        }
        func record(_ kind: String, _ bytes: [UInt8]) -> String {
            let all = [UInt8(bytes.count + 1)] + bytes
            let sum = ~all.reduce(0, &+)
            return kind + (all + [sum]).map { Self.digits(UInt64($0), 2).uppercased() }.joined() + "\n"
        }
        var text = record("S0", [0, 0])
        guard let bytes = self.bytes(at: start + scenario.recordsOffset, Int(clamping: count)) else {
            return crash("saves \(words[1])")
        }
        for at in stride(from: 0, to: bytes.count, by: 16) {
            let address = start + UInt64(at)
            let place = (0..<4).map { UInt8(truncatingIfNeeded: address >> UInt64(24 - 8 * $0)) }
            text += record("S3", place + bytes[at..<min(bytes.count, at + 16)])
        }
        text += record("S7", [0, 0, 0, 0]) + "## S-Record upload complete\n"
        return Done(text: "## Ready for S-Record upload, press ENTER to proceed ...\n", afterEnter: text)
    }

    // MARK: Identity

    private func version() -> Done {
        Done(
            text:
                "\n\(scenario.version)\narm-linux-gnueabihf-gcc (Debian 12.2.0-14) 12.2.0\nGNU ld (GNU Binutils) 2.40\n"
        )
    }

    private func help(_ words: [String]) -> Done {
        guard words.count == 1 else {
            guard scenario.commands.contains(words[1]) else {
                return Done(text: scenario.unknown.replacing("%", with: words[1]) + "\n")
            }
            var text =
                scenario.usages[words[1]] ?? UBootUsages.texts[words[1]]
                ?? "\(words[1]) - made up\n\nUsage:\n\(words[1]) \n"
            if scenario.hardware.readsOOB {
                if words[1] == "nand" { text += "nand read.raw - addr off|partition [pages]\n" }
                if words[1] == "mtd" {
                    text += "mtd read[.raw][.oob]                  <name> <addr> [<off> [<size>]]\n"
                }
            }
            return Done(text: text)
        }
        let lines = scenario.commands.sorted().map { name in
            let text = name == "tftp" ? scenario.tftpHelp : "about \(name)"
            return name + String(repeating: " ", count: max(0, 8 - name.utf8.count)) + "- \(text)\n"
        }
        return Done(text: lines.joined())
    }

    private func boardInfo() -> Done {
        func line(_ label: String, _ value: String) -> String {
            label + String(repeating: " ", count: max(0, 12 - label.utf8.count)) + "= \(value)\n"
        }
        func address(_ value: UInt64) -> String { "0x" + Self.digits(value, 8) }
        let start = scenario.memory.lowerBound
        let size = scenario.memory.upperBound - start
        let base = scenario.bases["nor0"] ?? 0
        let flash = scenario.hardware.chips["nor0"]?.bytes.count ?? 0
        var text = line("boot_params", address(scenario.relocation - 0x4_0000))
        switch scenario.boardInfo {
        case .banks:
            text += line("DRAM bank", address(0)) + line("-> start", address(start)) + line("-> size", address(size))
        case .memory, .bare:
            text += line("memstart", address(start)) + line("memsize", address(size))
        }
        text += line("flashstart", address(base)) + line("flashsize", address(UInt64(flash)))
        text += line("flashoffset", address(0)) + line("ethaddr", variables["ethaddr"] ?? "(not set)")
        text += line("baudrate", "115200 bps")
        guard scenario.boardInfo != .bare else { return Done(text: text) }
        text += line("relocaddr", address(scenario.relocation)) + line("reloc off", address(0x1000))
        if scenario.boardInfo == .banks {
            text += line("sp start", address(scenario.relocation - 0x10_0000)) + "lmb_dump_all:\n memory.cnt  = 0x1\n"
            text +=
                " memory[0]\t[\(Self.short(start))-\(Self.short(start + size - 1))], \(address(size)) bytes flags: 0\n"
            let reserved = scenario.relocation - 0x12_0000
            text += " reserved.cnt  = 0x1\n reserved[0]\t[\(Self.short(reserved))-\(Self.short(start + size - 1))], "
            text += "\(address(start + size - reserved)) bytes flags: 0\n"
        }
        return Done(text: text)
    }

    private func environment(_ words: [String]) -> Done {
        guard words.count == 1 else {
            let lines = words.dropFirst().map { name in
                variables[name].map { "\(name)=\($0)\n" } ?? "## Error: \"\(name)\" not defined\n"
            }
            return Done(text: lines.joined())
        }
        let lines = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }
        let used = lines.reduce(1) { $0 + $1.utf8.count }
        return Done(text: lines.joined() + "\nEnvironment size: \(used)/131068 bytes\n")
    }

    private func flashInfo() -> String {
        let banks = scenario.hardware.chips.values.filter { scenario.bases[$0.chip.id] != nil }
            .sorted { $0.chip.id < $1.chip.id }
        var text = ""
        for (number, flash) in banks.enumerated() {
            let size = flash.bytes.count
            let block = flash.chip.eraseBlockSize
            let base = scenario.bases[flash.chip.id] ?? 0
            let shown = size % (1 << 20) == 0 ? "\(size >> 20) MB" : "\(size >> 10) kB"
            text +=
                "\nBank # \(number + 1): CFI conformant flash (16 x 16)  Size: \(shown) in \(size / block) Sectors\n"
            text += "  Intel Extended command set, Manufacturer ID: 0x00, Device ID: 0x0000\n"
            text +=
                "  Erase timeout: 16384 ms, write timeout: 3 ms\n  Buffer write timeout: 3 ms, buffer size: 2048 bytes\n"
            text += "\n  Sector Start Addresses:"
            for sector in 0..<size / block {
                let address = Self.digits(base + UInt64(sector * block), 8).uppercased()
                text += (sector % 5 == 0 ? "\n" : "") + "  \(address) \(protected.contains(sector) ? "  RO " : "     ")"
            }
            text += "\n"
        }
        return text
    }

    // MARK: Memory

    private mutating func display(_ words: [String]) -> Done {
        guard let width = Self.width(words[0]), words.count >= 2, let address = Self.number(words[1]) else {
            return Done()
        }
        let count = Int(clamping: words.count > 2 ? Self.number(words[2]) ?? 0 : 0x40) * width
        // Unaligned words cause an exception on most processors.
        guard count <= 4 << 20, address % UInt64(width) == 0, let bytes = bytes(at: address, count) else {
            return crash("\(words[0]) at \(words[1])")
        }
        var text = ""
        var position = 0
        while position < count {
            let part = Array(bytes[position..<min(count, position + 16)])
            var line = Self.digits(address + UInt64(position), 8) + ":"
            for start in stride(from: 0, to: part.count, by: width) {
                let word = part[start..<start + width]
                let inOrder = scenario.order == .little ? Array(word.reversed()) : Array(word)
                line += " " + inOrder.map { Self.digits(UInt64($0), 2) }.joined()
            }
            if scenario.padsDump {
                line += String(repeating: " ", count: (16 - part.count) / width * (2 * width + 1))
            }
            line += String(repeating: " ", count: scenario.dumpGap)
            line += String(
                String.UnicodeScalarView(
                    part.map { (0x20...0x7E).contains($0) ? UnicodeScalar($0) : UnicodeScalar(UInt8(ascii: ".")) }))
            text += line + "\n"
            position += 16
        }
        // `md` alone continues after the last output; it must not be used.
        return Done(text: text)
    }

    private mutating func checksum(_ words: [String]) -> Done {
        guard words.count == 3, let address = Self.number(words[1]), let size = Self.number(words[2]) else {
            return Done(text: "crc32 - checksum calculation\n\nUsage:\ncrc32 address count [addr]\n")
        }
        let count = Int(clamping: size)
        guard count <= 64 << 20, let bytes = bytes(at: address, count) else { return crash("crc32 \(words[1])") }
        let sum = Self.digits(UInt64(CRC32.sum(of: bytes)), 8)
        let last = Self.digits(address &+ size &- 1, 8)
        // It does not check for ^C.
        return Done(
            text: "\(scenario.checksumWord.rawValue) for \(Self.digits(address, 8)) ... \(last) ==> \(sum)\n",
            time: 200 + count, asks: false)
    }

    private mutating func fill(_ words: [String]) -> Done {
        guard let width = Self.width(words[0]), words.count == 4, let address = Self.number(words[1]),
            let value = Self.number(words[2]), let number = Self.number(words[3])
        else { return Done() }
        let one = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        let unit = scenario.order == .little ? one : one.reversed()
        let count = Int(clamping: number)
        guard count <= 16 << 20 else { return crash("mw \(words[1])") }
        return store((0..<count).flatMap { _ in unit }, at: address, "mw")
    }

    private mutating func copy(_ words: [String]) -> Done {
        guard let width = Self.width(words[0]), words.count == 4, let source = Self.number(words[1]),
            let target = Self.number(words[2]), let number = Self.number(words[3]),
            let bytes = bytes(at: source, Int(clamping: number) * width)
        else { return crash("cp") }
        return store(bytes, at: target, "cp")
    }

    /// Writes to RAM; any other address is an offence.
    mutating func store(_ bytes: [UInt8], at address: UInt64, _ command: String) -> Done {
        let (end, overflow) = address.addingReportingOverflow(UInt64(bytes.count))
        if overflow
            || scenario.bases.contains(where: { id, base in
                let size = UInt64(scenario.hardware.chips[id]?.bytes.count ?? 0)
                return address < base + size && base < end
            })
        {
            if command == "cp", scenario.hardware.isWritable { return program(bytes, at: address) }
            offend(.forbidden, "\(command) into flash at \(Self.short(address))")
            return Done(text: "Copy to Flash... done\n")
        }
        guard address >= scenario.memory.lowerBound, end <= scenario.relocation - 0x12_0000 else {
            return crash("\(command) to \(Self.short(address))")
        }
        memory.write(address, bytes)
        return Done(time: 200 + bytes.count / 10)
    }

    /// The contents of the address space; nil where there is nothing.
    func bytes(at address: UInt64, _ count: Int) -> [UInt8]? {
        let (end, overflow) = address.addingReportingOverflow(UInt64(max(0, count)))
        guard count >= 0, !overflow else { return nil }
        for (id, base) in scenario.bases {
            guard let flash = scenario.hardware.chips[id] else { continue }
            if address >= base, end <= base + UInt64(flash.bytes.count) {
                return Array(flash.bytes[Int(address - base)..<Int(end - base)])
            }
        }
        guard address >= scenario.memory.lowerBound, end <= scenario.memory.upperBound else { return nil }
        return memory.read(address, count)
    }

    mutating func crash(_ why: String) -> Done {
        offend(.memory, why)
        return Done(crash: "data abort\npc : [<6ffadc44>]\t   lr : [<6ffae494>]\nResetting CPU ...\n\nresetting ...\n")
    }

    // MARK: Serial flash

    private mutating func spi(_ words: [String]) -> Done {
        guard let flash = scenario.hardware.chips["spi0"] else {
            return Done(text: "Failed to initialize SPI flash at 0:0\n")
        }
        let size = flash.bytes.count
        switch words.dropFirst().first {
        case "probe":
            isProbed = true
            let kibibytes = "\(size >> 10) KiB"
            if scenario.spiForm == .silent {
                return Done(text: "\(kibibytes) hi_sfc at 0:0 is now current device\n", time: 20_000)
            }
            return Done(
                text:
                    "SF: Detected w25q128 with page size 256 Bytes, erase size \(flash.chip.eraseBlockSize >> 10) KiB, "
                    + "total \(kibibytes)\n", time: 20_000)
        case "read":
            guard isProbed else { return Done(text: "No SPI flash selected. Please run `sf probe'\n") }
            guard words.count == 5, let target = Self.number(words[2]), let offset = Self.number(words[3]),
                let count = Self.number(words[4])
            else { return Done(text: "sf - SPI flash sub-system\n\nUsage:\nsf probe [[bus:]cs] [hz] [mode]\n") }
            return readSPI(flash, to: target, offset: offset, count: count)
        case "erase", "write":
            guard scenario.hardware.isWritable else { fallthrough }
            return writeSPI(words)
        default:
            offend(.forbidden, words.joined(separator: " "))
            return Done()
        }
    }

    private mutating func readSPI(
        _ flash: SimulatedHardware.Flash, to target: UInt64, offset: UInt64, count: UInt64
    ) -> Done {
        let size = UInt64(flash.bytes.count)
        guard offset <= size, count <= size - offset else {
            switch scenario.spiForm {
            case .silent: return Done()
            case .short: return Done(text: "ERROR: attempting read past flash size (\(Self.short(size)))\n")
            case .long:
                return Done(text: "Size exceeds partition or device limit\nsf - SPI flash sub-system\n\nUsage:\n")
            }
        }
        let range = Int(offset)..<Int(offset + count)
        let isUnreadable = flash.unreadable.contains { $0.overlaps(range) }
        var done = Done(time: 200 + range.count / 4, asks: false)
        if !isUnreadable {
            let stored = store(Array(flash.bytes[range]), at: target, "sf read")
            if stored.crash != nil { return stored }
        }
        switch scenario.spiForm {
        case .silent: break
        case .short, .long:
            if scenario.spiForm == .long {
                done.text = "device 0 offset \(Self.short(offset)), size \(Self.short(count))\n"
            }
            let word = !isUnreadable ? "OK" : scenario.spiForm == .long ? "ERROR -5" : "ERROR"
            done.text += "SF: \(count) bytes @ \(Self.short(offset)) Read: \(word)\n"
        }
        return done
    }

    // MARK: NAND

    private mutating func nand(_ words: [String]) -> Done {
        let id = "nand\(nandDevice)"
        switch words.dropFirst().first {
        case "info":
            var text = "\n"
            for number in 0..<4 {
                guard let chip = scenario.hardware.chips["nand\(number)"]?.chip else { continue }
                let name = scenario.namesNANDSize ? "NAND \(chip.leastSize >> 10)KiB 3,3V 8-bit" : "nand\(number)"
                text += "Device \(number): \(name), sector size \(chip.eraseBlockSize >> 10) KiB\n"
                text +=
                    "  Page size  \(Self.padded(chip.pageSize, 11)) b\n  OOB size   \(Self.padded(chip.oobSize, 11)) b\n"
                text += "  Erase size \(Self.padded(chip.eraseBlockSize, 11)) b\n"
            }
            return Done(text: text)
        case "device":
            guard words.count == 3, let number = Self.number(words[2]),
                scenario.hardware.chips["nand\(number)"] != nil
            else { return Done() }
            nandDevice = Int(number)
            return Done(text: "Device \(number): nand\(number)... is now current device\n")
        case "bad":
            guard let flash = scenario.hardware.chips[id] else { return Done() }
            let offsets = flash.badBlocks.sorted().map {
                "  0x" + Self.digits(UInt64($0 * flash.chip.eraseBlockSize), 8)
            }
            return Done(text: "\nDevice \(nandDevice) bad blocks:\n" + offsets.map { $0 + "\n" }.joined())
        case "read":
            guard words.count == 5, let target = Self.number(words[2]), let offset = Self.number(words[3]),
                let count = Self.number(words[4]), let flash = scenario.hardware.chips[id]
            else { return Done(text: "nand - NAND sub-system\n\nUsage:\nnand info - show available NAND devices\n") }
            return readNAND(flash, to: target, offset: Int(clamping: offset), count: Int(clamping: count))
        case "read.raw":
            guard words.count == 5, let target = Self.number(words[2]), let offset = Self.number(words[3]),
                let count = Self.number(words[4]), let flash = scenario.hardware.chips[id]
            else { return Done(text: "nand - NAND sub-system\n\nUsage:\nnand info - show available NAND devices\n") }
            return readRawNAND(flash, to: target, offset: Int(clamping: offset), pages: Int(clamping: count))
        case "erase" where scenario.hardware.isWritable: return eraseNAND(words, id)
        case "write" where scenario.hardware.isWritable: return writeNAND(words, id)
        default:
            offend(.forbidden, words.joined(separator: " "))
            return Done()
        }
    }

    private mutating func readNAND(
        _ flash: SimulatedHardware.Flash, to target: UInt64, offset: Int, count: Int
    ) -> Done {
        guard offset < flash.bytes.count else { return Done(text: "\nNAND read: Offset exceeds device limit\n") }
        guard count <= flash.bytes.count - offset else {
            return Done(text: "\nNAND read: Size exceeds partition or device limit\n")
        }
        var text =
            "\nNAND read: device \(nandDevice) offset 0x\(String(offset, radix: 16)), size 0x\(String(count, radix: 16))\n"
        guard offset % flash.chip.pageSize == 0 else {
            return Done(text: text + "Attempt to read non page-aligned data\n 0 bytes read: ERROR\n")
        }
        let taken = goodBytes(of: flash, from: offset, count)
        for block in taken.skipped {
            text += "Skipping bad block 0x" + Self.digits(UInt64(block * flash.chip.eraseBlockSize), 8) + "\n"
        }
        guard taken.bytes.count == count, !taken.isUnreadable else {
            return Done(
                text: text + "NAND read from offset \(String(offset, radix: 16)) failed -5\n 0 bytes read: ERROR\n")
        }
        var done = store(taken.bytes, at: target, "nand read")
        guard done.crash == nil else { return done }
        // This command does not report corrected bits.
        let isDamaged = taken.eccPages.contains { $0.number == 74 }
        done.text =
            isDamaged
            ? text + "NAND read from offset \(String(offset, radix: 16)) failed -74\n 0 bytes read: ERROR\n"
            : text + " \(count) bytes read: OK\n"
        return done
    }

    /// Page by page, including bad blocks, as in `cmd/nand.c`, raw_access.
    private mutating func readRawNAND(
        _ flash: SimulatedHardware.Flash, to target: UInt64, offset: Int, pages: Int
    ) -> Done {
        let page = flash.chip.pageSize
        guard offset % page == 0, pages > 0, offset / page + pages <= flash.bytes.count / page else {
            return Done(text: "\nNAND read: Size exceeds partition or device limit\n")
        }
        let bytes = (offset / page..<offset / page + pages).flatMap { number in
            flash.bytes[number * page..<(number + 1) * page] + scenario.hardware.oob(number, of: flash.chip)
        }
        var done = store(bytes, at: target, "nand read.raw")
        if done.crash == nil { done.text = "\nNAND read:  \(bytes.count) bytes read: OK\n" }
        return done
    }

    /// Reads NAND as U-Boot does: data for a bad block is taken from the next good one.
    ///
    /// The second page of a block marked as corrected or failing has the ECC error: `eccPages` gives the end of each
    /// such page within the bytes, and the error number.
    private func goodBytes(
        of flash: SimulatedHardware.Flash, from offset: Int, _ count: Int
    ) -> (bytes: [UInt8], skipped: [Int], isUnreadable: Bool, eccPages: [(end: Int, number: Int)]) {
        let block = flash.chip.eraseBlockSize
        var bytes: [UInt8] = []
        var skipped: [Int] = []
        var isUnreadable = false
        var eccPages: [(end: Int, number: Int)] = []
        var position = offset
        while bytes.count < count, position < flash.bytes.count {
            let end = (position / block + 1) * block
            if flash.badBlocks.contains(position / block) {
                skipped.append(position / block)
            } else {
                let part = position..<min(end, position + count - bytes.count)
                let page = position / block * block + flash.chip.pageSize
                if part.contains(page), flash.chip.kind.isNAND {
                    let start = bytes.count + page - part.lowerBound
                    let number = position / block
                    if flash.corrected.contains(number) { eccPages.append((start + flash.chip.pageSize, 117)) }
                    if flash.failed.contains(number) { eccPages.append((start + flash.chip.pageSize, 74)) }
                }
                bytes += flash.bytes[part]
                if let last = eccPages.last, last.number == 74, last.end <= bytes.count,
                    last.end > bytes.count - part.count
                {
                    bytes[last.end - flash.chip.pageSize] ^= 0x81
                }
                if flash.unreadable.contains(where: { $0.overlaps(part) }) { isUnreadable = true }
            }
            position = end
        }
        return (bytes, skipped, isUnreadable, eccPages)
    }

    // MARK: MTD

    private mutating func mtd(_ words: [String]) -> Done {
        switch words.dropFirst().first {
        case "list":
            var text = "List of MTD devices:\n"
            for flash in scenario.hardware.chips.values.sorted(by: { $0.chip.id < $1.chip.id }) {
                text += listed(flash.chip)
            }
            return Done(text: text)
        case "bad":
            guard words.count == 3, let flash = scenario.hardware.chips[words[2]] else { return Done() }
            let offsets = flash.badBlocks.sorted().map {
                "\t0x" + Self.digits(UInt64($0 * flash.chip.eraseBlockSize), 8)
            }
            return Done(text: "MTD device \(words[2]) bad blocks list:\n" + offsets.map { $0 + "\n" }.joined())
        case "read":
            guard words.count == 6, let flash = scenario.hardware.chips[words[2]], let target = Self.number(words[3]),
                let offset = Self.number(words[4]), let count = Self.number(words[5])
            else {
                return Done(text: "mtd - MTD utils\n\nUsage:\nmtd - generic operations on memory technology devices\n")
            }
            return readMTD(flash, to: target, offset: Int(clamping: offset), count: Int(clamping: count))
        case "read.raw.oob":
            guard words.count == 6, let flash = scenario.hardware.chips[words[2]], let target = Self.number(words[3]),
                let offset = Self.number(words[4]), let count = Self.number(words[5])
            else {
                return Done(text: "mtd - MTD utils\n\nUsage:\nmtd - generic operations on memory technology devices\n")
            }
            return readMTD(
                flash, to: target, offset: Int(clamping: offset), count: Int(clamping: count), isRawWithOOB: true)
        case "erase" where scenario.hardware.isWritable: return eraseMTD(words)
        case "write" where scenario.hardware.isWritable: return writeMTD(words)
        default:
            offend(.forbidden, words.joined(separator: " "))
            return Done()
        }
    }

    private func listed(_ chip: Chip) -> String {
        let isNAND = chip.kind.isNAND
        var text = "* \(chip.id)\n  - device: flash@0\n  - parent: root_driver\n"
        text += "  - driver: \(isNAND ? "sand-nand" : chip.kind == .nor ? "cfi_flash" : "jedec_spi_nor")\n"
        text += "  - path: /flash@0\n  - type: \(isNAND ? "NAND flash" : "NOR flash")\n"
        text += "  - block size: 0x\(String(chip.eraseBlockSize, radix: 16)) bytes\n"
        text += "  - min I/O: 0x\(String(chip.pageSize, radix: 16)) bytes\n"
        if isNAND {
            text += "  - OOB size: \(chip.oobSize) bytes\n  - OOB available: 8 bytes\n  - ECC strength: 1 bits\n"
            text += "  - ECC step size: 256 bytes\n  - bitflip threshold: 1 bits\n"
        }
        text += "  - 0x000000000000-0x\(Self.digits(UInt64(chip.leastSize), 12)) : \"\(chip.id)\"\n"
        for device in scenario.hardware.devices
        where device.partition.chip == chip.id && device.partition.size < chip.leastSize {
            let end = device.start + device.partition.size
            text += "\t  - 0x\(Self.digits(UInt64(device.start), 12))-0x\(Self.digits(UInt64(end), 12)) : "
            text += "\"\(device.partition.name)\"\n"
        }
        return text
    }

    private mutating func readMTD(
        _ flash: SimulatedHardware.Flash, to target: UInt64, offset: Int, count: Int, isRawWithOOB: Bool = false
    ) -> Done {
        let page = flash.chip.pageSize
        guard offset % page == 0 else {
            return Done(text: "Offset not aligned with a page (0x\(String(page, radix: 16)))\n")
        }
        let wanted = (count + page - 1) / page * page
        var text = ""
        if wanted != count {
            let sizes = (String(page, radix: 16), String(wanted, radix: 16))
            text += "Size not on a page boundary (0x\(sizes.0)), rounding to 0x\(sizes.1)\n"
        }
        text += "Reading \(wanted) byte(s) "
        if flash.chip.kind.isNAND { text += "(\(wanted / page) page(s)) " }
        text += "at offset 0x\(Self.digits(UInt64(offset), 8))\(isRawWithOOB ? " [raw] [oob]" : "")\n"
        if isRawWithOOB {
            // All data first, then all OOB bytes.
            let end = min(flash.bytes.count, offset + wanted)
            let spare = (offset / page..<end / page).flatMap { scenario.hardware.oob($0, of: flash.chip) }
            var done = store(Array(flash.bytes[offset..<end]) + spare, at: target, "mtd read.raw.oob")
            if done.crash == nil { done.text = text }
            return done
        }
        let taken = goodBytes(of: flash, from: offset, wanted)
        let ended = "Failure while reading at offset 0x\(String(offset, radix: 16))\n"
        guard taken.bytes.count == wanted, !taken.isUnreadable else {
            return Done(text: text + ended + "Read on \(flash.chip.id) failed with error -5\n")
        }
        // Reading stops after the first page with an ECC error.
        let end = taken.eccPages.first
        var done = store(Array(taken.bytes.prefix(end?.end ?? wanted)), at: target, "mtd read")
        guard done.crash == nil else { return done }
        done.text = text
        if let end { done.text += ended + "Read on \(flash.chip.id) failed with error -\(end.number)\n" }
        return done
    }

    // MARK: Numbers

    static func digits(_ value: UInt64, _ count: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    private static func short(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    private static func padded(_ value: Int, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: " ", count: max(0, count - text.utf8.count)) + text
    }

    static func number(_ word: String) -> UInt64? {
        UInt64(word.hasPrefix("0x") ? String(word.dropFirst(2)) : word, radix: 16)
    }

    /// The word size in bytes, by the suffix of the command's name.
    private static func width(_ word: String) -> Int? {
        if word.hasSuffix(".b") { return 1 }
        if word.hasSuffix(".w") { return 2 }
        return word.contains(".") && !word.hasSuffix(".l") ? nil : 4
    }
}
