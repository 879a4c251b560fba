import FlashAccess
import FlashModel

/// Flash chips and partitions in the device tree, from a dump of its properties.
///
/// A flash node has a child `partitions` with `compatible = "fixed-partitions"`; in older trees the partitions are
/// children of the flash node itself. `reg` consists of big-endian 32-bit cells; the parent's `#address-cells` and
/// `#size-cells` give their numbers. A partition may be subdivided in the same way, with offsets from its own start
/// (`drivers/mtd/parsers/ofpart_core.c`).
package struct DeviceTree: Sendable, Hashable {
    /// A partition node.
    package struct Part: Sendable, Hashable {
        /// The path from the tree's root: `/flash@1e000000/partitions/yamon@0`.
        package var path: String
        /// The property `label`, else `name`, else the node's name.
        package var name: String
        /// The offset in bytes from the start of the parent.
        package var offset: Int
        /// The size in bytes; 0 means the rest of the parent.
        package var size: Int
        /// Whether the property `read-only` exists.
        package var isReadOnly: Bool
        /// The path of the partition that contains it.
        package var parent: String?
        /// The path of the flash node.
        package var flash: String
    }

    /// A node.
    package struct Node: Sendable, Hashable {
        package var path: String
        /// The properties by name, at most 4096 bytes each.
        package var properties: [String: [UInt8]] = [:]

        /// The strings of a string-list property.
        package func strings(_ property: String) -> [String] {
            (properties[property] ?? []).split(separator: 0).map { NameText.text($0.prefix(256)) }
        }

        /// The 32-bit cells of a property.
        package func cells(_ property: String) -> [Int] {
            let bytes = properties[property] ?? []
            return stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { start in
                bytes[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) }
            }
        }
    }

    /// The nodes by path.
    package var nodes: [String: Node] = [:]
    /// The partitions, in the order of the dump.
    package var parts: [Part] = []

    /// Parses the reply to the probe `device-tree-flash.txt`: `== /node`, `-- property`, then lines of `hexdump -C` or
    /// `od -A x -t x1 -v`.
    package init(_ reply: LinuxProbeReply) {
        var order: [String] = []
        var path: String?
        var property: String?
        var dump = HexDump()
        func finish() {
            if let path, let property, nodes[path]?.properties[property] == nil {
                nodes[path]?.properties[property] = dump.bytes
            }
            property = nil
            dump = HexDump()
        }
        for line in reply.lines {
            if let title = line.dropping("== ") {
                finish()
                var text = title.trimmed.string(limit: 1024)
                if text.hasPrefix("./") { text.removeFirst() }
                guard nodes.count < 4 * BoardLimits.devices else { break }
                path = text
                if nodes[text] == nil {
                    nodes[text] = Node(path: text)
                    order.append(text)
                }
            } else if let name = line.dropping("-- ") {
                finish()
                property = name.trimmed.string(limit: 64)
            } else if property != nil {
                dump.add(line)
            }
        }
        finish()
        parts = order.compactMap { nodes[$0].flatMap(part) }
    }

    private static func folder(_ path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return nil }
        return String(path[..<slash])
    }

    private static func lastName(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// The partition that a node describes; nil if it does not describe one.
    private func part(_ node: Node) -> Part? {
        guard node.properties["reg"] != nil, let folder = Self.folder(node.path), let holder = nodes[folder] else {
            return nil
        }
        let holds = holder.strings("compatible")
        let isTable = Self.lastName(folder) == "partitions" || holds.contains("fixed-partitions")
        guard isTable || Self.isFlash(holder) && node.properties["compatible"].map(\.isEmpty) ?? true else {
            return nil
        }
        let cells = node.cells("reg")
        let addressCells = holder.cells("#address-cells").first ?? 1
        let sizeCells = holder.cells("#size-cells").first ?? 1
        guard (1...2).contains(addressCells), (1...2).contains(sizeCells), cells.count >= addressCells + sizeCells,
            let offset = Self.joined(cells.prefix(addressCells)),
            let size = Self.joined(cells.dropFirst(addressCells).prefix(sizeCells))
        else { return nil }

        // The owner is the flash or a partition. It contains the table, or is a table itself.
        let owner = Self.lastName(folder) == "partitions" ? Self.folder(folder) : folder
        let ownerNode = owner.flatMap { nodes[$0] }
        let isNested = ownerNode.map { isPart($0) } ?? false
        let name =
            node.strings("label").first ?? node.strings("name").first
            ?? Self.lastName(node.path).split(separator: "@").first.map(String.init) ?? ""
        return Part(
            path: node.path, name: name, offset: offset, size: size,
            isReadOnly: node.properties["read-only"] != nil, parent: isNested ? owner : nil,
            flash: flash(above: owner ?? folder))
    }

    /// Whether a node lies in a partition table.
    private func isPart(_ node: Node) -> Bool {
        guard node.properties["reg"] != nil, let folder = Self.folder(node.path), let holder = nodes[folder] else {
            return false
        }
        return Self.lastName(folder) == "partitions" || holder.strings("compatible").contains("fixed-partitions")
            || Self.isFlash(holder) && node.strings("label").first != nil
    }

    /// The path of the flash node of a partition: its first ancestor that is neither a partition nor a table.
    private func flash(above start: String) -> String {
        var path = start
        for _ in 0..<32 {
            let isTable = Self.lastName(path) == "partitions"
            guard isTable || nodes[path].map(isPart) ?? false, let folder = Self.folder(path) else { return path }
            path = folder
        }
        return path
    }

    private static func isFlash(_ node: Node) -> Bool {
        node.strings("compatible").contains { name in
            ["spi-nor", "flash", "nand", "m25p", "w25", "mx25", "s25fl", "n25q", "en25", "sst25", "mtd-ram"].contains {
                name.contains($0)
            }
        }
    }

    /// The cells combined into one number; nil if it exceeds ``BoardLimits``.
    private static func joined(_ cells: ArraySlice<Int>) -> Int? {
        var value = 0
        for cell in cells {
            guard value <= BoardLimits.number >> 32 else { return nil }
            value = value << 32 | cell
        }
        return value <= BoardLimits.number ? value : nil
    }
}

/// Parses the output of `hexdump -C` or `od -A x -t x1`.
struct HexDump {
    /// The bytes so far, at most 4096.
    private(set) var bytes: [UInt8] = []
    private var repeats = false

    /// Adds a line. A line `*` stands for repetitions of the one before, up to the address of the next.
    mutating func add(_ line: ByteText) {
        let text = line.before("  |") ?? line
        guard let first = text.words.first else { return }
        if first.bytes.elementsEqual("*".utf8) {
            repeats = true
            return
        }
        guard let address = first.hexadecimal, first.bytes.count >= 6, address <= 4096 else { return }
        if repeats, bytes.count >= 16, address > bytes.count {
            let row = Array(bytes.suffix(16))
            while bytes.count < address { bytes += row }
        }
        repeats = false
        // A line whose address does not continue the dump does not belong to it.
        guard address == bytes.count else { return }
        for word in text.words.dropFirst().prefix(16) {
            guard word.bytes.count == 2, let value = word.hexadecimal, bytes.count < 4096 else { return }
            bytes.append(UInt8(truncatingIfNeeded: value))
        }
    }
}
