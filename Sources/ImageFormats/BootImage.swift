package import FlashModel

/// What a file is that a board shall start from memory, and whether it can be. Pure.
///
/// Flashkeep starts systems that run from memory alone: a kernel with its root file system in it, an initramfs. A
/// kernel that takes its root file system from flash would write there when it starts, and is refused as far as it can
/// be told. That an initramfs is inside cannot be seen from outside; the file's name has to say so.
package struct BootImage: Sendable, Hashable {
    package enum Format: Sendable, Hashable {
        /// uImage.
        case legacy(LegacyImage)
        /// Nil where it lies in parts of the file that are not at hand.
        case fit(FITImage?)
        /// zImage and Image.
        case kernel(LinuxKernelImage)
        case elf(ELFImage)
        /// A device tree without images.
        case deviceTree
        /// A device tree or FIT that contradicts itself.
        case damagedTree
        /// Packed, without a header that says what it is and where it goes.
        case compressed(ImageCompression)
        /// What it is, in words.
        case foreign(String)
        /// Bytes of which nothing is known; perhaps a program for `go`.
        case unknown
    }

    /// What may be behind a kernel that is otherwise alone: padding to an erase block, a signature. A root file system
    /// is larger. Bytes.
    static let padding = 128 << 10

    /// Bytes of the file.
    package let size: Int
    package let format: Format

    /// Finds out what a file is.
    ///
    /// - Parameters:
    ///   - size: bytes of the file.
    ///   - read: gives bytes of it, at most 64 KiB at once and 16 MiB together. Mostly the first 4 KiB are all; of a FIT
    ///     image the tables behind the kernel are needed as well.
    /// - Throws: what `read` throws.
    package init(size: Int, read: @escaping (Range<Int>) throws -> [UInt8]) throws {
        var bytes = ImageBytes(size: size, read: read)
        self.size = bytes.size
        do {
            format = try Self.format(&bytes)
        } catch is ImageBytes.Fault {
            // Shorter than its own header.
            format = .unknown
        }
    }

    /// Finds out what a file is from its beginning alone.
    ///
    /// - Parameters:
    ///   - head: its first bytes; 64 KiB are plenty for all but FIT images, whose details then remain unknown.
    ///   - size: bytes of the file.
    package init(head: [UInt8], size: Int) {
        var bytes = ImageBytes(size: max(size, head.count)) { range in
            Array(head.dropFirst(range.lowerBound).prefix(range.count))
        }
        self.size = bytes.size
        format = (try? Self.format(&bytes)) ?? .unknown
    }

    private static func format(_ bytes: inout ImageBytes) throws -> Format {
        if try bytes.has(LegacyImage.magic, at: 0) { return .legacy(try LegacyImage(&bytes)) }
        if try bytes.has(FlattenedDeviceTree.magic, at: 0) {
            do {
                let tree = try FlattenedDeviceTree(&bytes)
                return try FITImage(tree, &bytes).map { .fit($0) } ?? .deviceTree
            } catch ImageBytes.Fault.notAtHand {
                return .fit(nil)
            } catch is ImageBytes.Fault {
                return .damagedTree
            } catch is FlattenedDeviceTree.Fault {
                return .damagedTree
            }
        }
        if try bytes.has(ELFImage.magic, at: 0) { return .elf(try ELFImage(&bytes)) }
        if let kernel = try LinuxKernelImage(&bytes) { return .kernel(kernel) }
        // LZMA has no magic number worth the name: last.
        if let name = try ForeignFirmware.name(&bytes) { return .foreign(name) }
        if let compression = try ImageCompression.recognize(&bytes) { return .compressed(compression) }
        return .unknown
    }

    // MARK: What it needs

    /// The command that starts it; nil for what none of ours starts. `go` for raw bytes, which must then be loaded to
    /// the address that they were made for.
    package var command: BootCommand? {
        switch format {
        case .legacy, .fit: .bootm
        case .kernel(let kernel): kernel.command
        case .unknown: .go
        case .elf, .deviceTree, .damagedTree, .compressed, .foreign: nil
        }
    }

    /// The processor family that it is for; nil where it does not tell.
    package var architecture: BoardArchitecture? {
        switch format {
        case .legacy(let image): image.architecture
        case .fit(let image): image?.kernel?.architecture
        case .kernel(let kernel): kernel.architecture
        case .elf(let image): image.architecture
        case .deviceTree, .damagedTree, .compressed, .foreign, .unknown: nil
        }
    }

    /// Where its content goes in memory when it is started: what the file itself must not be loaded over. Nil where
    /// that is not known, or it runs from where it is, or sees to it itself.
    ///
    /// - Parameter memoryStart: where the board's first bank of memory starts; without it nil for what is moved there.
    package func target(memoryStart: UInt64? = nil) -> Range<UInt64>? {
        switch format {
        case .legacy(let image): image.target
        case .fit(let image): image?.target
        case .kernel(let kernel): memoryStart.flatMap(kernel.target(memoryStart:))
        case .elf(let image): image.target
        case .deviceTree, .damagedTree, .compressed, .foreign, .unknown: nil
        }
    }

    /// Bytes of memory that must be free from the load address on: the file, and what a kernel that runs from there
    /// takes in addition.
    package var room: UInt64 {
        let file = UInt64(size)
        guard case .kernel(let kernel) = format, kernel.runsAnywhere, kernel.kind == .arm64 else { return file }
        // It may be moved up to the next multiple of 2 MiB.
        let (moved, overflow) = kernel.imageSize.addingReportingOverflow(LinuxKernelImage.alignment)
        return overflow ? .max : max(file, moved)
    }

    /// Whether it runs on a board's processor; nil where that cannot be told.
    package func runs(on board: BoardArchitecture?) -> Bool? {
        architecture?.runs(on: board)
    }

    /// What it is, in words, for a person.
    package var summary: String {
        switch format {
        case .legacy(let image):
            "uImage, \(image.typeName) for \(image.architecture.name): "
                + "\"\(PrintableText.escaped(image.name, limit: 60))\""
        case .fit(let image?):
            "FIT image" + (image.kernel?.architecture.map { " for \($0.name)" } ?? "")
        case .fit(nil): "FIT image"
        case .kernel(let kernel):
            (kernel.kind == .zImage ? "zImage, a kernel for " : "Image, a kernel for ") + kernel.architecture.name
        case .elf(let image): "ELF program for \(image.architecture.name)"
        case .deviceTree: "device tree"
        case .damagedTree: "damaged device tree or FIT image"
        case .compressed(let compression): "\(compression.rawValue) file"
        case .foreign(let name): name
        case .unknown: "bytes that are in no format that is known"
        }
    }

    // MARK: Refusing

    /// Why it is not started on a board; nil where nothing is known to speak against it.
    ///
    /// - Parameters:
    ///   - file: the file's name, for the text.
    ///   - board: the board's processor family; nil where it is not known, which is no reason to refuse.
    ///   - address: where the user wants it loaded to, which raw bytes need.
    /// - Returns: an error with `imageUnsuitable`.
    package func refusal(
        file: String, board: BoardArchitecture? = nil, address: UInt64? = nil
    ) -> FlashkeepError? {
        let what = Self.refused(file)
        if let why = fault(address: address) {
            return FlashkeepError(.imageUnsuitable, what: what, why: why, next: Self.advice)
        }
        if runs(on: board) == false, let board, let architecture {
            return FlashkeepError(
                .imageUnsuitable, what: what, why: "It is for \(architecture.name), the board has \(board.name).",
                next: "Take the initramfs image that was made for just this board.")
        }
        return nil
    }

    /// What a refusal begins with.
    package static func refused(_ file: String) -> String {
        "\(PrintableText.escaped(file, limit: 80)) is not started."
    }

    private static let advice =
        "Take the image whose name says initramfs (of OpenWrt: *-initramfs-kernel.bin or *-initramfs-uImage.itb), made "
        + "for just this board."

    /// What speaks against it on any board.
    private func fault(address: UInt64?) -> String? {
        if size == 0 { return "It is empty." }
        switch format {
        case .legacy(let image): return image.fault(fileSize: size)
        case .fit(let image): return image?.fault
        case .kernel(let kernel): return kernel.fault(fileSize: size)
        case .elf(let image):
            return image.isIntact
                ? "It is an ELF program, which none of bootm, bootz and booti takes."
                : "It is an ELF program that is damaged or cut off."
        case .deviceTree: return "It is a device tree, with no kernel in it."
        case .damagedTree: return "It is a device tree or FIT image that is damaged or cut off."
        case .compressed(let compression):
            return "It is packed (\(compression.rawValue)) and has no header that says where it goes in memory."
        case .foreign(let name): return "It is \(name)."
        case .unknown:
            return address == nil
                ? "It is in no format that is known, and no address was given that it is made for." : nil
        }
    }
}
