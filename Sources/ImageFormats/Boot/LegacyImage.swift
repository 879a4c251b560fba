import FlashModel

/// U-Boot's legacy image format, uImage: a big-endian header of 64 bytes, then the data (`include/image.h`,
/// image_header_t).
package struct LegacyImage: Bootable {
    package static let name = "uImage"

    /// The name in the header, as text.
    package var name: String
    /// The size in bytes of the data after the header.
    package var dataSize: Int
    /// The CRC-32 of the data. U-Boot checks it before it starts an image, unless the variable `verify` is `n`.
    package var dataSum: UInt32
    /// The address of the (uncompressed) data.
    package var load: UInt64
    /// The entry point.
    package var entry: UInt64
    /// The number of the operating system; 5 is Linux.
    package var system: UInt8
    /// The number of the processor family, and its decoded value.
    package var architectureCode: UInt8
    package var processor: BoardArchitecture
    /// The number of the image type.
    package var type: UInt8
    package var compressionCode: UInt8
    /// nil if the number is unknown.
    package var compression: ImageCompression?
    /// The size in bytes of each file of a multi-file image, the kernel first; empty for others, or if the list is
    /// damaged.
    package var files: [Int]
    /// The uncompressed size of the first file in bytes, if known.
    package var unpackedSize: Int?
    /// Whether the header's own checksum is correct.
    package var isHeaderIntact: Bool

    private static let magic: [UInt8] = [0x27, 0x05, 0x19, 0x56]
    /// The size of the header in bytes.
    package static let headerSize = 64
    /// The most files of a multi-file image that are accepted. U-Boot uses three: kernel, RAM disk, device tree.
    private static let mostFiles = 16

    /// The position of the data in a complete file; ``dataSum`` is its checksum.
    package var dataRange: Range<Int> { Self.headerSize..<(Self.headerSize + dataSize) }

    package static func recognize(_ bytes: inout ImageBytes) throws -> LegacyImage? {
        try bytes.has(magic, at: 0) ? try LegacyImage(&bytes) : nil
    }

    /// Parses a file that starts with the magic number, or with another one and the same header.
    init(_ bytes: inout ImageBytes) throws {
        let header = Array(try bytes.bytes(at: 0, count: Self.headerSize))
        func number(_ offset: Int) -> UInt32 {
            header.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        }
        func code(_ offset: Int) -> UInt8 { header.dropFirst(offset).first ?? 0 }
        // The header's checksum is computed with this field set to zero.
        let cleared = header.prefix(4) + [0, 0, 0, 0] + header.dropFirst(8)
        isHeaderIntact = number(4) == CRC32.sum(of: cleared)
        dataSize = Int(number(12))
        load = UInt64(number(16))
        entry = UInt64(number(20))
        dataSum = number(24)
        system = code(28)
        architectureCode = code(29)
        type = code(30)
        compressionCode = code(31)
        compression = ImageCompression(code: compressionCode)
        name = String(decoding: header.dropFirst(32).prefix { $0 != 0 }, as: UTF8.self)
        processor =
            switch architectureCode {
            case 2: .arm
            case 3, 24: .x86
            case 5, 6: .mips
            case 7: .powerpc
            case 22: .arm64
            case 26: .riscv
            default: .other
            }
        files = []
        unpackedSize = nil
        if type == Self.multi { files = try Self.files(&bytes, dataSize: dataSize) }
        let start = Self.headerSize + (files.isEmpty ? 0 : 4 * (files.count + 1))
        let count = files.first ?? dataSize
        if type != Self.multi || !files.isEmpty {
            unpackedSize = try compression?.unpackedSize(start..<(start + count), &bytes)
        }
    }

    private static let standalone: UInt8 = 1
    private static let kernel: UInt8 = 2
    private static let multi: UInt8 = 4
    /// A kernel that runs at any address.
    private static let kernelNoLoad: UInt8 = 14

    /// Parses the sizes at the start of a multi-file image's data: big-endian numbers up to a zero, then the files,
    /// each except the last padded to 4 bytes. Empty if they are invalid.
    private static func files(_ bytes: inout ImageBytes, dataSize: Int) throws -> [Int] {
        var sizes: [Int] = []
        var offset = headerSize
        do {
            while sizes.count <= mostFiles {
                let size = try bytes.number(at: offset, bytes: 4, isBigEndian: true)
                offset += 4
                if size == 0 {
                    let padded = sizes.dropLast().compactMap { $0.roundedUp(to: 4) } + sizes.suffix(1)
                    return padded.saturatingSum() <= dataSize - 4 * (sizes.count + 1) ? sizes : []
                }
                sizes.append(size)
            }
        } catch is ImageBytes.Fault {
            return []
        }
        return []
    }

    package var summary: String {
        "uImage, \(typeName) for \(processor.name): \"\(PrintableText.escaped(name, limit: 60))\""
    }

    package var command: BootCommand? { .bootm }
    package var architecture: BoardArchitecture? { processor }

    /// nil if unknown, or if the image runs in place.
    package func target(memoryStart: UInt64?) -> Range<UInt64>? {
        guard type != Self.kernelNoLoad, let count = unpackedSize.flatMap(UInt64.init(exactly:)), count > 0 else {
            return nil
        }
        return load..<(load + count)
    }

    /// The image type, in words.
    package var typeName: String {
        switch type {
        case Self.standalone: "a standalone program"
        case Self.kernel: "a kernel"
        case 3: "a RAM disk"
        case Self.multi: "a multi-file image"
        case 5: "firmware"
        case 6: "a script"
        case 7: "a file system"
        case 8: "a device tree"
        case Self.kernelNoLoad: "a kernel that runs at any address"
        default: "of type \(type)"
        }
    }

    package func fault(fileSize: Int) -> String? {
        guard isHeaderIntact else { return "The checksum in its uImage header is wrong: the header is damaged." }
        guard [Self.kernel, Self.multi, Self.kernelNoLoad].contains(type) else {
            return "Its uImage header says that it is \(typeName), not a kernel."
        }
        guard dataSize > 0 else { return "Its uImage header says that it is empty." }
        guard fileSize >= dataRange.upperBound else {
            return "It is truncated: the header says \(dataRange.upperBound) bytes, the file has \(fileSize)."
        }
        guard type != Self.multi || !files.isEmpty else {
            return "The list of its files is damaged, or names more than \(Self.mostFiles)."
        }
        guard compression != nil else { return "It is compressed by an unknown method, \(compressionCode)." }
        guard fileSize - dataRange.upperBound <= Self.padding else {
            return
                "A kernel of \(dataRange.upperBound) bytes, followed by \(fileSize - dataRange.upperBound) more: it is "
                + "made to be written to flash with its root file system, and its kernel would use the one on flash."
        }
        return nil
    }
}
