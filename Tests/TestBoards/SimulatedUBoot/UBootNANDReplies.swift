import FlashAccess
import FlashModel
import UBootFlash

/// Effects and output of `nand` (`sandbox-2026.07-nand-info`, `-nand-rw` and `-nand-badblock`; `cmd/nand.c`, do_nand).
extension UBootMachine {
    mutating func nand(_ words: [String]) -> Done {
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
            // Until 2023.04 the digits stand alone (`cmd/nand.c`, do_nand).
            let isNew = UBootVersion(UBootReply(text: scenario.version))?.isAtLeast(2023, 7) ?? false
            let prefix = isNew ? "  0x" : "  "
            let offsets = flash.badBlocks.sorted().map {
                prefix + Self.digits(UInt64($0 * flash.chip.eraseBlockSize), 8)
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

    /// What the recordings lack, a page that the ECC cannot repair, is by `drivers/mtd/nand/raw/nand_util.c`,
    /// nand_read_skip_bad.
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

    /// Page by page, including bad blocks (`sandbox-2026.07-nand-badblock`; `cmd/nand.c`, raw_access).
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

    /// Reads NAND as U-Boot does: data for a bad block is taken from the next good one
    /// (`sandbox-2026.07-nand-badblock`).
    ///
    /// The second page of a block marked as corrected or failing has the ECC error: `eccPages` gives the end of each
    /// such page within the bytes, and the error number. That it is the second page is made up.
    func goodBytes(
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

    private static func padded(_ value: Int, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: " ", count: max(0, count - text.utf8.count)) + text
    }
}
