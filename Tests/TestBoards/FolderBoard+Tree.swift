import FlashModel
import Foundation
import SystemPackage
import TestSupport

/// The files of the board: its tools, the trees of `/proc`, `/sys` and `/dev`, and what the programs follow.
extension FolderBoard {
    func makeTools(_ tools: [String], _ source: Tools) throws {
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        try scratch.link("bin/sh", to: Self.find(shell[0]) ?? shell[0])
        for tool in tools
        where !["dd", "mtdinfo", "flash_erase", "flash_eraseall", "mtd", "insmod", "rmmod"].contains(tool) {
            if let place = try? Self.find(tool, source) { try scratch.link("bin/\(tool)", to: place) }
        }
    }

    /// `/proc/mtd` (`proc-mtd-nandsim`; Linux `drivers/mtd/mtdcore.c`, mtd_proc_show); sysfs
    /// (`board-nandsim/sysfs-mtd`; mtd_attrs, and `drivers/mtd/mtdpart.c`, mtd_partition_offset_show), where nested
    /// partitions are nested folders (`dmesg-spi-nor-nested`; allocate_partition); `model` ends with a zero
    /// (`device-tree-malta`). The counters begin with made-up numbers: only their change counts.
    func makeTree() throws {
        var table = "dev:    size   erasesize  name\n"
        for device in hardware.devices {
            let partition = device.partition
            guard let flash = hardware.chips[partition.chip] else { continue }
            let hex = { (value: Int) in
                String(repeating: "0", count: 8).dropLast(String(value, radix: 16).count) + String(value, radix: 16)
            }
            table +=
                "mtd\(partition.index): \(hex(partition.size)) \(hex(partition.eraseBlockSize)) \"\(partition.name)\"\n"
            let bytes = Array(flash.bytes[device.start..<device.start + partition.size])
            // The kernel has both; readers use the first, which cannot be written.
            try scratch.write(bytes, "root/dev/mtd\(partition.index)")
            if hardware.isWritable {
                for name in ["mtd\(partition.index)ro", "mtdblock\(partition.index)"] {
                    try scratch.link("root/dev/\(name)", to: "mtd\(partition.index)")
                }
            } else {
                try scratch.write(bytes, "root/dev/mtd\(partition.index)ro")
            }
            var folder = "sys/devices/platform/\(partition.chip)/mtd"
            var offset = device.start
            if let parent = partition.parent, let outer = hardware.device(parent) {
                folder += "/mtd\(parent)"
                offset -= outer.start
            }
            let knowledge = partition.badBlocks
            var attributes = [
                "name": partition.name, "type": partition.type, "size": "\(partition.size)",
                "erasesize": "\(partition.eraseBlockSize)", "writesize": "\(partition.pageSize)",
                "oobsize": "\(partition.oobSize)", "flags": Self.flags(partition),
                "numeraseregions": "0",
                "dev": "90:\(2 * partition.index)", "corrected_bits": "3", "ecc_failures": "1",
                "bad_blocks": "\(knowledge?.bad.count ?? 0)", "bbt_blocks": "0",
            ]
            // Only whole chips have none (`board-nandsim/sysfs-mtd`; `drivers/mtd/mtdpart.c`).
            let isChip =
                partition.parent == nil && partition.size == flash.bytes.count
                && hardware.devices.contains { $0.partition.parent == partition.index }
            if !isChip { attributes["offset"] = "\(offset)" }
            for (name, value) in attributes {
                try scratch.write(value + "\n", "root/\(folder)/mtd\(partition.index)/\(name)")
            }
            try scratch.link(
                "root/sys/class/mtd/mtd\(partition.index)", to: "\(root)/\(folder)/mtd\(partition.index)")
            if partition.type == "nand" { try makeMap(of: partition) }
            if partition.oobSize > 0 { try makePages(of: device, flash) }
        }
        try scratch.write(table, "root/proc/mtd")
        try scratch.write("Linux version 5.15.0 (made up)\n", "root/proc/version")
        try scratch.write("\(hardware.identity.hostname ?? "made-up")\n", "root/proc/sys/kernel/hostname")
        try scratch.write("\(hardware.identity.model ?? "Made up")\0", "root/proc/device-tree/model")
        for (number, address) in hardware.identity.macAddresses.enumerated() {
            try scratch.write("\(address)\n", "root/sys/class/net/eth\(number)/address")
        }
    }

    /// Bits of Linux' `include/uapi/mtd/mtd-abi.h`: MTD_BIT_WRITEABLE of NOR, and MTD_WRITEABLE.
    private static func flags(_ partition: Partition) -> String {
        let flags = (partition.type == "nor" ? 0x800 : 0) | (partition.isWritable == false ? 0 : 0x400)
        return "0x" + String(flags, radix: 16)
    }

    /// The output of `mtdinfo -M` for a device (`mtdinfo-nand-map`), without the lines that nobody reads.
    private func makeMap(of partition: Partition) throws {
        let count = partition.size / max(1, partition.eraseBlockSize)
        var text = "mtd\(partition.index)\nType:    nand\nAmount of eraseblocks:  \(count) (\(partition.size) bytes)\n"
        text += "Minimum input/output unit size: \(partition.pageSize) bytes\nOOB size: \(partition.oobSize) bytes\n"
        text += "Device is writable: true\nEraseblock map:\n"
        func padded(_ text: String, to width: Int, with filler: Character) -> String {
            String(repeating: filler, count: max(0, width - text.count)) + text
        }
        for block in 0..<count {
            let isBad = partition.badBlocks?.bad.contains(block) == true
            let address = String(block * partition.eraseBlockSize, radix: 16)
            text += "\(padded("\(block)", to: 3, with: " ")): \(padded(address, to: 8, with: "0"))"
            text += (isBad ? "    BAD " : "        ") + (block % 4 == 3 || block == count - 1 ? "\n" : " ")
        }
        try scratch.write(text, "maps/mtd\(partition.index)")
    }

    /// Pages with their OOB bytes, as output by `nanddump --oob` (`BackupLabTests`, pagesAreKeptWithTheirOOB).
    private func makePages(of device: SimulatedHardware.Device, _ flash: SimulatedHardware.Flash) throws {
        let page = device.partition.pageSize
        var bytes: [UInt8] = []
        for start in stride(from: device.start, to: device.start + device.partition.size, by: page) {
            bytes += flash.bytes[start..<start + page] + hardware.oob(start / page, of: flash.chip)
        }
        try scratch.write(bytes, "pages/mtd\(device.partition.index)")
        try scratch.write("\(page) \(page + device.partition.oobSize)\n", "pages/mtd\(device.partition.index).sizes")
    }

    /// For each device, lines `KIND START END` that the scripts follow.
    func makeTroubles() throws {
        var isVanishing = false
        for device in hardware.devices {
            let partition = device.partition
            guard let flash = hardware.chips[partition.chip] else { continue }
            var lines: [(kind: String, range: Range<Int>)] = []
            func add(_ kind: String, _ blocks: Set<Int>) {
                let size = flash.chip.eraseBlockSize
                lines += blocks.sorted().map { (kind, $0 * size..<($0 + 1) * size) }
            }
            add("corrected", flash.corrected)
            add("failed", flash.failed)
            add("bad", flash.badBlocks)
            lines += flash.unreadable.map { ("unread", $0) }
            if let block = hardware.vanishing[partition.index] {
                let start = device.start + block * partition.eraseBlockSize
                lines.append(("vanish", start..<start + 1))
                isVanishing = true
            }
            let whole = device.start..<device.start + partition.size
            let text = lines.filter { $0.range.overlaps(whole) }.map {
                "\($0.kind) \($0.range.lowerBound - device.start) \($0.range.upperBound - device.start)\n"
            }
            if !text.isEmpty { try scratch.write(text.joined(), "troubles/mtd\(partition.index)") }
        }
        guard isVanishing else { return }
        let table = String(decoding: ScratchFolder.read(FilePath("\(root)/proc/mtd")), as: UTF8.self)
        let rest = table.split(separator: "\n").filter { line in
            !hardware.vanishing.keys.contains { line.hasPrefix("mtd\($0):") }
        }
        try scratch.write(rest.joined(separator: "\n") + "\n", "table-without")
    }
}
