import FlashModel
import UBootFlash

/// Effects and output of the commands that read and write memory.
extension UBootMachine {
    /// `malta-md`, `malta-be-md`, `vexpress-2011.12-md` (`lib/display_options.c`, print_buffer). An odd address stops
    /// the processor (`malta-cp-odd-address`).
    mutating func display(_ words: [String]) -> Done {
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

    /// `malta-crc32`, `vexpress-2013.07-crc32` (`common/hash.c`, hash_command).
    mutating func checksum(_ words: [String]) -> Done {
        guard words.count == 3, let address = Self.number(words[1]), let size = Self.number(words[2]) else {
            return Done(text: "crc32 - checksum calculation\n\nUsage:\ncrc32 address count [addr]\n")
        }
        let count = Int(clamping: size)
        guard count <= 64 << 20, let bytes = bytes(at: address, count) else { return crash("crc32 \(words[1])") }
        let sum = Self.digits(UInt64(CRC32.sum(of: bytes)), 8)
        let last = Self.digits(address &+ size &- 1, 8)
        // It does not check for ^C, and prints when it is done (`cmd/mem.c`, do_mem_crc).
        return Done(
            text: "\(scenario.checksumWord.rawValue) for \(Self.digits(address, 8)) ... \(last) ==> \(sum)\n",
            work: count, asks: false)
    }

    /// Prints nothing (`malta-cp`; `cmd/mem.c`, do_mem_mw).
    mutating func fill(_ words: [String]) -> Done {
        guard let width = Self.width(words[0]), words.count == 4, let address = Self.number(words[1]),
            let value = Self.number(words[2]), let number = Self.number(words[3])
        else { return Done() }
        let one = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        let unit = scenario.order == .little ? one : one.reversed()
        let count = Int(clamping: number)
        guard count <= 16 << 20 else { return crash("mw \(words[1])") }
        return store((0..<count).flatMap { _ in unit }, at: address, "mw")
    }

    /// Prints nothing between addresses of RAM (`malta-cp`; `cmd/mem.c`, do_mem_cp).
    mutating func copy(_ words: [String]) -> Done {
        guard let width = Self.width(words[0]), words.count == 4, let source = Self.number(words[1]),
            let target = Self.number(words[2]), let number = Self.number(words[3]),
            let bytes = bytes(at: source, Int(clamping: number) * width)
        else { return crash("cp") }
        return store(bytes, at: target, "cp")
    }

    /// Writes to RAM; any other address is an offence. U-Boot's own memory begins below its code, with heap and stack;
    /// how much below differs (`malta-bdinfo`), and 0x120000 is an assumption.
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

    /// The contents of the address space; nil if an address has none.
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

    /// `vexpress-2013.07-data-abort-reset`, shortened.
    mutating func crash(_ why: String) -> Done {
        offend(.memory, why)
        return Done(crash: "data abort\npc : [<6ffadc44>]\t   lr : [<6ffae494>]\nResetting CPU ...\n\nresetting ...\n")
    }

    /// Records of 16 bytes with 32-bit addresses (`lab-malta-built-saves`; `cmd/load.c`, do_save_serial).
    mutating func records(_ words: [String]) -> Done {
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

    /// The word size in bytes, by the suffix of the command's name.
    private static func width(_ word: String) -> Int? {
        if word.hasSuffix(".b") { return 1 }
        if word.hasSuffix(".w") { return 2 }
        return word.contains(".") && !word.hasSuffix(".l") ? nil : 4
    }
}
