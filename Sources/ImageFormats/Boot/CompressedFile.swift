/// A compressed file without a header that describes its content or load address.
package struct CompressedFile: Bootable {
    package static let name = "compressed file"

    package var compression: ImageCompression

    package init(_ compression: ImageCompression) {
        self.compression = compression
    }

    /// Recognizes magic numbers. A raw LZMA stream has none; it is recognized by the usual settings (lc 3, lp 0, pb 2,
    /// and a dictionary size that is a power of two).
    package static func recognize(_ bytes: inout ImageBytes) throws -> CompressedFile? {
        let magics: [([UInt8], ImageCompression)] = [
            ([0x1F, 0x8B, 0x08], .gzip), (Array("BZh".utf8), .bzip2), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .xz),
            ([0x89, 0x4C, 0x5A, 0x4F, 0x00, 0x0D], .lzo), ([0x04, 0x22, 0x4D, 0x18], .lz4),
            ([0x02, 0x21, 0x4C, 0x18], .lz4), ([0x28, 0xB5, 0x2F, 0xFD], .zstd),
        ]
        for (magic, compression) in magics where try bytes.has(magic, at: 0) { return CompressedFile(compression) }
        guard bytes.size >= 13, try bytes.has([0x5D], at: 0) else { return nil }
        let dictionary = try bytes.number(UInt32.self, at: 1, isBigEndian: false)
        return dictionary >= 4096 && dictionary.nonzeroBitCount == 1 ? CompressedFile(.lzma) : nil
    }

    package var summary: String { "\(compression.rawValue) file" }

    package func fault(fileSize: Int) -> String? {
        "It is compressed (\(compression.rawValue)) and has no header that gives its load address."
    }
}
