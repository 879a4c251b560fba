// swift-tools-version: 6.2
import PackageDescription

// The house, from the ground up. A target may import only what stands below it here;
// Documentation/Modules.md says what each is for, and a test holds the two together.
let package = Package(
    name: "flashkeep",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "flashkeep", targets: ["flashkeep"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // Ground: C that Swift cannot say.
        .target(name: "CDatagrams"),
        .target(name: "CSerialPort"),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

        // Values without I/O.
        .target(
            name: "FlashModel",
            dependencies: ["CZlib", .product(name: "Crypto", package: "swift-crypto")]
        ),

        // Bytes to and from a board.
        .target(
            name: "BoardChannels",
            dependencies: [
                "CSerialPort", "FlashModel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // Commands and replies; bulk bytes.
        .target(name: "BoardConsoles", dependencies: ["BoardChannels", "FlashModel"]),
        .target(
            name: "Transfers",
            dependencies: [
                "CDatagrams", "CZlib", "FlashModel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // A board's flash, one folder a way in.
        .target(name: "FlashAccess", dependencies: ["BoardChannels", "BoardConsoles", "FlashModel", "Transfers"]),

        // What lies on flash.
        .target(name: "ImageInspection", dependencies: ["FlashModel"]),

        // What a backup is on disk.
        .target(
            name: "BackupBags",
            dependencies: ["FlashModel", .product(name: "SystemPackage", package: "swift-system")]
        ),

        // The verbs.
        .target(
            name: "Operations",
            dependencies: [
                "BackupBags", "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "ImageInspection",
                "Transfers", .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // The face in the terminal.
        .executableTarget(
            name: "flashkeep",
            dependencies: [
                "BackupBags", "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "Operations", "Transfers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // Boards that are none, for the tests of several targets.
        .target(
            name: "TestSupport",
            dependencies: [
                "BackupBags", "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "Operations",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestSupport"
        ),

        .testTarget(name: "FlashModelTests", dependencies: ["FlashModel"]),
        .testTarget(
            name: "ImageInspectionTests", dependencies: ["FlashModel", "ImageInspection", "TestSupport"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "FlashAccessTests",
            dependencies: ["BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "TestSupport"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "BackupBagsTests",
            dependencies: [
                "BackupBags", "FlashModel", "TestSupport", .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Golden"]
        ),
        .testTarget(
            name: "FlashkeepTests",
            dependencies: [
                "BackupBags", "BoardChannels", "BoardConsoles", "FlashModel", "Operations", "TestSupport", "flashkeep",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "BackupBags", "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "Operations",
                "TestSupport", .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "BoardChannelsTests",
            dependencies: [
                "BoardChannels", "FlashModel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "BoardConsolesTests", dependencies: ["BoardChannels", "BoardConsoles", "FlashModel", "TestSupport"]
        ),
        .testTarget(name: "HouseTests"),
        .testTarget(
            name: "TransfersTests",
            dependencies: [
                "FlashModel", "TestSupport", "Transfers",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "LabTests",
            dependencies: [
                "BackupBags", "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "Operations",
                "TestSupport", "Transfers", .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
    ]
)

for target in package.targets where target.type != .system && !["CDatagrams", "CSerialPort"].contains(target.name) {
    target.swiftSettings = [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("InferIsolatedConformances"),
        .enableUpcomingFeature("ImmutableWeakCaptures"),
        .treatAllWarnings(as: .error),
    ]
    if target.type != .test && target.name != "TestSupport" {
        target.swiftSettings?.append(.strictMemorySafety())
    }
    // `make test` builds for release, with what the tests may look into; the tests themselves are compiled in less time
    // than their being quicker would save.
    if target.type == .test {
        target.swiftSettings?.append(.unsafeFlags(["-Onone"], .when(configuration: .release)))
    }
}
