/// Computes the texture of blocks.
struct ByteStatistics {
    /// n·log2 n for n up to the size of a block.
    private static let products: [Float] = (0...Texture.blockSize).map {
        $0 < 2 ? 0 : Float(Double($0) * log2(Double($0)))
    }

    /// The largest period of a pattern that is detected, in bytes.
    static let longestPeriod = 64

    /// The base-2 logarithm of a number that is at least 1. The standard library has none.
    static func log2(_ number: Double) -> Double {
        var (rest, result, step) = (number, 0.0, 0.5)
        while rest >= 2 {
            rest /= 2
            result += 1
        }
        for _ in 0..<40 {
            rest *= rest
            if rest >= 2 {
                rest /= 2
                result += step
            }
            step /= 2
        }
        return result
    }

    /// The entropy in bits per byte.
    ///
    /// - Parameter counts: how often each value occurs; at most ``Texture/blockSize`` in total.
    static func entropy(_ counts: UnsafeBufferPointer<UInt32>, total: Int) -> Double {
        guard total > 1 else { return 0 }
        var sum: Float = 0
        let products = Self.products
        for index in counts.indices {
            sum += products[min(Int(unsafe counts[index]), Texture.blockSize)]
        }
        return max(0, log2(Double(total)) - Double(sum) / Double(total))
    }

    /// The smallest period of 2 to ``longestPeriod`` bytes that all bytes have; nil for none.
    static func period(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let count = bytes.count
        guard count >= 2 * longestPeriod else { return nil }
        return (2...longestPeriod).first { period in
            // Most candidates fail at once.
            for index in period..<count where unsafe bytes[index] != bytes[index - period] { return false }
            return true
        }
    }

    /// The texture of any number of bytes up to the size of a block.
    static func texture(_ bytes: ArraySlice<UInt8>) -> Texture {
        guard let first = bytes.first else { return .mixed(entropy: 0) }
        if bytes.allSatisfy({ $0 == first }) { return .blank(first) }
        if let period = unsafe bytes.withUnsafeBufferPointer({ unsafe period($0) }) { return .repeated(period: period) }
        var counts = [UInt32](repeating: 0, count: 256)
        for byte in bytes { counts[Int(byte)] += 1 }
        let total = bytes.count
        return .mixed(entropy: unsafe counts.withUnsafeBufferPointer { unsafe entropy($0, total: total) })
    }
}
