import FlashModel

/// The flash partitions that a device tree defines (Linux `Documentation/devicetree/bindings/mtd/partitions`).
package enum DeviceTreePartitions {
    /// A partition.
    package struct Entry: Sendable, Hashable {
        package var label: String
        /// Bytes from the start of the node that contains the table: a chip, or another partition.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
        /// The path of the node that contains the table.
        package var parent: String

        /// `label: offset, size`, in hexadecimal.
        package var text: String { "\(label): \(ByteCount.hex(offset)), \(ByteCount.hex(size))" }
    }

    /// The most partitions that are returned.
    private static let limit = 256

    /// All partitions, in the order of the tree: children of nodes that are `fixed-partitions`, or, in old trees, that
    /// have both a label and a range and whose parent is a flash chip.
    static func all(in tree: FlattenedDeviceTree) -> [Entry] {
        var result: [Entry] = []
        for table in tree.order where tree.texts("compatible", of: table).contains("fixed-partitions") {
            let cells = (
                tree.property("#address-cells", of: table)?.number ?? 1,
                tree.property("#size-cells", of: table)?.number ?? 1
            )
            for node in tree.children(of: table) where result.count < limit {
                guard let entry = entry(node, table, tree, cells) else { continue }
                result.append(entry)
            }
        }
        return result
    }

    private static func entry(
        _ node: String, _ table: String, _ tree: FlattenedDeviceTree, _ cells: (UInt64, UInt64)
    ) -> Entry? {
        guard (1...2).contains(cells.0), (1...2).contains(cells.1), let value = tree.property("reg", of: node)?.value
        else { return nil }
        let (first, second) = (Int(cells.0) * 4, Int(cells.1) * 4)
        guard value.count >= first + second else { return nil }
        func number(_ bytes: ArraySlice<UInt8>) -> Int? {
            Int(exactly: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        }
        guard let offset = number(value[..<first]), let size = number(value[first..<(first + second)]) else {
            return nil
        }
        let name = String(node.split(separator: "/").last ?? "")
        return Entry(
            label: tree.texts("label", of: node).first ?? name, offset: offset, size: size,
            parent: String(table.split(separator: "/").dropLast().joined(separator: "/")))
    }
}
