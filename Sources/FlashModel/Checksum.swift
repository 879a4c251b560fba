private import CZlib
private import Crypto

/// A checksum that a board's own tools can compute, strongest first.
package enum ChecksumAlgorithm: String, Sendable, Codable, CaseIterable {
    case sha256
    case sha1
    case md5
    /// The CRC-32 of zlib and gzip (RFC 1952), reflected polynomial 0xEDB88320.
    case crc32
    /// POSIX `cksum`: polynomial 0x04C11DB7, most significant bit first, followed by the length.
    case cksum

    /// The number of bits, which is how much a match proves.
    package var bits: Int {
        switch self {
        case .sha256: 256
        case .sha1: 160
        case .md5: 128
        case .crc32, .cksum: 32
        }
    }
}

/// The value of a checksum.
package struct Digest: Sendable, Codable, Hashable {
    package var algorithm: ChecksumAlgorithm
    /// Lower-case hexadecimal, two digits a byte; eight digits for ``ChecksumAlgorithm/cksum``.
    package var hex: String

    package init(algorithm: ChecksumAlgorithm, hex: String) {
        self.algorithm = algorithm
        self.hex = hex
    }
}

/// A checksum computed piece by piece.
package struct StreamingChecksum: Sendable {
    private enum State: Sendable {
        case sha256(SHA256)
        case sha1(Insecure.SHA1)
        case md5(Insecure.MD5)
        case crc32(UInt)
        case cksum(UInt32, length: Int)
    }

    /// The algorithm.
    package let algorithm: ChecksumAlgorithm
    private var state: State

    /// Starts with no bytes.
    package init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        state =
            switch algorithm {
            case .sha256: .sha256(SHA256())
            case .sha1: .sha1(Insecure.SHA1())
            case .md5: .md5(Insecure.MD5())
            case .crc32: .crc32(0)
            case .cksum: .cksum(0, length: 0)
            }
    }

    /// Adds bytes.
    package mutating func update(_ bytes: some Collection<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { unsafe update(UnsafeRawBufferPointer($0)) }
        if done == nil {
            let copy = Array(bytes)
            unsafe copy.withUnsafeBytes { unsafe update($0) }
        }
    }

    private mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hash):
            unsafe hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .sha1(var hash):
            unsafe hash.update(bufferPointer: bytes)
            state = .sha1(hash)
        case .md5(var hash):
            unsafe hash.update(bufferPointer: bytes)
            state = .md5(hash)
        case .crc32(let value):
            state = .crc32(unsafe crc32_z(value, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
        case .cksum(var value, let length):
            for index in bytes.indices {
                value = POSIXChecksum.step(value, unsafe bytes[index])
            }
            state = .cksum(value, length: length + bytes.count)
        }
    }

    /// The checksum of all bytes so far; more may follow.
    package func finalize() -> Digest {
        let hex =
            switch state {
            case .sha256(let hash): Hexadecimal.text(hash.finalize())
            case .sha1(let hash): Hexadecimal.text(hash.finalize())
            case .md5(let hash): Hexadecimal.text(hash.finalize())
            case .crc32(let value): Hexadecimal.text(UInt32(truncatingIfNeeded: value))
            case .cksum(let value, let length): Hexadecimal.text(POSIXChecksum.finish(value, length: length))
            }
        return Digest(algorithm: algorithm, hex: hex)
    }

    /// The checksum of a byte collection.
    package static func digest(of bytes: some Collection<UInt8>, _ algorithm: ChecksumAlgorithm) -> Digest {
        var checksum = StreamingChecksum(algorithm)
        checksum.update(bytes)
        return checksum.finalize()
    }
}

/// Bytes as lower-case hexadecimal digits.
package enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Two digits for each byte.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        var characters: [UInt8] = []
        for byte in bytes {
            characters.append(digits[Int(byte >> 4)])
            characters.append(digits[Int(byte & 15)])
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Eight digits.
    package static func text(_ value: UInt32) -> String {
        text([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) })
    }
}
