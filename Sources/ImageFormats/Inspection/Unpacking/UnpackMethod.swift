/// How bytes are compressed.
package enum UnpackMethod: String, Sendable, Hashable, CaseIterable {
    /// RFC 1952; one member.
    case gzip
    /// RFC 1950.
    case zlib
    /// The .xz file format; one stream.
    case xz
    /// The LZMA_Alone format: a header of 13 bytes, then LZMA.
    case lzma
    /// RFC 8878; one frame.
    case zstd
    /// The LZ4 frame format.
    case lz4
    /// The legacy LZ4 frame of `lz4 -l`, which Linux uses.
    case lz4Legacy = "lz4-legacy"
}
