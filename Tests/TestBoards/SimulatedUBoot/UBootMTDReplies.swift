import FlashModel

/// Effects and output of `mtd` (`arm-mtd`, `sandbox-2026.07-nand-info`, `-nand-badblock`, `-mtd-nand` and
/// `-mtd-nand-bitflip`; `cmd/mtd.c`).
extension UBootMachine {
    mutating func mtd(_ words: [String]) -> Done {
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

    /// After a bit that the ECC corrected, the read ends with an error (`sandbox-2026.07-mtd-nand-bitflip`: -117). -74
    /// and -5 in its place are by `cmd/mtd.c`, do_mtd_io.
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
}
