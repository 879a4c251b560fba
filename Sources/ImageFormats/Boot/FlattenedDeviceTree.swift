import FlashModel

/// A device tree blob (Devicetree Specification 0.4, chapter 5), as far as a FIT image needs it. Of large properties,
/// such as the kernel itself, only the position is recorded.
struct FlattenedDeviceTree {
    /// Why a blob is invalid.
    enum Fault: Error, Hashable {
        case damaged
    }

    struct Property: Hashable {
        /// The position of the value in the file.
        var place: Range<Int>
        /// The value, if it is small; otherwise empty.
        var value: [UInt8]

        /// The value as a list of strings.
        var strings: [String] { value.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } }
        /// The value as a number of one or two cells.
        var number: UInt64? {
            value.count == 4 || value.count == 8 ? value.reduce(0) { $0 << 8 | UInt64($1) } : nil
        }
    }

    struct Node: Hashable {
        var properties: [String: Property] = [:]
    }

    static let magic: [UInt8] = [0xD0, 0x0D, 0xFE, 0xED]
    /// Limits of what is accepted. FIT images have a few dozen nodes.
    private static let mostNodes = 2000
    private static let mostProperties = 20_000
    private static let deepest = 16
    private static let longestName = 256
    private static let smallValue = 1024

    /// The size of the whole blob in bytes.
    let totalSize: Int
    /// The nodes by path, such as `/images/kernel-1`.
    private(set) var nodes: [String: Node] = [:]
    /// The paths in the order of the blob.
    private(set) var order: [String] = []

    private let structure: Range<Int>
    private let strings: Range<Int>

    /// Parses a file that starts with the magic number.
    ///
    /// - Throws: ``Fault``, ``ImageBytes/Fault``, or errors of reading the file.
    init(_ bytes: inout ImageBytes) throws {
        func field(_ index: Int) throws -> Int { try bytes.number(at: 4 * index, bytes: 4, isBigEndian: true) }
        totalSize = try field(1)
        let structureStart = try field(2)
        let stringsStart = try field(3)
        let version = try field(5)
        let oldest = try field(6)
        // Version 16 lacks the last field, the size of the structure block; there, only a token marks the end.
        guard (16...100).contains(version), oldest <= 17, totalSize >= 40, totalSize <= bytes.size,
            structureStart >= 36, structureStart % 4 == 0,
            let stringsEnd = stringsStart.plus(try field(8)), stringsEnd <= totalSize,
            let structureEnd = version >= 17 ? structureStart.plus(try field(9)) : totalSize,
            structureStart < structureEnd, structureEnd <= totalSize
        else { throw Fault.damaged }
        structure = structureStart..<structureEnd
        strings = stringsStart..<stringsEnd
        try walk(&bytes)
    }

    /// Walks the tokens of the structure block: 1 begins a node, 2 ends it, 3 is a property, 4 nothing, 9 the end.
    private mutating func walk(_ bytes: inout ImageBytes) throws {
        var offset = structure.lowerBound
        var path: [String] = []
        var properties = 0
        // Names come after the structure block, which may be long, so they are looked up together at the end.
        var unnamed: [(path: String, name: Int, property: Property)] = []
        func word() throws -> Int {
            guard offset >= structure.lowerBound, offset + 4 <= structure.upperBound else { throw Fault.damaged }
            let value = try bytes.number(at: offset, bytes: 4, isBigEndian: true)
            offset += 4
            return value
        }
        walking: while true {
            switch try word() {
            case 1:
                let name = try text(at: offset, within: structure, &bytes)
                offset += (name.utf8Count + 1).roundedUp(to: 4) ?? 0
                // The root has no name.
                path.append(path.isEmpty ? "" : name.text)
                let full = Self.joined(path)
                guard path.count <= Self.deepest, order.count < Self.mostNodes, nodes[full] == nil else {
                    throw Fault.damaged
                }
                nodes[full] = Node()
                order.append(full)
            case 2:
                guard path.popLast() != nil else { throw Fault.damaged }
            case 3:
                let size = try word()
                let name = try word()
                properties += 1
                guard !path.isEmpty, properties <= Self.mostProperties, size <= structure.upperBound - offset else {
                    throw Fault.damaged
                }
                let value = size <= Self.smallValue ? Array(try bytes.bytes(at: offset, count: size)) : []
                unnamed.append((Self.joined(path), name, Property(place: offset..<(offset + size), value: value)))
                offset += size.roundedUp(to: 4) ?? size
            case 4: continue
            case 9:
                guard path.isEmpty, !order.isEmpty else { throw Fault.damaged }
                break walking
            default: throw Fault.damaged
            }
        }
        var names: [Int: String] = [:]
        for (path, name, property) in unnamed {
            if names[name] == nil {
                guard let place = strings.lowerBound.plus(name) else { throw Fault.damaged }
                names[name] = try text(at: place, within: strings, &bytes).text
            }
            guard let word = names[name], nodes[path]?.properties[word] == nil else { throw Fault.damaged }
            nodes[path]?.properties[word] = property
        }
    }

    private static func joined(_ path: [String]) -> String {
        path.count == 1 ? "/" : path.joined(separator: "/")
    }

    /// Reads a zero-terminated text.
    private func text(
        at offset: Int, within range: Range<Int>, _ bytes: inout ImageBytes
    ) throws -> (text: String, utf8Count: Int) {
        guard range.contains(offset) else { throw Fault.damaged }
        let piece = try bytes.bytes(at: offset, count: min(Self.longestName, range.upperBound - offset))
        guard let end = piece.firstIndex(of: 0) else { throw Fault.damaged }
        return (String(decoding: piece[..<end], as: UTF8.self), end - piece.startIndex)
    }

    /// A property of a node.
    func property(_ name: String, of path: String) -> Property? { nodes[path]?.properties[name] }

    /// The texts in a property; empty if there is none.
    func texts(_ name: String, of path: String) -> [String] { property(name, of: path)?.strings ?? [] }

    /// The paths of a node's direct children, in the order of the blob.
    func children(of path: String) -> [String] {
        let start = path == "/" ? "/" : path + "/"
        return order.filter { $0 != path && $0.hasPrefix(start) && !$0.dropFirst(start.count).contains("/") }
    }
}
