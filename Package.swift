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
        // CCurl needs only the headers of libcurl4-openssl-dev: it loads the library when it is first used.
        .target(name: "CCurl"),
        .target(name: "CDatagrams"),
        .target(name: "CSerialPort"),
        .systemLibrary(name: "CLZ4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CLZMA", providers: [.apt(["liblzma-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),

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

        // Files and folders of this computer.
        .target(
            name: "LocalFiles",
            dependencies: ["FlashModel", .product(name: "SystemPackage", package: "swift-system")]
        ),

        // What lies on flash, and what a bootloader starts.
        .target(name: "ImageFormats", dependencies: ["CLZ4", "CLZMA", "CZlib", "CZstd", "FlashModel"]),

        // A board's flash: the protocols, and what all ways in share.
        .target(name: "FlashAccess", dependencies: ["BoardChannels", "BoardConsoles", "FlashModel", "Transfers"]),

        // The session and the reader of bootloaders that only print memory.
        .target(
            name: "LoaderConsoles", dependencies: ["BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel"]
        ),

        // One target for each way in. None of them imports another.
        .target(
            name: "BareboxFlash",
            dependencies: [
                "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "LoaderConsoles", "Transfers",
            ]
        ),
        .target(
            name: "CFEFlash",
            dependencies: [
                "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "LoaderConsoles", "Transfers",
            ]
        ),
        .target(
            name: "LinuxFlash",
            dependencies: ["BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "Transfers"]
        ),
        .target(
            name: "RedBootFlash",
            dependencies: ["BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "Transfers"]
        ),
        .target(
            name: "RealtekFlash",
            dependencies: [
                "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "LoaderConsoles", "Transfers",
            ]
        ),
        .target(
            name: "UBootFlash",
            dependencies: [
                "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "ImageFormats", "Transfers",
            ]
        ),
        .target(name: "EVAFlash", dependencies: ["BoardChannels", "FlashAccess", "FlashModel", "Transfers"]),
        .target(name: "HTTPFlash", dependencies: ["BoardChannels", "CCurl", "FlashAccess", "FlashModel"]),

        // From an address to a board: the one place that knows every way in.
        .target(
            name: "BoardAccess",
            dependencies: [
                "BareboxFlash", "BoardChannels", "BoardConsoles", "CFEFlash", "EVAFlash", "FlashAccess", "FlashModel",
                "HTTPFlash", "ImageFormats", "LinuxFlash", "LoaderConsoles", "LocalFiles", "RealtekFlash",
                "RedBootFlash", "Transfers", "UBootFlash",
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // What a backup is on disk.
        .target(
            name: "BackupBags",
            dependencies: ["FlashModel", "LocalFiles", .product(name: "SystemPackage", package: "swift-system")]
        ),

        // The verbs. They know boards only through the protocols of FlashAccess.
        .target(
            name: "Operations",
            dependencies: [
                "BackupBags", "BoardChannels", "FlashAccess", "FlashModel", "ImageFormats", "LocalFiles",
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // The face in the terminal.
        .executableTarget(
            name: "flashkeep",
            dependencies: [
                "BackupBags", "BoardAccess", "BoardChannels", "FlashAccess", "FlashModel", "LocalFiles", "Operations",
                "Transfers", "UBootFlash",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // Shared by several test targets: samples and helpers, simulated boards, and checks of whole backups.
        .target(
            name: "TestSupport",
            dependencies: [
                "FlashModel", "LocalFiles", "Transfers",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestSupport"
        ),
        .target(
            name: "TestBoards",
            dependencies: [
                "BareboxFlash", "BoardAccess", "BoardChannels", "BoardConsoles", "CFEFlash", "EVAFlash", "FlashAccess",
                "FlashModel", "LinuxFlash", "LoaderConsoles", "RealtekFlash", "RedBootFlash", "TestSupport",
                "Transfers", "UBootFlash",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestBoards"
        ),
        .target(
            name: "TestBags",
            dependencies: [
                "BackupBags", "FlashModel", "Operations", "TestBoards", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestBags"
        ),

        .testTarget(name: "FlashModelTests", dependencies: ["FlashModel", "TestSupport"]),
        .testTarget(
            name: "ImageFormatsTests",
            dependencies: ["FlashAccess", "FlashModel", "ImageFormats", "TestSupport", "UBootFlash"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "FlashAccessTests",
            dependencies: ["BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "TestSupport", "Transfers"]
        ),
        .testTarget(
            name: "LinuxFlashTests",
            dependencies: [
                "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "LinuxFlash", "TestBoards",
                "TestSupport", "UBootFlash",
            ],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "LoaderConsolesTests",
            dependencies: [
                "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "LoaderConsoles", "TestBoards",
                "TestSupport",
            ]
        ),
        .testTarget(
            name: "BareboxFlashTests",
            dependencies: [
                "BareboxFlash", "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "LoaderConsoles",
                "TestBoards", "TestSupport", "Transfers",
            ],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "CFEFlashTests",
            dependencies: [
                "BoardChannels", "BoardConsoles", "CFEFlash", "FlashAccess", "FlashModel", "LoaderConsoles",
                "TestBoards", "TestSupport", "Transfers",
            ],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "RealtekFlashTests",
            dependencies: [
                "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "LoaderConsoles", "RealtekFlash",
                "TestBoards", "TestSupport", "Transfers",
            ],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "RedBootFlashTests",
            dependencies: [
                "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "RedBootFlash", "TestBoards",
                "TestSupport", "Transfers",
            ],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "UBootFlashTests",
            dependencies: [
                "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "ImageFormats", "LinuxFlash",
                "TestBoards", "TestSupport", "Transfers", "UBootFlash",
            ],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "EVAFlashTests",
            dependencies: [
                "BoardAccess", "BoardChannels", "EVAFlash", "FlashAccess", "FlashModel", "TestBoards", "TestSupport",
                "Transfers",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "HTTPFlashTests",
            dependencies: [
                "BoardChannels", "FlashAccess", "FlashModel", "HTTPFlash", "TestBoards", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "BoardAccessTests",
            dependencies: [
                "BoardAccess", "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel", "LinuxFlash",
                "TestBoards",
                "TestSupport", "Transfers", "UBootFlash",
            ]
        ),
        .testTarget(
            name: "BackupBagsTests",
            dependencies: [
                "BackupBags", "FlashModel", "LinuxFlash", "LocalFiles", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Golden"]
        ),
        .testTarget(
            name: "FlashkeepTests",
            dependencies: [
                "BackupBags", "BoardAccess", "BoardChannels", "FlashAccess", "FlashModel", "LinuxFlash", "LocalFiles",
                "Operations", "TestBags", "TestBoards", "TestSupport", "UBootFlash", "flashkeep",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "BackupBags", "BoardAccess", "BoardChannels", "BoardConsoles", "EVAFlash", "FlashAccess", "FlashModel",
                "LinuxFlash", "LocalFiles", "Operations", "RedBootFlash", "TestBags", "TestBoards", "TestSupport",
                "Transfers", "UBootFlash",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Golden"]
        ),
        .testTarget(
            name: "BoardChannelsTests",
            dependencies: [
                "BoardChannels", "FlashModel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
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
                "BackupBags", "BoardAccess", "BoardChannels", "BoardConsoles", "FlashAccess", "FlashModel",
                "LinuxFlash", "LocalFiles", "Operations", "TestBags", "TestBoards", "TestSupport", "Transfers",
                "UBootFlash", .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
    ]
)

for target in package.targets
where target.type != .system && !["CCurl", "CDatagrams", "CSerialPort"].contains(target.name) {
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
    if target.type != .test && !target.name.hasPrefix("Test") {
        target.swiftSettings?.append(.strictMemorySafety())
    }
    // `make test` builds for release, with what the tests may look into; the tests themselves are compiled in less time
    // than their being quicker would save.
    if target.type == .test {
        target.swiftSettings?.append(.unsafeFlags(["-Onone"], .when(configuration: .release)))
    }
}
