import FlashModel

/// What a root file system says about itself.
enum SquashfsFacts {
    /// The largest file that is read, in bytes.
    private static let largest = 16 << 10

    static func facts(
        _ tree: SquashfsReader.Tree, _ reader: inout SquashfsReader, _ content: inout ContentBytes
    ) throws -> [Fact?] {
        var facts: [Fact?] = []
        for (path, format) in ReleaseText.files {
            guard let file = reader.file(path, in: tree), file.size <= largest,
                let bytes = try reader.contents(of: file, &content)
            else { continue }
            facts += ReleaseText.facts(bytes, format)
        }
        let modules = reader.file("lib/modules", in: tree).map { reader.entries(of: $0, in: tree) } ?? []
        facts.append(.text("kernel modules for", modules.first { $0.inode.kind == .directory }?.name))
        let root = tree.root.map { reader.entries(of: $0, in: tree) } ?? []
        facts.append(.texts("top-level names", root.prefix(64).map(\.name)))
        var seen: Set<String> = []
        return facts.filter { fact in fact.map { seen.insert($0.name).inserted } ?? false }
    }
}

/// The files in which a system says which release it is.
enum ReleaseText {
    enum Format {
        /// `NAME="value"` lines (freedesktop.org, os-release).
        case assignments
        /// One line.
        case line
    }

    static let files: [(path: String, format: Format)] = [
        ("etc/openwrt_release", .assignments), ("etc/os-release", .assignments), ("usr/lib/os-release", .assignments),
        ("etc/openwrt_version", .line), ("etc/version", .line), ("etc/banner", .line),
    ]

    /// The names of facts for the names in assignments.
    private static let names = [
        "DISTRIB_DESCRIPTION": "release", "PRETTY_NAME": "release", "DISTRIB_TARGET": "target",
        "DISTRIB_ARCH": "package architecture", "OPENWRT_BOARD": "target", "DISTRIB_REVISION": "revision",
        "BUILD_ID": "revision", "OPENWRT_DEVICE_PRODUCT": "model", "OPENWRT_DEVICE_MANUFACTURER": "manufacturer",
        "VERSION_ID": "version number", "OPENWRT_ARCH": "package architecture",
    ]

    static func facts(_ bytes: [UInt8], _ format: Format) -> [Fact?] {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).prefix(200).map { String(decoding: $0, as: UTF8.self) }
        switch format {
        case .line: return [.text("version file", lines.first?.trimmingControls)]
        case .assignments:
            return lines.map { line in
                let parts = line.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, let name = names[String(parts[0])] else { return nil }
                return .text(name, parts[1].trimmingQuotes)
            }
        }
    }
}

extension Substring {
    /// Without the quotes around it.
    var trimmingQuotes: String {
        let isQuote: (Character) -> Bool = { $0 == "\"" || $0 == "'" }
        var text = drop(while: isQuote)
        while let last = text.last, isQuote(last) || last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
