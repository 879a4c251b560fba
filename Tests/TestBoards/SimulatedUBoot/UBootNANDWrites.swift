import FlashModel
import TestSupport

/// Effects and output of the commands that write NAND, on boards with writable hardware. The formats are those of the
/// recordings `sandbox-2026.07-nand-rw`, `-nand-badblock` and `-mtd-nand`; what the recordings lack comes from
/// `cmd/nand.c`, `cmd/mtd.c` and `drivers/mtd/nand/raw/nand_util.c` of 2026.10.
extension UBootMachine {
    /// `nand erase OFFSET SIZE`: a bad block counts as erased, and so does one that fails.
    mutating func eraseNAND(_ words: [String], _ id: String) -> Done {
        let numbers = words.dropFirst(2).compactMap { Self.number($0).map { Int(clamping: $0) } }
        guard words.count == 4, numbers.count == 2, let flash = scenario.hardware.chips[id] else {
            return nandUsage(words)
        }
        let (offset, count, size) = (numbers[0], numbers[1], flash.chip.eraseBlockSize)
        var text = "\nNAND erase: "
        guard offset < flash.bytes.count else { return Done(text: text + "Offset exceeds device limit\n") }
        guard count <= flash.bytes.count - offset else {
            return Done(text: text + "Size exceeds partition or device limit\n")
        }
        text += "device \(nandDevice) offset 0x\(String(offset, radix: 16)), size 0x\(String(count, radix: 16))\n"
        guard offset % size == 0 else { return Done(text: text + "Attempt to erase non block-aligned data\nERROR\n") }
        let blocks = offset / size..<(offset + count + size - 1) / size
        for block in blocks {
            if flash.badBlocks.contains(block) {
                text += "\rSkipping bad block at  0x\(Self.digits(UInt64(block * size), 8))"
                text += String(repeating: " ", count: 42) + "\n"
            } else if eraseBlock(block, of: id) {
                let percent = "\((block - blocks.lowerBound + 1) * 100 / blocks.count)"
                text += "\rErasing at 0x\(String(block * size, radix: 16)) -- "
                text += String(repeating: " ", count: 3 - percent.count) + percent + "% complete."
            } else {
                text += "\n\(id): MTD Erase failure: -5\n"
            }
        }
        return Done(text: text + "\nOK\n", time: 2_000 * blocks.count, asks: false)
    }

    /// `nand write RAM OFFSET SIZE`: data for a bad block goes to the next good one.
    mutating func writeNAND(_ words: [String], _ id: String) -> Done {
        let numbers = words.dropFirst(3).compactMap { Self.number($0).map { Int(clamping: $0) } }
        guard words.count == 5, let source = Self.number(words[2]), numbers.count == 2,
            let flash = scenario.hardware.chips[id]
        else { return nandUsage(words) }
        let (offset, count) = (numbers[0], numbers[1])
        var text = "\nNAND write: "
        guard offset < flash.bytes.count else { return Done(text: text + "Offset exceeds device limit\n") }
        guard count <= flash.bytes.count - offset else {
            return Done(text: text + "Size exceeds partition or device limit\n")
        }
        text += "device \(nandDevice) offset 0x\(String(offset, radix: 16)), size 0x\(String(count, radix: 16))\n"
        guard offset % flash.chip.pageSize == 0 else {
            return Done(text: text + "Attempt to write non page-aligned data\n 0 bytes written: ERROR\n")
        }
        guard let bytes = bytes(at: source, count) else { return crash("nand write \(words[2])") }
        var written = 0
        var position = offset
        let size = flash.chip.eraseBlockSize
        while written < count {
            guard position < flash.bytes.count else {
                return Done(text: text + "Attempt to write outside the flash area\n 0 bytes written: ERROR\n")
            }
            if flash.badBlocks.contains(position / size) {
                text += "Skip bad block 0x\(Self.digits(UInt64(position / size * size), 8))\n"
                position = (position / size + 1) * size
                continue
            }
            let part = min(count - written, (position / size + 1) * size - position)
            guard programPages(bytes[written..<written + part], at: position, of: id) else {
                text += "NAND write to offset \(String(position, radix: 16)) failed -5\n"
                return Done(text: text + " \(written) bytes written: ERROR\n", time: 1_000)
            }
            written += part
            position += part
        }
        return Done(text: text + " \(count) bytes written: OK\n", time: 200 + count, asks: false)
    }

    /// `mtd erase NAME OFFSET SIZE`: does not report an erase that fails.
    mutating func eraseMTD(_ words: [String]) -> Done {
        let numbers = words.dropFirst(3).compactMap { Self.number($0).map { Int(clamping: $0) } }
        guard words.count == 5, numbers.count == 2, let flash = scenario.hardware.chips[words[2]] else {
            return nandUsage(words)
        }
        let (offset, count, size) = (numbers[0], numbers[1], flash.chip.eraseBlockSize)
        let block = "(0x\(String(size, radix: 16)))\n"
        guard offset % size == 0 else { return Done(text: "Offset not aligned with a block " + block) }
        guard count % size == 0, count > 0 else { return Done(text: "Size not a multiple of a block " + block) }
        var text = "Erasing 0x\(Self.digits(UInt64(offset), 8)) ... 0x\(Self.digits(UInt64(offset + count - 1), 8)) "
        text += "(\(count / size) eraseblock(s))\n"
        for number in offset / size..<(offset + count) / size {
            if flash.badBlocks.contains(number) {
                text += "Skipping bad block at 0x\(Self.digits(UInt64(number * size), 8))\n"
            } else {
                _ = eraseBlock(number, of: words[2])
            }
        }
        return Done(text: text, time: 2_000, asks: false)
    }

    /// `mtd write NAME RAM OFFSET SIZE`: bad blocks are skipped silently, blank pages are left out.
    mutating func writeMTD(_ words: [String]) -> Done {
        let numbers = words.dropFirst(4).compactMap { Self.number($0).map { Int(clamping: $0) } }
        guard words.count == 6, numbers.count == 2, let source = Self.number(words[3]),
            let flash = scenario.hardware.chips[words[2]]
        else { return nandUsage(words) }
        let (offset, count, page) = (numbers[0], numbers[1], flash.chip.pageSize)
        guard offset % page == 0, count % page == 0 else {
            return Done(text: "Offset not aligned with a page (0x\(String(page, radix: 16)))\n")
        }
        guard let bytes = bytes(at: source, count) else { return crash("mtd write \(words[3])") }
        let text =
            "Writing \(count) byte(s) (\(count / page) page(s)) at offset 0x\(Self.digits(UInt64(offset), 8))\n"
        let size = flash.chip.eraseBlockSize
        var position = offset
        for start in stride(from: 0, to: count, by: page) {
            while flash.badBlocks.contains(position / size) { position = (position / size + 1) * size }
            let part = bytes[start..<start + page]
            guard position < flash.bytes.count,
                part.allSatisfy({ $0 == 0xFF }) || programPages(part, at: position, of: words[2])
            else {
                return Done(
                    text: text + "Failure while writing at offset 0x\(String(position, radix: 16))\n"
                        + "Write on \(words[2]) failed with error -5\n")
            }
            position += page
        }
        return Done(text: text, time: 200 + count, asks: false)
    }

    // MARK: The chip

    /// - Returns: whether it succeeded; a failed erase leaves half of the block unchanged.
    private mutating func eraseBlock(_ block: Int, of id: String) -> Bool {
        guard var flash = scenario.hardware.chips[id] else { return false }
        let size = flash.chip.eraseBlockSize
        let fails = flash.fails(block)
        flash.erases[block, default: 0] += 1
        for place in block * size..<block * size + (fails ? size / 2 : size) { flash.bytes[place] = 0xFF }
        if flash.lying.contains(block) { flash.bytes[block * size + 1] &= 0xFE }
        scenario.hardware.chips[id] = flash
        return !fails
    }

    /// Programs pages of one block: bits change only from 1 to 0, and each page once.
    ///
    /// - Returns: whether it succeeded; after a failure, half of the first page is programmed.
    private mutating func programPages(_ bytes: ArraySlice<UInt8>, at offset: Int, of id: String) -> Bool {
        guard var flash = scenario.hardware.chips[id] else { return false }
        let page = flash.chip.pageSize
        let block = offset / flash.chip.eraseBlockSize
        let fails = (flash.failingPrograms[block] ?? 0) > 0
        if fails { flash.failingPrograms[block, default: 0] -= 1 }
        for start in stride(from: 0, to: fails ? page : bytes.count, by: page)
        where flash.bytes[offset + start..<offset + start + page].contains(where: { $0 != 0xFF }) {
            offend(.reprogrammed, "\(id), 0x\(String(offset + start, radix: 16))")
        }
        for (index, byte) in bytes.prefix(fails ? page / 2 : bytes.count).enumerated() {
            flash.bytes[offset + index] &= byte
        }
        if flash.lying.contains(block) { flash.bytes[offset] ^= 1 }
        scenario.hardware.chips[id] = flash
        return !fails
    }

    private func nandUsage(_ words: [String]) -> Done {
        Done(text: "\(words[0]) - made up\n\nUsage:\n\(words[0]) \n")
    }
}
