import FlashModel

/// A flattened image tree: a device tree whose `/images` contain kernels, device trees and RAM disks, and whose
/// `/configurations` combine them (`doc/usage/fit/source_file_format.rst` of U-Boot).
package struct FITImage: Bootable {
    package static let name = "FIT image"

    /// An image in the tree.
    package struct Part: Sendable, Hashable {
        /// The name of its node.
        package var name: String
        /// `kernel`, `kernel_noload`, `flat_dt`, `ramdisk`, `filesystem`, …
        package var type: String
        /// U-Boot's short name: `mips`, `arm64`.
        package var architectureName: String
        package var architecture: BoardArchitecture?
        /// nil if unknown.
        package var compression: ImageCompression?
        package var load: UInt64?
        package var entry: UInt64?
        /// The byte range of its data in the file; nil if unknown, or not in the file.
        package var data: Range<Int>?
        /// The uncompressed size in bytes, if known.
        package var unpackedSize: Int?
    }

    /// The parsed tree.
    package struct Content: Sendable, Hashable {
        /// The size of the tree in bytes, with all data in it; more data may follow.
        package var treeSize: Int
        /// The default configuration.
        package var configuration: String?
        /// Its kernel.
        package var kernel: Part?
        /// Its RAM disk, device trees and other images.
        package var others: [Part]
        /// Why it cannot be started, as far as its content shows.
        package var fault: String?
    }

    /// nil if it needs parts of the file that are not available.
    package var content: Content?

    package init(_ content: Content?) {
        self.content = content
    }

    package static func recognize(_ bytes: inout ImageBytes) throws -> FITImage? {
        guard try bytes.has(FlattenedDeviceTree.magic, at: 0) else { return nil }
        do {
            return try Content(try FlattenedDeviceTree(&bytes), &bytes).map { FITImage($0) }
        } catch ImageBytes.Fault.notAtHand {
            return FITImage(nil)
        } catch is ImageBytes.Fault {
            return nil
        } catch is FlattenedDeviceTree.Fault {
            return nil
        }
    }

    package var summary: String { Self.name + (architecture.map { " for \($0.name)" } ?? "") }
    package var command: BootCommand? { .bootm }
    package var architecture: BoardArchitecture? { content?.kernel?.architecture }

    /// nil if the kernel's address is unknown, or it runs in place.
    package func target(memoryStart: UInt64?) -> Range<UInt64>? {
        guard let kernel = content?.kernel, kernel.type != "kernel_noload", let load = kernel.load,
            let count = kernel.unpackedSize.flatMap(UInt64.init(exactly:)), count > 0
        else { return nil }
        let (end, overflow) = load.addingReportingOverflow(count)
        return overflow ? nil : load..<end
    }

    package func fault(fileSize: Int) -> String? { content?.fault }
}

extension FITImage.Content {
    /// The most images of a configuration to read.
    private static let mostParts = 32

    /// Parses a tree; nil if it contains no images.
    ///
    /// - Throws: ``ImageBytes/Fault/notAtHand``, or errors of reading the file.
    init?(_ tree: FlattenedDeviceTree, _ bytes: inout ImageBytes) throws {
        guard tree.nodes["/images"] != nil else { return nil }
        treeSize = tree.totalSize
        others = []
        guard let name = tree.property("default", of: "/configurations")?.strings.first else {
            fault = "It is a FIT image without a default configuration."
            return
        }
        let path = "/configurations/" + name
        guard tree.nodes[path] != nil else {
            fault = "It is a FIT image whose default configuration is not in it."
            return
        }
        configuration = name
        func parts(_ property: String) throws -> [FITImage.Part] {
            try (tree.property(property, of: path)?.strings.prefix(Self.mostParts) ?? []).compactMap {
                try Self.part($0, tree, &bytes)
            }
        }
        kernel = try parts("kernel").first
        for property in ["fdt", "ramdisk", "loadables"] { others += try parts(property) }
        fault = fault(fileSize: bytes.size)
    }

    private static func part(
        _ name: String, _ tree: FlattenedDeviceTree, _ bytes: inout ImageBytes
    ) throws -> FITImage.Part? {
        let path = "/images/" + name
        guard tree.nodes[path] != nil else { return nil }
        func word(_ property: String) -> String { tree.property(property, of: path)?.strings.first ?? "" }
        func size(_ property: String) -> Int? { tree.property(property, of: path)?.number.flatMap(Int.init(exactly:)) }
        let architecture = word("arch")
        let packing = word("compression")
        var part = FITImage.Part(
            name: name, type: word("type"), architectureName: architecture,
            architecture: self.architecture(architecture),
            compression: packing.isEmpty ? ImageCompression.none : ImageCompression(rawValue: packing),
            load: tree.property("load", of: path)?.number, entry: tree.property("entry", of: path)?.number)
        var data = tree.property("data", of: path)?.place
        if data == nil, let count = size("data-size"), count >= 0 {
            // After the tree: from its end, rounded up to 4 bytes, or from the start of the file.
            let start =
                size("data-position") ?? size("data-offset").flatMap { tree.totalSize.roundedUp(to: 4)?.plus($0) }
            data = start.flatMap { start in start.plus(count).flatMap { start >= 0 ? start..<$0 : nil } }
        }
        if let data, data.upperBound <= bytes.size, !data.isEmpty {
            part.data = data
            part.unpackedSize = try part.compression?.unpackedSize(data, &bytes)
        }
        return part
    }

    /// Decodes U-Boot's short names (`boot/image.c`, uimage_arch).
    private static func architecture(_ name: String) -> BoardArchitecture? {
        switch name {
        case "": nil
        case "arm": .arm
        case "arm64": .arm64
        case "mips", "mips64": .mips
        case "riscv": .riscv
        case "powerpc", "ppc": .powerpc
        case "x86", "x86_64": .x86
        default: .other
        }
    }

    private func fault(fileSize: Int) -> String? {
        guard let kernel else { return "It is a FIT image whose default configuration has no kernel." }
        guard ["kernel", "kernel_noload"].contains(kernel.type) else {
            return "It is a FIT image whose kernel has the type \(PrintableText.escaped(kernel.type, limit: 40))."
        }
        guard kernel.data != nil, others.allSatisfy({ $0.data != nil }) else {
            return "It is a truncated FIT image: not all of its images are in the file."
        }
        guard kernel.compression != nil else { return "Its kernel is compressed by an unknown method." }
        let end = ([kernel] + others).compactMap { $0.data?.upperBound }.reduce(treeSize, max)
        guard !others.contains(where: { $0.type == "filesystem" }), fileSize - end <= FITImage.padding else {
            return "It is a FIT image with a root file system in it or after it: it is made to be written to flash, "
                + "and its kernel would use the root file system on flash."
        }
        return nil
    }
}
