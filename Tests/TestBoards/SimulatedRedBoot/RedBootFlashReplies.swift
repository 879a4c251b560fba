import FlashModel
import TestSupport

/// Effects and output of `fis`.
extension RedBootMachine {
    var fisNames: [String] {
        (["create", "delete", "erase", "free", "init", "list", "load"]
            + (hasLocks ? ["lock", "unlock"] : []) + ["write"]).filter { !scenario.missing.contains("fis \($0)") }
    }

    private var hasLocks: Bool { scenario.hasLocks && scenario.generation == .y2006 }

    mutating func fis(_ words: [String], _ line: String, _ fault: RedBootScenario.Fault?) -> RedBootAction {
        guard let first = words.first else { return invalid("too few arguments") }
        let (name, text) = lookUp(first, in: fisNames)
        guard let name else { return RedBootAction(text: text + invalid("unrecognized command").text) }
        if name != first { offend(.forbidden, "an incomplete word: \(line)") }
        let rest = Array(words.dropFirst())
        switch name {
        case "list": return list(rest)
        case "write": return write(rest, fault)
        case "erase": return erase(rest)
        case "lock", "unlock": return lock(rest, name == "lock")
        default:
            // `init`, `create`, `delete` write the directory; `load` writes wherever an image says.
            offend(.forbidden, line)
            return RedBootAction()
        }
    }

    /// `malta-2006-errors`.
    private func invalid(_ why: String) -> RedBootAction {
        RedBootAction(
            text: "*** invalid 'fis' command: \(why)\nUsage:\n" + fisUsages.map { "  \($0.usage)\n" }.joined())
    }

    // MARK: The directory

    private struct Entry {
        var name: String
        var words: [UInt32]
        var address: UInt32 { words[0] }
    }

    /// The entries of the directory on flash: in its order in 2003, by address since (`malta-2003-fis-init`,
    /// `malta-2006-fis-create`). Since 2006, of several with the same address only one (`redboot/current/src/flash.c`,
    /// fis_list).
    private var entries: [Entry] {
        guard let flash = scenario.chip, let place = scenario.directory else { return [] }
        var result: [Entry] = []
        for slot in stride(from: place.lowerBound, to: place.upperBound - 255, by: 256)
        where flash.bytes[slot] != 0xFF {
            let name = flash.bytes[slot..<slot + 16].prefix { $0 != 0 }
            let words = [16, 20, 24, 28, 32, 252].map { offset in
                let part = Array(flash.bytes[slot + offset..<slot + offset + 4])
                return (scenario.isBigEndian ? part : part.reversed()).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            }
            result.append(Entry(name: String(decoding: name, as: UTF8.self), words: words))
        }
        guard scenario.generation != .y2003 else { return result }
        var seen: Set<UInt32> = []
        return result.sorted { $0.address < $1.address }.filter { seen.insert($0.address).inserted }
    }

    /// `malta-2006-fis-init`.
    private func list(_ words: [String]) -> RedBootAction {
        let (options, error) = RedBootOptions.parse(words, flags: ["c", "d"])
        if let error { return RedBootAction(text: error) }
        let (sums, lengths) = (options.flags.contains("c"), options.flags.contains("d"))
        var text =
            "Name              FLASH addr  \(sums ? "Checksum" : "Mem addr")    "
            + "\(lengths ? "Datalen " : "Length  ")    Entry point\n"
        if let lines = scenario.listedLines { return RedBootAction(text: text + lines.map { $0 + "\n" }.joined()) }
        for entry in entries {
            let name = entry.name + String(repeating: " ", count: max(0, 16 - entry.name.utf8.count))
            let shown = [
                entry.words[0], entry.words[sums ? 5 : 1], entry.words[lengths ? 4 : 2], entry.words[3],
            ]
            text += "\(name)  " + shown.map { "0x" + Hexadecimal.text($0).uppercased() }.joined(separator: "  ") + "\n"
        }
        return RedBootAction(text: text)
    }

    // MARK: Writing

    private func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: max(0, 8 - text.utf8.count)) + text
    }

    /// The blocks of an address range, or what is printed (`malta-2006-fis-write`).
    private func blocks(_ address: UInt64, _ length: UInt64) -> (range: Range<Int>?, error: String) {
        guard let flash = scenario.chip else { return (nil, "Sorry, no FLASH memory is available\n") }
        let end = scenario.base + UInt64(flash.bytes.count)
        guard address >= scenario.base, length > 0, length <= end - scenario.base, address + length <= end else {
            let dash = scenario.generation == .y2012 ? " - " : "-"
            return (
                nil,
                "Invalid FLASH address \(hex(address)): Invalid FLASH address\n   valid range is "
                    + "\(hex(scenario.base))\(dash)\(hex(end - 1))\n"
            )
        }
        guard (address - scenario.base) % UInt64(scenario.blockSize) == 0 else {
            return (nil, "Invalid FLASH address: \(hex(address))\n   must be \(short(scenario.blockSize)) aligned\n")
        }
        let first = Int(address - scenario.base) / scenario.blockSize
        let last = Int(address - scenario.base + length - 1) / scenario.blockSize
        return (first..<last + 1, "")
    }

    private func short(_ value: Int) -> String { "0x" + String(value, radix: 16) }

    private mutating func write(_ words: [String], _ fault: RedBootScenario.Fault?) -> RedBootAction {
        let (options, error) = RedBootOptions.parse(
            words, numbers: ["f": "FLASH memory base address", "b": "memory base address", "l": "image length"])
        if let error { return RedBootAction(text: error + invalid("invalid arguments").text) }
        guard let flash = options.numbers["f"], let source = options.numbers["b"], var length = options.numbers["l"]
        else { return invalid("required parameter missing") }
        // In 2003 and 2006 the length is not rounded up on MIPS (`malta-2006-fis-write`, `malta-2012-fis-write`).
        let block = UInt64(scenario.blockSize)
        if scenario.generation == .y2012, length < 1 << 32 { length = (length + block - 1) / block * block }
        let place = blocks(flash, length)
        guard place.range != nil else { return RedBootAction(text: place.error) }
        var text = ""
        if !isMemory(source, Int(length)) {
            offend(.memory, "fis write from \(hex(source))")
            text =
                "** WARNING: RAM address: \(hex(source)) may be invalid\n   valid range is "
                + "\(hex(scenario.memory.lowerBound))-\(hex(scenario.memory.upperBound))\n"
        }
        text +=
            "* CAUTION * about to program FLASH\n            at \(hex(flash))..\(hex(flash + length - 1)) from "
            + "\(hex(source)) - continue (y/n)? "
        if case .asks(let other) = fault { text = other }
        return RedBootAction(
            text: text,
            question: .write(
                offset: Int(flash - scenario.base), memory: source, count: Int(length), fault: fault))
    }

    /// Does what the answer `y` allows.
    mutating func perform(_ job: RedBootJob) -> RedBootAction {
        guard case .write(let offset, let source, let count, let fault) = job else { return RedBootAction() }
        let first = offset / scenario.blockSize
        let blocks = first..<(offset + count - 1) / scenario.blockSize + 1
        let erased = progress("Erase", blocks, count)
        if case .failsOnce(let text) = fault {
            scenario.faults = scenario.faults.filter { _, fault in if case .failsOnce = fault { false } else { true } }
            return RedBootAction(text: erased + text + "\n")
        }
        if case .nothing = fault { return RedBootAction(text: erased + programmed(offset, source, count)) }
        if let failure = refusal(blocks, "erase") { return RedBootAction(text: erased.prefixBeforeDots + failure) }
        clear(blocks)
        var bytes = memory.read(source, count)
        if case .short = fault { bytes.removeLast() }
        scenario.hardware.chips["flash0"]?.bytes.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return RedBootAction(text: erased + programmed(offset, source, count), time: 500_000)
    }

    private mutating func clear(_ blocks: Range<Int>) {
        guard var flash = scenario.chip else { return }
        let size = scenario.blockSize
        for block in blocks {
            flash.erases[block, default: 0] += 1
            for place in block * size..<(block + 1) * size { flash.bytes[place] = 0xFF }
        }
        scenario.hardware.chips["flash0"] = flash
    }

    /// The line that breaks the progress if a block is locked or fails (`io/flash/current/src/flash.c`,
    /// flash_erase and flash_errmsg; the form of the line: `redboot/current/src/flash.c`, fis_erase).
    private mutating func refusal(_ blocks: Range<Int>, _ work: String) -> String? {
        let block = blocks.first { scenario.locked.contains($0) }
        if let block {
            return "\nCan't \(work) region at \(hex(scenario.base + UInt64(block * scenario.blockSize))): "
                + "Device/region is write-protected\n"
        }
        for block in blocks where scenario.hardware.chips["flash0"]?.fails(block) == true {
            return "\nCan't \(work) region at \(hex(scenario.base + UInt64(block * scenario.blockSize))): "
                + "Error trying to erase\n"
        }
        return nil
    }

    /// `... Erase from 0xbe300000-0xbe310000: .`; since 2009 with the last address (`malta-2012-fis-write`).
    private func progress(_ work: String, _ blocks: Range<Int>, _ count: Int) -> String {
        let start = scenario.base + UInt64(blocks.lowerBound * scenario.blockSize)
        let end = start + UInt64(count) - (scenario.generation == .y2012 ? 1 : 0)
        return "... \(work) from \(hex(start))-\(hex(end)): " + String(repeating: ".", count: blocks.count) + "\n"
    }

    private func programmed(_ offset: Int, _ source: UInt64, _ count: Int) -> String {
        let word = scenario.generation == .y2012 ? "to" : "at"
        let dots = (count + scenario.blockSize - 1) / scenario.blockSize
        return "... Program from \(hex(source))-\(hex(source + UInt64(count))) \(word) "
            + "\(hex(scenario.base + UInt64(offset))): " + String(repeating: ".", count: dots) + "\n"
    }

    /// `fis erase`: without a question (`malta-2006-fis-erase`).
    private mutating func erase(_ words: [String]) -> RedBootAction {
        let (options, error) = RedBootOptions.parse(words, numbers: ["f": "FLASH memory base address", "l": "length"])
        if let error { return RedBootAction(text: error + invalid("invalid arguments").text) }
        guard let flash = options.numbers["f"], let length = options.numbers["l"] else {
            return invalid("missing argument")
        }
        let place = blocks(flash, length)
        guard let range = place.range else { return RedBootAction(text: place.error) }
        let text = progress("Erase", range, Int(length))
        if let failure = refusal(range, "erase") { return RedBootAction(text: text.prefixBeforeDots + failure) }
        clear(range)
        return RedBootAction(text: text, time: 500_000)
    }

    /// `malta-2006-fis-lock`.
    private mutating func lock(_ words: [String], _ isLocked: Bool) -> RedBootAction {
        let (options, error) = RedBootOptions.parse(words, numbers: ["f": "FLASH memory base address", "l": "length"])
        if let error { return RedBootAction(text: error + invalid("invalid arguments").text) }
        guard let flash = options.numbers["f"], let length = options.numbers["l"] else {
            return invalid("missing argument")
        }
        let place = blocks(flash, length)
        guard let range = place.range else { return RedBootAction(text: place.error) }
        if isLocked { scenario.locked.formUnion(range) } else { scenario.locked.subtract(range) }
        return RedBootAction(text: progress(isLocked ? "Lock" : "Unlock", range, Int(length)))
    }
}

extension String {
    /// A progress line up to its dots, which an error breaks.
    fileprivate var prefixBeforeDots: String { String(prefix { $0 != ":" }) + ": " }
}
