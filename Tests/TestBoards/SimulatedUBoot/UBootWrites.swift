import FlashModel
import TestSupport

/// Effects and output of the commands that write NOR, on boards with writable hardware.
extension UBootMachine {
    /// `loady ADDRESS` (`arm-loady`).
    mutating func load(_ words: [String]) -> Done {
        guard words.count == 2, let address = Self.number(words[1]), address >= scenario.memory.lowerBound,
            address < scenario.relocation - 0x12_0000
        else { return crash(words.joined(separator: " ")) }
        var done = Done(
            text: "## Ready for binary (ymodem) download to 0x\(Self.digits(address, 8)) at 115200 bps...\n")
        done.loadsTo = address
        return done
    }

    /// The chip at an address, and the sectors of an address range that consists of whole sectors.
    private func sectors(_ words: ArraySlice<String>) -> (id: String, sectors: Range<Int>)? {
        let numbers = words.compactMap { Self.number($0) }
        guard numbers.count == 2, numbers[0] <= numbers[1] else { return nil }
        for (id, base) in scenario.bases {
            guard let flash = scenario.hardware.chips[id], numbers[0] >= base,
                numbers[1] < base + UInt64(flash.bytes.count)
            else { continue }
            let size = UInt64(flash.chip.eraseBlockSize)
            guard (numbers[0] - base) % size == 0, (numbers[1] + 1 - base) % size == 0 else { return nil }
            return (id, Int((numbers[0] - base) / size)..<Int((numbers[1] + 1 - base) / size))
        }
        return nil
    }

    /// `protect on|off START END` (`malta-protect`).
    mutating func protect(_ words: [String]) -> Done {
        guard words.count == 4, ["on", "off"].contains(words[1]), let place = sectors(words[2...]) else {
            offend(.forbidden, words.joined(separator: " "))
            return Done(text: "Error: start address not on sector boundary\n")
        }
        if words[1] == "on" { protected.formUnion(place.sectors) } else { protected.subtract(place.sectors) }
        return Done(text: "\(words[1] == "on" ? "P" : "Un-P")rotected \(place.sectors.count) sectors\n")
    }

    /// `erase START END`: its count includes the sectors that it left alone (`malta-erase`, `malta-protect`).
    mutating func erase(_ words: [String]) -> Done {
        guard words.count == 3, let place = sectors(words[1...]), var flash = scenario.hardware.chips[place.id] else {
            offend(.forbidden, words.joined(separator: " "))
            return Done(text: "Error: start address not on sector boundary\n")
        }
        let kept = place.sectors.filter { protected.contains($0) }
        let size = flash.chip.eraseBlockSize
        for sector in place.sectors where !protected.contains(sector) {
            flash.erases[sector, default: 0] += 1
            for byte in sector * size..<(sector + 1) * size { flash.bytes[byte] = 0xFF }
        }
        scenario.hardware.chips[place.id] = flash
        return Done(
            text: (kept.isEmpty ? "\n" : "- Warning: \(kept.count) protected sectors will not be erased!\n")
                + String(repeating: ".", count: place.sectors.count - kept.count)
                + " done\nErased \(place.sectors.count) sectors\n", time: 500_000, asks: false)
    }

    /// `cp` into parallel flash (`malta-cp`, `malta-protect`).
    mutating func program(_ bytes: [UInt8], at address: UInt64) -> Done {
        for (id, base) in scenario.bases {
            guard var flash = scenario.hardware.chips[id], address >= base,
                address + UInt64(bytes.count) <= base + UInt64(flash.bytes.count)
            else { continue }
            let start = Int(address - base)
            let size = flash.chip.eraseBlockSize
            if (start / size...(start + bytes.count - 1) / size).contains(where: protected.contains) {
                return Done(text: "Copy to Flash... Can't write to protected Flash sectors\n")
            }
            // It asks before it writes (`drivers/mtd/cfi_flash.c`, flash_write_cfiword).
            guard zip(flash.bytes[start...], bytes).allSatisfy({ $0 & $1 == $1 }) else {
                return Done(text: "Copy to Flash... Flash not Erased\n")
            }
            for (index, byte) in bytes.enumerated() { flash.bytes[start + index] &= byte }
            scenario.hardware.chips[id] = flash
            return Done(text: "Copy to Flash... done\n", time: 1000 + bytes.count, asks: false)
        }
        return Done(text: "Copy to Flash... Outside available Flash\n")
    }

    /// `sf erase OFFSET SIZE`, `sf write RAM OFFSET SIZE` (`sabrelite-2013.07-sf-write`, `sabrelite-sf-write`): a write
    /// never erases.
    mutating func writeSPI(_ words: [String]) -> Done {
        let numbers = words.dropFirst(2).compactMap { Self.number($0).map { Int(clamping: $0) } }
        guard isProbed else { return Done(text: "No SPI flash selected. Please run `sf probe'\n") }
        guard var flash = scenario.hardware.chips["spi0"], numbers.count == (words[1] == "erase" ? 2 : 3) else {
            return Done(text: "sf - SPI flash sub-system\n\nUsage:\nsf probe [[bus:]cs] [hz] [mode]\n")
        }
        let (offset, count) = (numbers[numbers.count - 2], numbers[numbers.count - 1])
        let size = flash.chip.eraseBlockSize
        let isLong = scenario.spiForm == .long
        guard offset + count <= flash.bytes.count else {
            if isLong, words[1] == "write" || offset >= flash.bytes.count {
                let what = offset >= flash.bytes.count ? "Offset exceeds" : "Size exceeds partition or"
                return Done(text: "\(what) device limit\nsf - SPI flash sub-system\n\nUsage:\n")
            }
            return Done(
                text: "ERROR: attempting \(words[1]) past flash size (0x\(String(flash.bytes.count, radix: 16)))\n")
        }
        if words[1] == "erase" {
            guard offset % size == 0, count % size == 0 else {
                let number = isLong ? " -22" : ""
                return Done(text: "SF: \(count) bytes @ 0x\(String(offset, radix: 16)) Erased: ERROR\(number)\n")
            }
            for sector in offset / size..<(offset + count) / size { flash.erases[sector, default: 0] += 1 }
            for byte in offset..<offset + count { flash.bytes[byte] = 0xFF }
        } else {
            guard let bytes = bytes(at: UInt64(numbers[0]), count) else { return crash("sf write \(words[2])") }
            for (index, byte) in bytes.enumerated() { flash.bytes[offset + index] &= byte }
        }
        scenario.hardware.chips["spi0"] = flash
        if scenario.spiForm == .silent {
            // HiSilicon's (posted logs): the progress overwrites itself, a step each erase block.
            let word = words[1] == "erase" ? "Erasing" : "Writing"
            let steps = max(1, count / size)
            let text = (1...steps).map { step in
                let percent = "\(100 * step / steps)"
                return "\r\(word) at 0x\(String(offset + count * step / steps, radix: 16)) -- "
                    + String(repeating: " ", count: 3 - percent.count) + "\(percent)% complete."
            }
            return Done(text: text.joined() + "\n", time: 200_000, asks: false)
        }
        let word = words[1] == "erase" ? "Erased" : "Written"
        let request =
            isLong && words[1] == "write"
            ? "device 0 offset 0x\(String(offset, radix: 16)), size 0x\(String(count, radix: 16))\n" : ""
        return Done(
            text: request + "SF: \(count) bytes @ 0x\(String(offset, radix: 16)) \(word): OK\n", time: 200_000,
            asks: false)
    }
}
