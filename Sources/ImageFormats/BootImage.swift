package import FlashModel

/// A file to start on a board from RAM: its format, and whether it can be started. Pure.
///
/// Flashkeep starts only systems that run from RAM: a kernel with its root file system included, an initramfs. A kernel
/// that mounts its root file system from flash would write to it, and is refused as far as that can be detected.
/// Whether a kernel includes an initramfs cannot be detected; the user has to go by the file's name.
package struct BootImage: Sendable {
    /// The size of the file in bytes.
    package let size: Int
    /// nil for an unknown format; perhaps a program for `go`.
    package let format: (any ImageFormat)?

    /// Recognizes a file.
    ///
    /// - Parameters:
    ///   - size: of the file in bytes.
    ///   - formats: the formats to try, in this order.
    ///   - read: returns bytes of the file: at most 64 KiB at once, and 16 MiB in total for each format. Usually the
    ///     first 4 KiB suffice; a FIT image also needs the tables after the kernel.
    /// - Throws: what `read` throws.
    package init(
        size: Int, among formats: [any ImageFormat.Type] = ImageFormats.all,
        read: @escaping (Range<Int>) throws -> [UInt8]
    ) throws {
        var bytes = ImageBytes(size: size, read: read)
        self.size = bytes.size
        format = try ImageFormats.recognize(&bytes, among: formats)
    }

    /// Recognizes a file by its beginning only.
    ///
    /// - Parameters:
    ///   - head: its first bytes. 64 KiB are enough except for FIT images, whose details then remain unknown.
    ///   - size: of the file in bytes.
    package init(head: [UInt8], size: Int) {
        var bytes = ImageBytes(head: head[...], size: size)
        self.size = bytes.size
        format = (try? ImageFormats.recognize(&bytes)) ?? nil
    }

    private var bootable: (any Bootable)? { format as? any Bootable }

    // MARK: Requirements

    /// The command that starts it; nil if Flashkeep uses none that does. `go` for raw bytes, which must then be loaded
    /// to the address that they were built for.
    package var command: BootCommand? { format == nil ? .go : bootable?.command }

    /// The processor family that it is for; nil if unknown.
    package var architecture: BoardArchitecture? { bootable?.architecture }

    /// The memory that its content occupies when started, which the file must not be loaded over; nil if that is
    /// unknown, if it runs in place, or if it moves itself out of the way.
    ///
    /// - Parameter memoryStart: the start of the board's first bank of RAM; if nil, so is the result for images that
    ///   are moved there.
    package func target(memoryStart: UInt64? = nil) -> Range<UInt64>? { bootable?.target(memoryStart: memoryStart) }

    /// The bytes of RAM that must be free from the load address: the file, and what a kernel that runs in place takes
    /// in addition.
    package var room: UInt64 { bootable?.room(fileSize: size) ?? UInt64(size) }

    /// Whether it runs on a board's processor; nil if unknown.
    package func runs(on board: BoardArchitecture?) -> Bool? {
        architecture?.runs(on: board)
    }

    /// A description for display.
    package var summary: String { format?.summary ?? "bytes in an unknown format" }

    // MARK: Refusals

    /// Returns why it cannot be started on a board; nil if no reason is known.
    ///
    /// - Parameters:
    ///   - file: the file's name, for the error.
    ///   - board: the board's processor family; nil if unknown, which is no reason to refuse.
    ///   - address: the user's load address, which raw bytes need.
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
                .imageUnsuitable, what: what, why: "It is for \(architecture.name), but the board has \(board.name).",
                next: "Use the initramfs image made for this board.")
        }
        return nil
    }

    /// The first sentence of a refusal.
    package static func refused(_ file: String) -> String {
        "\(PrintableText.escaped(file, limit: 80)) cannot be started."
    }

    private static let advice =
        "Use the image with initramfs in its name (OpenWrt: *-initramfs-kernel.bin or *-initramfs-uImage.itb), made "
        + "for this board."

    /// Why no board can start it; nil if no reason is known.
    private func fault(address: UInt64?) -> String? {
        if size == 0 { return "It is empty." }
        guard let format else {
            return address == nil
                ? "Its format is unknown, and no load address was given." : nil
        }
        guard let bootable else { return "It is \(format.summary)." }
        return bootable.fault(fileSize: size)
    }
}

extension BootImage: Hashable {
    package static func == (one: BootImage, other: BootImage) -> Bool {
        one.size == other.size && one.format.map { AnyHashable($0) } == other.format.map { AnyHashable($0) }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(size)
        hasher.combine(format.map { AnyHashable($0) })
    }
}
