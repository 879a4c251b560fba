/// Finds targets that must not use each other, according to the arrows of Documentation/Modules.md.
struct TargetRules {
    private let uses: [String: [String]]
    /// Groups of targets that must not use each other, according to the document.
    private let siblings: [[String]]

    /// - Parameters:
    ///   - manifest: the text of `Package.swift`.
    ///   - document: the text of `Modules.md`. The list after the line that ends in "Siblings:" names siblings, one
    ///     group per item.
    init(manifest: String, document: String) {
        uses = PackageManifest(manifest).uses
        let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
        let list = lines.drop { !$0.hasSuffix("iblings:") }.dropFirst().prefix { $0.hasPrefix("- ") }
        siblings = list.map { $0.dropFirst(2).split { " ,.".contains($0) }.map(String.init) }
    }

    /// The access methods, each of which knows one dialect or tool: `LinuxFlash`.
    private var waysIn: [String] { uses.keys.filter { $0.hasSuffix("Flash") }.sorted() }

    /// The errors, one text each.
    var complaints: [String] {
        guard !siblings.isEmpty, uses["Operations"] != nil, !waysIn.isEmpty else {
            return ["the manifest, or the list of siblings in Modules.md, was not understood"]
        }
        var texts: [String] = []
        func forbid(_ target: String, _ others: [String], _ reason: String) {
            for other in others {
                guard let path = path(from: target, to: other) else { continue }
                texts.append("\(path.joined(separator: " -> ")): \(reason)")
            }
        }
        forbid(
            "Operations", waysIn + ["BoardAccess"], "Operations knows boards only through the protocols of FlashAccess")
        for way in waysIn {
            forbid(way, waysIn.filter { $0 != way }, "a way in knows nothing of the others")
            forbid(way, ["BoardAccess"], "a way in does not know who uses it")
        }
        forbid("FlashAccess", waysIn + ["BoardAccess"], "what all ways in share knows none of them")
        for group in siblings {
            for one in group {
                for other in group where other != one && uses[one]?.contains(other) == true {
                    texts.append("\(one) -> \(other): siblings do not use each other")
                }
            }
        }
        return texts
    }

    /// The shortest path by which one target uses another.
    private func path(from start: String, to end: String) -> [String]? {
        var paths = [[start]]
        var seen: Set = [start]
        while !paths.isEmpty {
            var longer: [[String]] = []
            for path in paths {
                for next in uses[path.last ?? ""] ?? [] {
                    if next == end { return path + [next] }
                    if seen.insert(next).inserted { longer.append(path + [next]) }
                }
            }
            paths = longer
        }
        return nil
    }
}
