import FlashAccess

/// A partition table in the kernel's notation, and who tells of it.
struct UBootPartitionTable {
    /// The variable, or `the defaults of mtdparts`.
    var source: String
    /// U-Boot's name of a device → the kernel's.
    var ids: [String: String]
    var definitions: [PartitionDefinition]
}

extension UBootFacts {
    /// All tables that variables and defaults hold, the best first: `mtdparts` is U-Boot's own, `bootargs` the kernel's.
    var tables: [UBootPartitionTable] { allTables.understood }

    /// The sources and texts of tables that were not understood.
    var strangeTables: [(source: String, text: String)] { allTables.strange }

    private var allTables: (understood: [UBootPartitionTable], strange: [(source: String, text: String)]) {
        let variables = environment?.variables ?? [:]
        let ids = UBootPartitionVariables.ids(variables["mtdids"] ?? "")
        var result: [UBootPartitionTable] = []
        var strange: [(source: String, text: String)] = []
        func add(_ source: String, _ text: String, _ ids: [String: String]) {
            let definitions = UBootPartitionVariables.definitions(text)
            guard !definitions.isEmpty else {
                if !ByteText(text).trimmed.isEmpty, strange.count < 5 { strange.append((source, text)) }
                return
            }
            guard result.count < 16 else { return }
            result.append(UBootPartitionTable(source: source, ids: ids, definitions: definitions))
        }
        if let value = variables["mtdparts"] { add("mtdparts", value, ids) }
        let others = variables.keys.filter { $0 != "mtdparts" && $0 != "bootargs" }.sorted()
        for name in ["bootargs"] + others {
            if let text = variables[name].flatMap(Self.tableText) { add(name, text, ids) }
        }
        if let parts, !parts.defaultParts.isEmpty {
            add("the defaults of mtdparts", parts.defaultParts, UBootPartitionVariables.ids(parts.defaultIDs))
        }
        return (result, strange)
    }

    /// The table within a kernel command line: from `mtdparts=` to the next blank, quote or `;`.
    private static func tableText(_ value: String) -> String? {
        guard let rest = ByteText(value).after("mtdparts=") else { return nil }
        let text = rest.bytes.prefix { ![0x20, 0x09, 0x22, 0x27, 0x3B].contains($0) }
        // A variable that is put in later is no table.
        return text.isEmpty || text.contains(0x24) ? nil : ByteText(text).string(limit: 4_000)
    }
}
