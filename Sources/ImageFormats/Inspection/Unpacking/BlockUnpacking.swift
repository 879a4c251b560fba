/// Decompression of single blocks of file systems, whose unpacked size is limited and small.
package enum BlockUnpacking {
    /// The compressors of SquashFS, by its numbers (squashfs-tools `squashfs_fs.h`).
    package enum Method: Int, Sendable {
        case gzip = 1
        case lzma = 2
        case lzo = 3
        case xz = 4
        case lz4 = 5
        case zstd = 6

        package var name: String {
            switch self {
            case .gzip: "gzip"
            case .lzma: "lzma"
            case .lzo: "lzo"
            case .xz: "xz"
            case .lz4: "lz4"
            case .zstd: "zstd"
            }
        }

        /// Whether it can be decoded.
        package var isProvided: Bool { self != .lzo }
    }

    /// The unpacked bytes; nil if they are damaged, more than the limit, or the method is not provided.
    package static func bytes(_ method: Method, _ packed: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
        switch method {
        case .gzip: Unpacking.bytes(.zlib, packed, limit: limit)
        case .lzma: Unpacking.bytes(.lzma, packed, limit: limit)
        case .xz: Unpacking.bytes(.xz, packed, limit: limit)
        case .zstd: Unpacking.bytes(.zstd, packed, limit: limit)
        case .lz4: LZ4Block.unpacked(packed, limit: limit)
        case .lzo: nil
        }
    }
}
