import Foundation
import Testing

@Suite("The uses between targets")
struct TargetRulesTests {
    private static func text(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test("This package")
    func package() throws {
        let rules = TargetRules(
            manifest: try Self.text("Package.swift"), document: try Self.text("Documentation/Modules.md"))
        for complaint in rules.complaints { Issue.record("\(complaint)") }
    }

    @Test("The manifest is parsed as SwiftPM does")
    func manifest() {
        let manifest = PackageManifest(Self.manifest)
        #expect(
            manifest.targets.map(\.name) == [
                "CZlib", "FlashModel", "BoardConsoles", "Transfers", "FlashAccess", "LinuxFlash", "UBootFlash",
                "BoardAccess", "Operations", "flashkeep", "TestBoards", "OperationsTests",
            ])
        #expect(manifest.uses["FlashModel"] == ["CZlib"])
        #expect(manifest.uses["BoardAccess"] == ["LinuxFlash", "UBootFlash"])
        #expect(manifest.uses["TestBoards"] == nil && manifest.uses["OperationsTests"] == nil)
    }

    private static let manifest = """
        let package = Package(
            name: "flashkeep", products: [.executable(name: "flashkeep", targets: ["flashkeep"])],
            dependencies: [.package(url: "https://github.com/apple/swift-nio", from: "2.101.2")],
            targets: [
                .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
                .target(name: "FlashModel", dependencies: ["CZlib", .product(name: "Crypto", package: "swift-crypto")]),
                .target(name: "BoardConsoles", dependencies: ["FlashModel"]),
                .target(name: "Transfers", dependencies: ["FlashModel"]),
                .target(name: "FlashAccess", dependencies: ["BoardConsoles"]),
                .target(name: "LinuxFlash", dependencies: ["FlashAccess", "Transfers"]),
                .target(name: "UBootFlash", dependencies: ["FlashAccess", "Transfers"]),
                .target(name: "BoardAccess", dependencies: ["LinuxFlash", "UBootFlash"]),
                .target(name: "Operations", dependencies: ["FlashAccess"]),
                .executableTarget(name: "flashkeep", dependencies: ["BoardAccess", "Operations"]),
                .target(name: "TestBoards", dependencies: ["UBootFlash"], path: "Tests/TestBoards"),
                .testTarget(name: "OperationsTests", dependencies: ["BoardAccess", "Operations", "TestBoards"]),
            ])
        """

    private static let document = """
        Siblings:
        - Operations, BoardAccess
        - Transfers, BoardConsoles

        """

    @Test("A correct manifest has no errors")
    func good() {
        #expect(TargetRules(manifest: Self.manifest, document: Self.document).complaints == [])
    }

    @Test(
        "Each forbidden use is found",
        arguments: [
            ("Operations", "BoardAccess", "Operations -> BoardAccess: Operations knows boards only"),
            ("Operations", "LinuxFlash", "Operations -> LinuxFlash: Operations knows boards only"),
            ("Operations", "UBootFlash", "Operations -> UBootFlash: Operations knows boards only"),
            ("LinuxFlash", "UBootFlash", "LinuxFlash -> UBootFlash: a way in knows nothing of the others"),
            ("UBootFlash", "LinuxFlash", "UBootFlash -> LinuxFlash: a way in knows nothing of the others"),
            ("UBootFlash", "BoardAccess", "UBootFlash -> BoardAccess: a way in does not know who uses it"),
            ("FlashAccess", "UBootFlash", "FlashAccess -> UBootFlash: what all ways in share knows none of them"),
            ("BoardConsoles", "Transfers", "BoardConsoles -> Transfers: siblings do not use each other"),
            ("Transfers", "BoardConsoles", "Transfers -> BoardConsoles: siblings do not use each other"),
            ("BoardAccess", "Operations", "BoardAccess -> Operations: siblings do not use each other"),
        ])
    func forbidden(target: String, other: String, complaint: String) throws {
        let start = "name: \"\(target)\", dependencies: ["
        let changed = Self.manifest.replacing(start, with: start + "\"\(other)\", ")
        try #require(changed != Self.manifest)
        let complaints = TargetRules(manifest: changed, document: Self.document).complaints
        #expect(complaints.contains { $0.hasPrefix(complaint) }, "\(complaints)")
    }

    @Test("Indirect uses are found, and those of future access methods")
    func indirect() {
        let changed = Self.manifest.replacing(
            ".target(name: \"Operations\", dependencies: [\"FlashAccess\"]),",
            with: """
                .target(name: "Helpers", dependencies: ["RedBootFlash"]), .target(name: "RedBootFlash"),
                .target(name: "Operations", dependencies: ["Helpers"]),
                """)
        #expect(
            TargetRules(manifest: changed, document: Self.document).complaints == [
                "Operations -> Helpers -> RedBootFlash: Operations knows boards only through the protocols of FlashAccess"
            ])
    }

    @Test("Unparsable input is an error")
    func notUnderstood() {
        for (manifest, document) in [("", Self.document), (Self.manifest, ""), ("name: \"Operations\"", Self.document)]
        {
            #expect(TargetRules(manifest: manifest, document: document).complaints.count == 1)
        }
    }
}
