import FlashModel

/// A device tree blob, and a FIT image, which is one with `/images` (Devicetree Specification 0.4, chapter 5; U-Boot
/// `doc/usage/fit/source_file_format.rst`). ``FlattenedDeviceTree`` parses both.
///
/// A blob has no checksum: it is proven by walking its whole structure. A FIT's images may lie behind the structure
/// (`mkimage -E`), so its extent is the end of the last; it is proven if each image has a hash and all hashes hold, and
/// plausible without hashes.
package enum DeviceTreeContent: ContentFormat {
    package static let name = "device tree"
    static let fitName = "FIT image"
    package static let signatures = [Signature([0xD0, 0x0D, 0xFE, 0xED])]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        let size = head.big(4)
        return head.count >= 40 && size >= 40 && (16...100).contains(head.big(20)) && head.big(24) <= 17
            && head.big(8) < size && head.big(12) < size
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let tree: FlattenedDeviceTree
        do {
            tree = try FlattenedDeviceTree(&content.header)
        } catch is FlattenedDeviceTree.Fault {
            return Finding(
                name, at: content.start, size: nil, grade: .hint,
                notes: ["its structure is damaged, or larger than supported"])
        }
        if tree.nodes["/images"] != nil { return try fit(tree, &content) }
        let facts: [Fact?] = [
            .text("model", tree.texts("model", of: "/").first), .texts("compatible", tree.texts("compatible", of: "/")),
            .text("boot arguments", tree.texts("bootargs", of: "/chosen").first),
            .texts("partitions", partitions(tree)),
        ]
        let entries = DeviceTreePartitions.all(in: tree).map {
            FoundPartition(name: $0.label, offset: $0.offset, size: $0.size)
        }
        return Finding(
            name, at: content.start, size: tree.totalSize, grade: .proven, facts: facts,
            table: entries.isEmpty ? nil : FoundTable(.bytes, entries))
    }

    /// The partitions of all `fixed-partitions` nodes: `label at offset, size`, in hexadecimal.
    private static func partitions(_ tree: FlattenedDeviceTree) -> [String] {
        DeviceTreePartitions.all(in: tree).map(\.text)
    }

    // MARK: FIT

    private static func fit(_ tree: FlattenedDeviceTree, _ content: inout ContentBytes) throws -> Finding {
        let images = tree.children(of: "/images")
        var end = tree.totalSize
        var (checked, unchecked, failed) = (0, 0, 0)
        var names: [String] = []
        for image in images {
            let type = tree.texts("type", of: image).first ?? "data"
            let compression = tree.texts("compression", of: image).first ?? "none"
            names.append("\(image.dropFirst("/images/".count)): \(type), \(compression)")
            guard let data = data(of: image, tree), data.upperBound <= content.size else {
                failed += 1
                continue
            }
            end = max(end, data.upperBound)
            let hashes = tree.children(of: image).filter { $0.dropFirst(image.count + 1).hasPrefix("hash") }
            if hashes.isEmpty { unchecked += 1 }
            for hash in hashes {
                switch try holds(hash, data, tree, content) {
                case true?: checked += 1
                case false?: failed += 1
                case nil: unchecked += 1
                }
            }
        }
        let facts: [Fact?] = [
            .text("description", tree.texts("description", of: "/").first), .texts("images", names),
            .text("default configuration", tree.texts("default", of: "/configurations").first),
            tree.property("timestamp", of: "/")?.number.flatMap { Int64(exactly: $0) }.map {
                Fact("created", .date($0))
            },
        ]
        let notes = failed > 0 ? ["\(failed) of its images are damaged or incomplete"] : []
        let isProven = failed == 0 && unchecked == 0 && checked > 0
        return Finding(
            fitName, at: content.start, size: min(end, content.size), grade: isProven ? .proven : .plausible,
            facts: facts, notes: notes)
    }

    /// The bytes of an image, from the start of the FIT; nil if it has none.
    private static func data(of image: String, _ tree: FlattenedDeviceTree) -> Range<Int>? {
        if let place = tree.property("data", of: image)?.place { return place }
        guard let size = tree.property("data-size", of: image)?.number.flatMap({ Int(exactly: $0) }) else { return nil }
        var start = tree.property("data-position", of: image)?.number.flatMap { Int(exactly: $0) }
        if start == nil, let offset = tree.property("data-offset", of: image)?.number.flatMap({ Int(exactly: $0) }) {
            start = tree.totalSize.roundedUp(to: 4)?.plus(offset)
        }
        guard let start, let end = start.plus(size) else { return nil }
        return start..<end
    }

    /// Whether a hash node's value is that of the data; nil if that cannot be computed.
    private static func holds(
        _ hash: String, _ data: Range<Int>, _ tree: FlattenedDeviceTree, _ content: ContentBytes
    ) throws -> Bool? {
        guard let name = tree.texts("algo", of: hash).first, let value = tree.property("value", of: hash)?.value,
            let algorithm = ChecksumAlgorithm(rawValue: name), algorithm != .cksum,
            let computed = try content.digest(algorithm, data)
        else { return nil }
        return computed == Hexadecimal.text(value)
    }
}
