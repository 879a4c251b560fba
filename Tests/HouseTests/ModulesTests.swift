import Foundation
import Testing

/// Documentation/Modules.md must agree with Package.swift, and its arrows must point down.
@Suite struct ModulesTests {
    private static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.repository.appending(path: path), encoding: .utf8)
    }

    /// The project's modules that each module uses, in the order of the document.
    private func documented() throws -> [(name: String, uses: [String])] {
        try text("Documentation/Modules.md").components(separatedBy: "\n## ").dropFirst().map { section in
            let lines = section.components(separatedBy: "\n")
            let uses = lines.first { $0.hasPrefix("Uses: ") }?.dropFirst("Uses: ".count) ?? ""
            let names = uses.split { ", .".contains($0) }.map(String.init).filter { $0 != "nothing" }
            return (lines[0], names)
        }
    }

    @Test func theDocumentNamesEveryModuleAndWhatItUses() throws {
        let documented = try documented()
        let declared = PackageManifest(try text("Package.swift")).uses
        #expect(Set(documented.map(\.name)) == Set(declared.keys))
        for module in documented {
            #expect(Set(module.uses) == Set(declared[module.name] ?? []), "\(module.name)")
        }
    }

    @Test func arrowsPointDown() throws {
        let documented = try documented()
        for (position, module) in documented.enumerated() {
            let below = Set(documented[(position + 1)...].map(\.name))
            #expect(Set(module.uses).isSubset(of: below), "\(module.name) uses something above itself")
        }
    }

    /// Except, indented, where FoundationEssentials is not available.
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
