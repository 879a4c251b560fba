import FlashAccess
import FlashModel

/// The kernel log's information on flash: partitions with their ranges, chips, bad blocks.
///
/// The log is a ring buffer: on a board that has run for long, its beginning is lost. Lines may have time stamps, and
/// unrelated lines come in between. Sources of the texts: `drivers/mtd/mtdpart.c`, `drivers/mtd/nand/raw/nand_base.c`,
/// `nand_bbt.c`, `drivers/mtd/spi-nor/core.c`, `drivers/mtd/ubi/build.c`.
package struct KernelLog: Sendable, Hashable {
    /// A line `0x000000000000-0x000000100000 : "name"`.
    package struct Line: Sendable, Hashable {
        package var name: String
        /// The offset in bytes from the start of the parent; the end is exclusive. A disabled partition's may precede
        /// its start.
        package var start: Int
        package var end: Int
        /// The index in ``KernelLog/groups`` of its `Creating …` line; nil for a line on its own.
        package var group: Int?
        /// Whether it exceeds the number in the `Creating …` line: a splitter or a person created it later.
        package var isExtra = false
        /// `is out of reach -- disabled`.
        package var isDisabled = false
        /// `force read-only`.
        package var isForcedReadOnly = false
        /// `size truncated to 0x…`.
        package var truncatedSize: Int?

        /// The size of the device, as /proc/mtd shows it.
        package var size: Int {
            if isDisabled { return 0 }
            return truncatedSize ?? max(0, end - start)
        }
    }

    /// A line `Creating N MTD partitions on "name":`.
    package struct Group: Sendable, Hashable {
        /// The parent: a chip, or a partition.
        package var master: String
        /// The announced number of lines.
        package var count: Int
        /// The index in ``KernelLog/lines`` of the partition that the group subdivides; nil if the parent is a chip.
        package var parentLine: Int?
        /// The parser that found the partitions, such as `cmdlinepart`, if the log names it.
        package var parser: String?
    }

    /// `nand: 256 MiB, SLC, erase size: 128 KiB, page size: 2048, OOB size: 64` and the lines before it.
    package struct NAND: Sendable, Hashable {
        /// `ST Micro NAND 256MiB 1,8V 8-bit`.
        package var words: String?
        package var manufacturerID: String?
        package var chipID: String?
        /// The size in bytes.
        package var size: Int
        package var eraseSize: Int?
        package var pageSize: Int?
        package var oobSize: Int?
        /// The SPI device, if an SPI controller's line names it: `spi0.0`.
        package var device: String?
    }

    /// `spi-nor spi0.0: sst25vf016b (2048 Kbytes)`, in older kernels `m25p80 spi0.0: …`.
    package struct SPINOR: Sendable, Hashable {
        /// `spi0.0`.
        package var device: String
        package var part: String
        /// The size in bytes.
        package var size: Int
    }

    /// `physmap-flash.0: Found 1 x8 devices at 0x0 in 8-bit bank. …` and the erase regions after it.
    package struct CFI: Sendable, Hashable {
        package var device: String
        package var words: String
        /// The size in bytes: the sum of the erase regions; 0 if they are not in the log.
        package var size: Int
    }

    /// All partition lines, in the order of device numbers.
    package var lines: [Line] = []
    package var groups: [Group] = []
    package var nand: [NAND] = []
    package var spiNOR: [SPINOR] = []
    package var cfi: [CFI] = []
    /// The offsets in `Bad eraseblock N at 0x…`, in bytes from the start of the chip; ascending and unique.
    package var badBlocks: [Int] = []
    /// The offsets of blocks with a bad-block table, in bytes from the start of the chip.
    package var tableBlocks: [Int] = []
    /// The page numbers at which a table was found.
    package var tablePages: [Int] = []
    /// The MTD devices attached to UBI: UBI's number and MTD's.
    package var ubiAttached: [(ubi: Int, mtd: Int)] { attached.map { ($0.first, $0.second) } }
    /// The driver layer that remaps blocks, for display: `NMBM`, `BMT`.
    package var remapping: String?
    /// The devices that the kernel has put together of others (`drivers/mtd/mtdconcat.c`).
    package var concatenations: [Concatenation] = []
    /// `Bad block checks have been entirely disabled.`
    package var badBlockChecksDisabled = false

    /// `Concatenating MTD devices:`, `(0): "kernel"`, `(1): "rootfs"`, `into device "firmware"`.
    package struct Concatenation: Sendable, Hashable {
        package var name: String
        /// The names of its parts, in order.
        package var parts: [String]
    }

    private struct Pair: Sendable, Hashable {
        var first: Int
        var second: Int
    }

    private var attached: [Pair] = []

    /// Parses logs. If there are several, such as the ring buffer and a file, they are read one after another.
    package init(_ replies: [LinuxProbeReply]) {
        var reader = Reader()
        for line in replies.flatMap(\.lines) {
            reader.read(line, into: &self)
        }
        // `Creating 7 MTD partitions on "nmbm":`.
        if groups.contains(where: { $0.master.hasPrefix("nmbm") }) { remapping = "NMBM" }
        badBlocks = Array(Set(badBlocks)).sorted()
        tableBlocks = Array(Set(tableBlocks)).sorted()
        tablePages = Array(Set(tablePages)).sorted()
    }

    /// The open groups while the log is parsed.
    private struct Reader {
        var open: [(group: Int, left: Int)] = []
        var lastGroup: Int?
        var parser: String?
        var nandWords: String?
        /// The parts of a concatenation whose name is still to come.
        var concatenated: [String]?
        var nandIDs: (String, String)?

        mutating func read(_ line: ByteText, into log: inout KernelLog) {
            if line.contains("0x"), partition(line, &log) { return }
            if line.contains("MTD partition"), groupChange(line, &log) { return }
            if line.contains("partition \""), remark(line, &log) { return }
            if let before = line.before(" partitions found on MTD device ") {
                parser = before.words.last?.string()
                return
            }
            if concatenation(line, &log) { return }
            chip(line, &log)
            badBlock(line, &log)
            layer(line, &log)
        }

        private mutating func concatenation(_ line: ByteText, _ log: inout KernelLog) -> Bool {
            if line.contains("Concatenating MTD devices:") {
                concatenated = []
                return true
            }
            guard let parts = concatenated else { return false }
            if let name = line.after("into device ")?.quoted {
                concatenated = nil
                if parts.count > 1, log.concatenations.count < 16 {
                    log.concatenations.append(Concatenation(name: name.name(), parts: parts))
                }
                return true
            }
            guard let rest = line.after("("), let number = rest.before("): ")?.decimal, number == parts.count,
                number < 64, let name = rest.after("): ")?.quoted
            else { return false }
            concatenated = parts + [name.name()]
            return true
        }

        /// `0x<start>-0x<end> : "name"`.
        private mutating func partition(_ line: ByteText, _ log: inout KernelLog) -> Bool {
            guard let head = line.before(" : \""), let name = line.after(" : ")?.quoted, let range = head.words.last,
                let dash = range.before("-"), dash.hasPrefix("0x"), let start = dash.hexadecimal,
                let end = range.after("-")?.hexadecimal, log.lines.count < 4 * BoardLimits.devices
            else { return false }
            // A nested group ends with its last announced line; what follows belongs to the enclosing group.
            while let last = open.last, last.left <= 0 { open.removeLast() }
            var entry = KernelLog.Line(name: name.name(), start: start, end: end)
            if let last = open.last {
                entry.group = last.group
                open[open.count - 1].left -= 1
            } else {
                entry.group = lastGroup
                entry.isExtra = true
            }
            log.lines.append(entry)
            return true
        }

        /// `Creating N MTD partitions on "name":` and `Deleting MTD partitions on "name":`.
        private mutating func groupChange(_ line: ByteText, _ log: inout KernelLog) -> Bool {
            guard let master = line.after("MTD partitions on ")?.quoted?.name() else { return false }
            if line.contains("Deleting MTD partitions on ") {
                let gone = Set(log.groups.indices.filter { log.groups[$0].master == master })
                log.remove(groups: gone)
                open = []
                lastGroup = nil
                return true
            }
            guard var rest = line.after("Creating "), let count = rest.takeDecimal(),
                log.groups.count < BoardLimits.devices
            else { return false }
            while let last = open.last, last.left <= 0 { open.removeLast() }
            // If the last partition has this name, the group subdivides it. Otherwise this is another chip, and lines
            // missing from the groups before were lost.
            let lastLine = log.lines.last
            let isNested = lastLine?.name == master && lastLine?.group != nil
            if !isNested { open = [] }
            log.groups.append(
                KernelLog.Group(
                    master: master, count: count, parentLine: isNested ? log.lines.count - 1 : nil, parser: parser))
            parser = nil
            open.append((log.groups.count - 1, min(count, BoardLimits.devices)))
            // Lines beyond the announced number belong to the chip, in all known kernels that print such lines.
            if !isNested { lastGroup = log.groups.count - 1 }
            return true
        }

        /// Parses a remark about a partition, which follows its line.
        private func remark(_ line: ByteText, _ log: inout KernelLog) -> Bool {
            guard let rest = line.after("partition \"") else { return false }
            let isDisabled = rest.contains("\" is out of reach -- disabled")
            let isForced = rest.contains("-- force read-only")
            let truncated = rest.after("-- size truncated to ").flatMap { text in
                var text = text
                return text.takeHexadecimal()
            }
            guard isDisabled || isForced || truncated != nil else { return false }
            guard
                let position = log.lines.lastIndex(where: { rest.hasPrefix($0.name + "\"") })
            else { return true }
            if isDisabled { log.lines[position].isDisabled = true }
            if isForced { log.lines[position].isForcedReadOnly = true }
            if let truncated { log.lines[position].truncatedSize = truncated }
            return true
        }

        private mutating func chip(_ line: ByteText, _ log: inout KernelLog) {
            guard log.nand.count + log.spiNOR.count + log.cfi.count < 64 else { return }
            if let rest = line.after("Manufacturer ID: "), line.contains("nand: device found") {
                let maker = rest.before(",") ?? rest
                let chip = rest.after("Chip ID: ").map { $0.before(" ") ?? $0 }
                nandIDs = (maker.string(limit: 16), chip?.trimmed.string(limit: 16) ?? "")
                return
            }
            if let size = Self.size(line), line.contains("erase size: ") || line.contains("block size: ") {
                let device = line.after("spi-nand ").flatMap { $0.before(":") }?.string(limit: 64)
                log.nand.append(
                    KernelLog.NAND(
                        words: nandWords, manufacturerID: nandIDs?.0, chipID: nandIDs?.1, size: size,
                        eraseSize: Self.kibibytes(line.after("erase size: ") ?? line.after("block size: ")),
                        pageSize: Self.bytes(line.after("page size: ")), oobSize: Self.bytes(line.after("OOB size: ")),
                        device: device))
                nandWords = nil
                nandIDs = nil
                return
            }
            if let rest = line.after("nand: "), nandIDs != nil, nandWords == nil {
                nandWords = rest.trimmed.string()
                return
            }
            for driver in ["spi-nor ", "m25p80 "] {
                guard let rest = line.after(driver), let device = rest.before(": "), device.hasPrefix("spi"),
                    let text = rest.after(": "), let part = text.before(" ("), let kib = Self.kbytes(text)
                else { continue }
                log.spiNOR.append(
                    KernelLog.SPINOR(
                        device: device.string(limit: 64), part: part.trimmed.string(limit: 64), size: kib))
                return
            }
            if let before = line.before(": Found "), line.contains(" bank"), let device = before.words.last {
                log.cfi.append(
                    KernelLog.CFI(
                        device: device.string(limit: 64),
                        words: line.after(": Found ")?.trimmed.string() ?? "", size: 0))
                return
            }
            if line.contains("erase region "), var size = line.after("size=0x"), var blocks = line.after("blocks="),
                let bytes = size.takeHexadecimal(), let count = blocks.takeDecimal(), !log.cfi.isEmpty,
                let product = bytes.times(count), let sum = log.cfi[log.cfi.count - 1].size.plus(product),
                sum <= BoardLimits.number
            {
                log.cfi[log.cfi.count - 1].size = sum
            }
        }

        private func badBlock(_ line: ByteText, _ log: inout KernelLog) {
            guard log.badBlocks.count + log.tableBlocks.count + log.tablePages.count < 200_000 else { return }
            if let rest = line.after("Bad eraseblock "), var address = rest.after(" at 0x") {
                if let value = address.takeHexadecimal() { log.badBlocks.append(value) }
            } else if var address = line.after("nand_read_bbt: bad block at 0x") {
                if let value = address.takeHexadecimal() { log.badBlocks.append(value) }
            } else if var address = line.after("ad block table written to 0x") {
                if let value = address.takeHexadecimal() { log.tableBlocks.append(value) }
            } else if var page = line.after("ad block table found at page ") {
                if let value = page.takeDecimal() { log.tablePages.append(value) }
            } else if line.contains("Bad block checks have been entirely disabled") {
                log.badBlockChecksDisabled = true
            }
        }

        /// MediaTek's NMBM and BMT (OpenWrt `mtk_bmt`), EcoNet's and Airoha's tables, RouterBOOT's.
        private static let remappers: [(name: String, signs: [String])] = [
            ("NMBM", ["NMBM has been successfully attached", "nmbm_"]),
            ("BMT", ["mtk_bmt", "[BMT]", "BMT.v", "BMT & BBT Init", "en75_bmt", "bmt pool", "BMT table", "bmt_table"]),
            ("RBA", ["RBA init", "[RBA]"]),
        ]

        private func layer(_ line: ByteText, _ log: inout KernelLog) {
            if var rest = line.after("ubi"), line.contains(": attached mtd"), let ubi = rest.takeDecimal(),
                rest.take(": attached mtd"), let mtd = rest.takeDecimal(), log.attached.count < 64
            {
                log.attached.append(KernelLog.Pair(first: ubi, second: mtd))
            }
            for (name, signs) in Self.remappers where log.remapping == nil || name == "NMBM" {
                if signs.contains(where: line.contains) { log.remapping = name }
            }
        }

        /// The size of a NAND chip: the number before ` MiB,`, as in `256 MiB,`.
        private static func size(_ line: ByteText) -> Int? {
            guard let before = line.before(" MiB,"), let number = before.words.last?.decimal else { return nil }
            return number.times(1 << 20).flatMap { $0 <= BoardLimits.number ? $0 : nil }
        }

        private static func kibibytes(_ text: ByteText?) -> Int? {
            guard var text, let value = text.takeDecimal() else { return nil }
            let factor = text.hasPrefix(" KiB") ? 1 << 10 : text.hasPrefix(" MiB") ? 1 << 20 : 1
            return value.times(factor).flatMap { $0 <= BoardLimits.number ? $0 : nil }
        }

        private static func bytes(_ text: ByteText?) -> Int? {
            guard var text else { return nil }
            return text.takeDecimal()
        }

        private static func kbytes(_ text: ByteText) -> Int? {
            guard var rest = text.after("("), let value = rest.takeDecimal(), rest.hasPrefix(" Kbytes") else {
                return nil
            }
            return value.times(1 << 10).flatMap { $0 <= BoardLimits.number ? $0 : nil }
        }
    }

    /// Removes deleted groups, with their lines and the groups nested in them.
    private mutating func remove(groups gone: Set<Int>) {
        var gone = gone
        for (position, group) in groups.enumerated() {
            if let parent = group.parentLine, let outer = lines[parent].group, gone.contains(outer) {
                gone.insert(position)
            }
        }
        guard !gone.isEmpty else { return }
        var newLine: [Int: Int] = [:]
        var newGroup: [Int: Int] = [:]
        var keptLines: [Line] = []
        var keptGroups: [Group] = []
        for (position, line) in lines.enumerated() where line.group.map({ !gone.contains($0) }) ?? true {
            newLine[position] = keptLines.count
            keptLines.append(line)
        }
        for (position, group) in groups.enumerated() where !gone.contains(position) {
            newGroup[position] = keptGroups.count
            var group = group
            group.parentLine = group.parentLine.flatMap { newLine[$0] }
            keptGroups.append(group)
        }
        for position in keptLines.indices {
            keptLines[position].group = keptLines[position].group.flatMap { newGroup[$0] }
        }
        lines = keptLines
        groups = keptGroups
    }
}
