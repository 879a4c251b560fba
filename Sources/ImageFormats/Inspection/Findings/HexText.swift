/// Bytes from hexadecimal digits.
enum HexText {
    static func bytes(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// The value of a character; nil if it is no digit.
    static func digit(_ character: UInt8) -> Int? {
        switch character {
        case 0x30...0x39: Int(character) - 0x30
        case 0x41...0x46: Int(character) - 0x37
        case 0x61...0x66: Int(character) - 0x57
        default: nil
        }
    }
}
