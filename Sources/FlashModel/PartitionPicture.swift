/// A chip's partitions as a picture for a terminal: one line each with address, name, size and role, nested as a tree,
/// and a bar that shows the position on the chip.
///
///     spi0.0: SPI NOR sst25vf016b, 2 MiB, erase blocks of 4 KiB
///       0x00000000 ├ mtd0 u-boot       256 KiB bootloader  ████················
///       0x00040000 ├ mtd1 u-boot-env    64 KiB environment ····█···············
///       0x00050000 ├ mtd2 firmware     1.6 MiB firmware    ·····███████████████
///       0x00050000 │ ├ mtd3 kernel     512 KiB firmware    ·····█████··········
package struct PartitionPicture: Sendable {
    /// The character set of the picture.
    package enum Style: Sendable {
        case unicode
        /// ASCII only, for terminals and logs without Unicode; names are escaped accordingly.
        case ascii
    }

    /// The maximum line length in characters. At least 40 are always used.
    package var width: Int
    package var style: Style

    package init(width: Int = 80, style: Style = .unicode) {
        self.width = max(40, min(width, 400))
        self.style = style
    }

    /// All chips, separated by empty lines, and the legend of the marks.
    package func lines(_ survey: Survey) -> [String] {
        var result: [String] = []
        var rows: [Row] = []
        for chip in survey.chips {
            if !result.isEmpty { result.append("") }
            let chipRows = self.rows(chip, survey.partitions.filter { $0.chip == chip.id })
            result += lines(chip, chipRows)
            rows += chipRows
        }
        let known = Set(survey.chips.map(\.id))
        let others = survey.partitions.filter { !known.contains($0.chip) }
        if !others.isEmpty {
            let otherRows = others.map { Row(kind: .partition($0), range: nil, tree: "", marks: marks($0)) }
            if !result.isEmpty { result.append("") }
            result.append("Views of UBI volumes, without flash of their own")
            result += otherRows.map { line($0, columns: Columns(otherRows, self, size: 0), size: 0) }
            rows += otherRows
        }
        let legend = legend(rows)
        if !legend.isEmpty { result += [""] + legend }
        return result.map(fitted)
    }

    /// One chip.
    package func lines(_ chip: Chip, of survey: Survey) -> [String] {
        lines(chip, rows(chip, survey.partitions.filter { $0.chip == chip.id })).map(fitted)
    }

    // MARK: - Rows

    private enum RowKind {
        case partition(Partition)
        /// Bytes that no partition covers.
        case gap
    }

    private struct Row {
        var kind: RowKind
        /// The bytes of the chip; nil if the place is unknown.
        var range: Range<Int>?
        var tree: String
        var marks: String
    }

    private func rows(_ chip: Chip, _ partitions: [Partition]) -> [Row] {
        var placed: [(partition: Partition?, range: Range<Int>)] = []
        var unplaced: [Partition] = []
        for partition in partitions {
            // A partition without bytes has an address like any other, if that was reported.
            if let range = partition.chipRange, !range.isEmpty || partition.isPlaced {
                placed.append((partition, range))
            } else {
                unplaced.append(partition)
            }
        }
        // A whole-chip device would hide the bytes that no real partition covers.
        let inner = placed.filter { $0.partition?.offsetSource != .wholeChip }
        let whole = 0..<max(chip.leastSize, placed.map(\.range.upperBound).max() ?? 0)
        if placed.count == inner.count || !inner.isEmpty {
            placed += PartitionMap.gaps(in: whole, leaving: inner.map(\.range)).map { (nil, $0) }
        }
        placed.sort { Self.order($0.range, $0.partition?.index) < Self.order($1.range, $1.partition?.index) }
        let depths = depths(placed.map(\.range))
        var rows: [Row] = []
        for (position, entry) in placed.enumerated() {
            var marks = ""
            if let partition = entry.partition {
                marks = self.marks(partition)
                let isPartial = placed.contains {
                    $0.partition != nil && PartitionMap.relation($0.range, entry.range) == .partial
                }
                if isPartial { marks += "!" }
            }
            rows.append(
                Row(
                    kind: entry.partition.map { .partition($0) } ?? .gap, range: entry.range,
                    tree: tree(depths, position), marks: marks))
        }
        return rows
            + unplaced.sorted { $0.index < $1.index }.map {
                Row(kind: .partition($0), range: nil, tree: "", marks: marks($0))
            }
    }

    /// From the start of the chip, wider first, except that one without bytes is not drawn within what begins there.
    private static func order(_ range: Range<Int>, _ index: Int?) -> (Int, Int, Int, Int) {
        (range.lowerBound, range.isEmpty ? 0 : 1, -range.upperBound, index ?? Int.max)
    }

    /// For each range, the number of preceding ranges that contain it. Ranges are sorted, wider first.
    private func depths(_ ranges: [Range<Int>]) -> [Int] {
        var open: [Range<Int>] = []
        return ranges.map { range in
            // A range without bytes at the end of another lies behind it.
            while let last = open.last,
                !(last.lowerBound <= range.lowerBound && last.upperBound >= range.upperBound)
                    || range.isEmpty && last.upperBound == range.lowerBound
            {
                open.removeLast()
            }
            open.append(range)
            return open.count - 1
        }
    }

    /// `│ ├ ` before a name: for each level, whether another entry follows on it.
    private func tree(_ depths: [Int], _ position: Int) -> String {
        let depth = min(depths[position], 12)
        let isASCII = style == .ascii
        var text = ""
        for level in 0...depth {
            let rest = depths[(position + 1)...]
            let end = rest.firstIndex { $0 < level } ?? rest.endIndex
            let follows = rest[..<end].contains(level)
            if level < depth {
                text += follows ? (isASCII ? "| " : "│ ") : "  "
            } else {
                text += follows ? (isASCII ? "|-" : "├ ") : (isASCII ? "`-" : "└ ")
            }
        }
        return text
    }

    private func marks(_ partition: Partition) -> String {
        (partition.isLive ? "*" : "") + (partition.isWritable == false ? "=" : "")
    }

    private func legend(_ rows: [Row]) -> [String] {
        var lines: [String] = []
        let marks = rows.map(\.marks).joined()
        if marks.contains("*") { lines.append("* in use: may change while it is read") }
        if marks.contains("=") { lines.append("= read-only in the running system") }
        if marks.contains("!") { lines.append("! overlaps another partition in part") }
        let hasBad = rows.contains { row in
            if case .partition(let partition) = row.kind { !(partition.badBlocks?.bad.isEmpty ?? true) } else { false }
        }
        if hasBad { lines.append("x bad blocks") }
        let isGuessed = rows.contains { row in
            if case .partition(let partition) = row.kind { partition.offsetSource == .guess } else { false }
        }
        if isGuessed { lines.append("~ offset guessed from the order of the partitions") }
        return lines
    }

    // MARK: - Lines

    /// Column widths.
    private struct Columns {
        var address: Int
        var name: Int
        var size: Int
        /// 0 if no partition has a role.
        var role: Int
        var bar: Int

        init(_ rows: [Row], _ picture: PartitionPicture, size: Int) {
            address = ByteCount.hex(size).count + 1
            self.size = rows.map { picture.sizeText($0).count }.max() ?? 0
            let wanted = rows.map { picture.name($0, limit: 64).count }.max() ?? 0
            role = rows.map { picture.role($0).count }.max() ?? 0
            // Two spaces at the start, one between columns.
            let fixed = 2 + address + 1 + 1 + self.size + (role > 0 ? 1 + role : 0)
            let room = max(12, picture.width - fixed)
            // The bar gets a third of the remaining width, or what the names leave.
            name = min(wanted, max(12, room - max(12, room / 3)))
            let left = picture.width - fixed - name - 1
            bar = size > 0 && left >= 8 ? min(left, 64) : 0
        }
    }

    private func lines(_ chip: Chip, _ rows: [Row]) -> [String] {
        let size = max(chip.leastSize, rows.compactMap { $0.range?.upperBound }.max() ?? 0)
        let columns = Columns(rows, self, size: size)
        var result = [title(chip)]
        var hasUnplaced = false
        for row in rows {
            if row.range == nil, !hasUnplaced {
                hasUnplaced = true
                result.append("  at an unknown offset:")
            }
            result.append(line(row, columns: columns, size: size))
        }
        if rows.contains(where: { $0.range != nil }) {
            let end = "  " + " " + ByteCount.hex(size)
            result.append(end + (chip.exactSize != nil ? " end of the chip" : " or more: the end is unknown"))
        }
        return result
    }

    private func title(_ chip: Chip) -> String {
        let kind =
            switch chip.kind {
            case .nor: "NOR"
            case .spiNOR: "SPI NOR"
            case .nand: "NAND"
            case .mlcNAND: "MLC NAND"
            case .spiNAND: "SPI NAND"
            case .dataflash: "DataFlash"
            case .ram: "RAM"
            case .rom: "ROM"
            case .unknown: "unknown type of flash"
            }
        let words = chip.identification["partname"] ?? chip.identification["words"] ?? chip.identification["name"]
        var text = "\(shown(chip.id, limit: 40)): \(kind)"
        if let words, words != chip.id { text += " \"\(shown(words, limit: 40))\"" }
        switch chip.size {
        case .exact(let bytes): text += ", \(ByteCount.text(bytes))"
        case .atLeast(0): text += ", of unknown size"
        case .atLeast(let bytes): text += ", at least \(ByteCount.text(bytes))"
        }
        if chip.eraseBlockSize > 0 { text += ", erase blocks of \(ByteCount.text(chip.eraseBlockSize))" }
        if chip.pageSize > 1 {
            text += ", pages of \(chip.pageSize)" + (chip.oobSize > 0 ? "+\(chip.oobSize)" : "")
        }
        return text
    }

    private func shown(_ text: String, limit: Int) -> String {
        PrintableText.escaped(text, limit: limit, asciiOnly: style == .ascii)
    }

    private func name(_ row: Row, limit: Int) -> String {
        switch row.kind {
        case .gap: return row.tree + "(no partition)"
        case .partition(let partition):
            let head = row.tree + partition.label + row.marks + " "
            return head + shown(partition.name, limit: max(4, limit - head.count))
        }
    }

    private func role(_ row: Row) -> String {
        switch row.kind {
        case .gap: ""
        case .partition(let partition): partition.role == .unknown ? "" : partition.role.rawValue
        }
    }

    private func sizeText(_ row: Row) -> String {
        switch row.kind {
        case .gap: ByteCount.text(row.range?.count ?? 0)
        case .partition(let partition): ByteCount.text(partition.size)
        }
    }

    private func line(_ row: Row, columns: Columns, size: Int) -> String {
        var isGuess = false
        var partition: Partition?
        if case .partition(let value) = row.kind {
            partition = value
            isGuess = value.offsetSource == .guess
        }
        let address = row.range.map { (isGuess ? "~" : " ") + ByteCount.hex($0.lowerBound) } ?? ""
        var text = "  " + padded(address, columns.address) + " " + padded(name(row, limit: columns.name), columns.name)
        text += " " + padded(sizeText(row), columns.size, toRight: true)
        if columns.role > 0 { text += " " + padded(role(row), columns.role) }
        if columns.bar > 0, let range = row.range, size > 0 {
            text += " " + bar(range, partition, cells: columns.bar, size: size)
        }
        while text.last == " " { text.removeLast() }
        return text
    }

    private func bar(_ range: Range<Int>, _ partition: Partition?, cells: Int, size: Int) -> String {
        let isASCII = style == .ascii
        // Floating point, because a chip may be so large that its size times the cells does not fit an Int.
        func cell(_ position: Int) -> Double { Double(position) / Double(size) * Double(cells) }
        let first = min(cells - 1, max(0, Int(cell(range.lowerBound))))
        let last = min(cells - 1, max(first, Int(cell(range.upperBound).rounded(.up)) - 1))
        var characters = [Character](repeating: isASCII ? "." : "·", count: cells)
        if range.isEmpty { return String(characters) }
        let fill: Character = partition == nil ? (isASCII ? "-" : "░") : (isASCII ? "#" : "█")
        for position in first...last { characters[position] = fill }
        if let partition, partition.eraseBlockSize > 0 {
            for block in partition.badBlocks?.bad.prefix(10_000) ?? [] {
                guard let offset = block.times(partition.eraseBlockSize), let place = offset.plus(range.lowerBound),
                    place >= 0, place < size
                else { continue }
                characters[min(cells - 1, Int(cell(place)))] = "x"
            }
        }
        return String(characters)
    }

    private func padded(_ text: String, _ width: Int, toRight: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return toRight ? blanks + text : text + blanks
    }

    /// The line, truncated if it is too long.
    private func fitted(_ line: String) -> String {
        line.count <= width ? line : String(line.prefix(width - 3)) + "..."
    }
}
