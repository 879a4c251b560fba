/// How a kernel is compressed.
package enum ImageCompression: String, Sendable, Hashable, CaseIterable {
    case none
    case gzip
    case bzip2
    case lzma
    case xz
    case lzo
    case lz4
    case zstd

    /// Decodes the number in a legacy header (`include/image.h`, IH_COMP_…).
    init?(code: UInt8) {
        switch code {
        case 0: self = .none
        case 1: self = .gzip
        case 2: self = .bzip2
        case 3: self = .lzma
        case 4: self = .lzo
        case 5: self = .lz4
        case 6: self = .zstd
        default: return nil
        }
    }

    /// The largest plausible kernel, in bytes.
    private static let largest = 512 << 20

    /// The uncompressed size in bytes, if the data contains it: LZMA in its header, gzip at its end.
    func unpackedSize(_ data: Range<Int>, _ bytes: inout ImageBytes) throws -> Int? {
        let size: Int
        do {
            switch self {
            case .none: return data.count
            case .gzip:
                guard data.count >= 18 else { return nil }
                size = try bytes.number(at: data.upperBound - 4, bytes: 4, isBigEndian: false)
            case .lzma:
                guard data.count >= 13 else { return nil }
                // All ones mean an unknown size, and fail to convert.
                size = try bytes.number(at: data.lowerBound + 5, bytes: 8, isBigEndian: false)
            case .bzip2, .xz, .lzo, .lz4, .zstd: return nil
            }
        } catch is ImageBytes.Fault {
            return nil
        }
        return (1...Self.largest).contains(size) ? size : nil
    }
}
