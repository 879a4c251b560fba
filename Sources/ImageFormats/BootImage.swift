package import FlashModel

/// A file that a board shall start from memory: what it is, and whether it can be started. Pure.
///
/// Flashkeep starts systems that run from memory alone: a kernel with its root file system in it, an initramfs. A
/// kernel that takes its root file system from flash would write there when it starts, and is refused as far as it can
/// be told. That an initramfs is inside cannot be seen from outside; the file's name has to say so.
package struct BootImage: Sendable {
    /// Bytes of the file.
    package let size: Int
    /// Nil for bytes in no format that is known; perhaps a program for `go`.
    package let format: (any ImageFormat)?

    /// Recognises a file.
    ///
    /// - Parameters:
    ///   - size: bytes of the file.
    ///   - formats: those that are tried, in this order.
    ///   - read: returns bytes of it: at most 64 KiB at once, and 16 MiB together for each format. Mostly the first 4 KiB
    ///     are enough; of a FIT image the tables behind the kernel are needed as well.
    /// - Throws: what `read` throws.
    package init(
        size: Int, among formats: [any ImageFormat.Type] = ImageFormats.all,
        read: @escaping (Range<Int>) throws -> [UInt8]
    ) throws {
        var bytes = ImageBytes(size: size, read: read)
        self.size = bytes.size
        format = try ImageFormats.recognize(&bytes, among: formats)
    }

    /// Recognises a file by its beginning alone.
    ///
    /// - Parameters:
    ///   - head: its first bytes; 64 KiB are plenty for all but FIT images, whose details then remain unknown.
    ///   - size: bytes of the file.
    package init(head: [UInt8], size: Int) {
        var bytes = ImageBytes(head: head[...], size: size)
        self.size = bytes.size
        format = (try? ImageFormats.recognize(&bytes)) ?? nil
    }

    private var bootable: (any Bootable)? { format as? any Bootable }

    // MARK: What it needs

    /// The command that starts it; nil for what none of ours starts. `go` for raw bytes, which must then be loaded to
    /// the address that they were made for.
    package var command: BootCommand? { format == nil ? .go : bootable?.command }

    /// The processor family that it is for; nil where it does not tell.
    package var architecture: BoardArchitecture? { bootable?.architecture }

    /// Where its content goes in memory when it is started: what the file itself must not be loaded over. Nil where
    /// that is not known, or it runs from where it is, or sees to it itself.
    ///
    /// - Parameter memoryStart: where the board's first bank of memory starts; without it nil for what is moved there.
    package func target(memoryStart: UInt64? = nil) -> Range<UInt64>? { bootable?.target(memoryStart: memoryStart) }

    /// Bytes of memory that must be free from the load address on: the file, and what a kernel that runs from there
    /// takes in addition.
    package var room: UInt64 { bootable?.room(fileSize: size) ?? UInt64(size) }

    /// Whether it runs on a board's processor; nil where that cannot be told.
    package func runs(on board: BoardArchitecture?) -> Bool? {
        architecture?.runs(on: board)
    }

    /// What it is, in words, for a person.
    package var summary: String { format?.summary ?? "bytes in an unknown format" }

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
                .imageUnsuitable, what: what, why: "It is for \(architecture.name), but the board has \(board.name).",
                next: "Use the initramfs image made for this board.")
        }
        return nil
    }

    /// What a refusal begins with.
    package static func refused(_ file: String) -> String {
        "\(PrintableText.escaped(file, limit: 80)) cannot be started."
    }

    private static let advice =
        "Use the image with initramfs in its name (OpenWrt: *-initramfs-kernel.bin or *-initramfs-uImage.itb), made "
        + "for this board."

    /// What speaks against it on any board.
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
