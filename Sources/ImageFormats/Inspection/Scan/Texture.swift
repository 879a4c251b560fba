/// What a block of bytes looks like.
package enum Texture: Sendable, Hashable {
    /// One value in all bytes.
    case blank(UInt8)
    /// A pattern of this many bytes, again and again.
    case repeated(period: Int)
    /// Anything else, with its entropy in bits per byte, 0 to 8.
    case mixed(entropy: Double)

    /// The size of the blocks that a scan looks at, in bytes.
    package static let blockSize = 4096
    /// The entropy from which bytes are compressed, encrypted or random. 4 KiB of random bytes have 7.95, MIPS code
    /// about 6, text about 5.
    package static let high = 7.4
}

/// The textures of consecutive blocks, in two bytes each.
package struct TextureList: Sendable {
    private var codes: [UInt16] = []

    package init() {}

    package var count: Int { codes.count }

    package mutating func append(_ texture: Texture) {
        switch texture {
        case .blank(let byte): codes.append(UInt16(byte))
        case .repeated(let period): codes.append(0x100 | UInt16(clamping: min(period, 255)))
        case .mixed(let entropy): codes.append(0x200 | UInt16(max(0, min(8, entropy)) * 31))
        }
    }

    package mutating func append(contentsOf other: TextureList) { codes += other.codes }

    package mutating func reserve(_ count: Int) { codes.reserveCapacity(count) }

    package subscript(index: Int) -> Texture {
        guard codes.indices.contains(index) else { return .mixed(entropy: 0) }
        let code = codes[index]
        let low = code & 0xFF
        switch code >> 8 {
        case 0: return .blank(UInt8(low))
        case 1: return .repeated(period: Int(low))
        default: return .mixed(entropy: Double(low) / 31)
        }
    }
}
