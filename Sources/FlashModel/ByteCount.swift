/// Texts for sizes and offsets, the same wherever a person reads them.
package enum ByteCount {
    /// A size in binary units, as the MTD tools write it: `64 KiB`, `15.5 MiB`, `1000 bytes`.
    package static func text(_ bytes: Int) -> String {
        let units: [(String, Int)] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        for (name, size) in units where bytes >= size {
            let whole = bytes / size
            let tenth = (bytes % size) * 10 / size
            return tenth == 0 || whole >= 100 ? "\(whole) \(name)" : "\(whole).\(tenth) \(name)"
        }
        return bytes == 1 ? "1 byte" : "\(bytes) bytes"
    }

    /// An address or offset in hexadecimal: `0x` and at least `digits` digits.
    package static func hex(_ value: Int, digits: Int = 8) -> String {
        let text = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
