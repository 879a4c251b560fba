import Foundation
import Testing

/// Documentation/Modules.md must say what Package.swift does, and the arrows must point down.
@Suite struct ModulesTests {
    private static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.repository.appending(path: path), encoding: .utf8)
    }

    /// Module → the modules of this project that it uses, in the order of the document.
    private func documented() throws -> [(name: String, uses: [String])] {
        try text("Documentation/Modules.md").components(separatedBy: "\n## ").dropFirst().map { section in
            let lines = section.components(separatedBy: "\n")
            let uses = lines.first { $0.hasPrefix("Uses: ") }?.dropFirst("Uses: ".count) ?? ""
            let names = uses.split { ", .".contains($0) }.map(String.init).filter { $0 != "nothing" }
            return (lines[0], names)
        }
    }

    /// The same from the manifest: each target's text up to the next, and the targets named in its dependencies.
    private func declared() throws -> [String: [String]] {
        let manifest = try text("Package.swift")
        let pieces = manifest.replacing(".systemLibrary(", with: ".target(").components(separatedBy: "arget(")
            .dropFirst()
        var targets: [String: [String]] = [:]
        for piece in pieces {
            let strings = piece.components(separatedBy: "\"")
            guard let position = strings.firstIndex(where: { $0.hasSuffix("name: ") }), position + 1 < strings.count
            else {
                continue
            }
            targets[strings[position + 1]] = stride(from: position + 3, to: strings.count, by: 2).map { strings[$0] }
        }
        return targets
    }

    @Test func theDocumentNamesEveryModuleAndWhatItUses() throws {
        let documented = try documented()
        let declared = try declared().filter { !$0.key.hasSuffix("Tests") && !$0.key.hasPrefix("Test") }
        #expect(Set(documented.map(\.name)) == Set(declared.keys))
        for module in documented {
            let ours = (declared[module.name] ?? []).filter { declared[$0] != nil && $0 != module.name }
            #expect(Set(module.uses) == Set(ours), "\(module.name)")
        }
    }

    @Test func arrowsPointDown() throws {
        let documented = try documented()
        for (position, module) in documented.enumerated() {
            let below = Set(documented[(position + 1)...].map(\.name))
            #expect(Set(module.uses).isSubset(of: below), "\(module.name) uses something above itself")
        }
    }

    /// But where FoundationEssentials is not there, which is indented.
    @Test func nothingImportsFoundationWhole() throws {
        let sources = Self.repository.appending(path: "Sources")
        let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
        for case let file as URL in files ?? FileManager.DirectoryEnumerator() where file.pathExtension == "swift" {
            let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
            #expect(
                !lines.contains { $0.hasSuffix("import Foundation") && !$0.hasPrefix(" ") }, "\(file.lastPathComponent)"
            )
        }
    }
}
