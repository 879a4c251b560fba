/// How a kernel is packed.
package enum ImageCompression: String, Sendable, Hashable, CaseIterable {
    case none
    case gzip
    case bzip2
    case lzma
    case xz
    case lzo
    case lz4
    case zstd

    /// By the number in a legacy header (`include/image.h`, IH_COMP_…).
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

    /// The magic numbers of files that are packed and have no other header. A raw LZMA stream has none: it is known by
    /// the settings that everybody uses (lc 3, lp 0, pb 2, and a dictionary of a power of two).
    static func recognize(_ bytes: inout ImageBytes) throws -> ImageCompression? {
        let magics: [([UInt8], ImageCompression)] = [
            ([0x1F, 0x8B, 0x08], .gzip), (Array("BZh".utf8), .bzip2), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .xz),
            ([0x89, 0x4C, 0x5A, 0x4F, 0x00, 0x0D], .lzo), ([0x04, 0x22, 0x4D, 0x18], .lz4),
            ([0x02, 0x21, 0x4C, 0x18], .lz4), ([0x28, 0xB5, 0x2F, 0xFD], .zstd),
        ]
        for (magic, compression) in magics where try bytes.has(magic, at: 0) { return compression }
        guard bytes.size >= 13, try bytes.has([0x5D], at: 0) else { return nil }
        let dictionary = try bytes.number(at: 1, bytes: 4, isBigEndian: false)
        return dictionary >= 4096 && dictionary.nonzeroBitCount == 1 ? .lzma : nil
    }

    /// The largest kernel that is believed. Bytes.
    private static let largest = 512 << 20

    /// How many bytes it has when unpacked, where the packed bytes tell: LZMA in its header, gzip at its end.
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
                // All ones stand for a size that is not told, and do not fit.
                size = try bytes.number(at: data.lowerBound + 5, bytes: 8, isBigEndian: false)
            case .bzip2, .xz, .lzo, .lz4, .zstd: return nil
            }
        } catch is ImageBytes.Fault {
            return nil
        }
        return (1...Self.largest).contains(size) ? size : nil
    }
}
