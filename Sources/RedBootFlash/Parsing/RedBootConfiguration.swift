import FlashAccess

/// RedBoot's configuration as it is on flash (`redboot/current/src/fconfig.c`, struct _config).
///
/// Length, key 0x0BADFACE, items, key 0xDEADDEAD, checksum of all before it. The words are in the processor's byte
/// order.
package struct RedBootConfiguration: Sendable, Hashable {
    package enum Value: Sendable, Hashable {
        case bool(Bool)
        case int(UInt32)
        /// Without the zero at its end and what follows.
        case string(String)
        /// Lines, ended by LF.
        case script(String)
        /// Four octets.
        case address([UInt8])
        /// Six octets.
        case hardwareAddress([UInt8])
    }

    package let order: RedBootByteOrder
    /// The number of bytes that it covers, up to and with its checksum.
    package let length: Int
    /// By key, as `fconfig -l -n` names them.
    package private(set) var items: [String: Value] = [:]
    /// Whether all items were understood.
    package private(set) var isWhole = false

    private static let startKey: UInt32 = 0x0BAD_FACE
    private static let endKey: UInt32 = 0xDEAD_DEAD
    /// The most items; real boards have about twenty.
    private static let mostItems = 256

    /// nil if there is no configuration with a correct checksum at the start of the bytes.
    package init?(_ bytes: [UInt8]) {
        guard let order = RedBootByteOrder.allCases.first(where: { $0.word(bytes, at: 4) == Self.startKey }),
            let length = order.word(bytes, at: 0).flatMap({ Int(exactly: $0) }), length >= 16, length <= bytes.count,
            order.word(bytes, at: length - 8) == Self.endKey,
            order.word(bytes, at: length - 4) == RedBootDirectory.checksum(of: bytes[..<(length - 4)])
        else { return nil }
        self.order = order
        self.length = length
        isWhole = takeItems(bytes[8..<(length - 8)])
    }

    /// - Returns: whether all of it was understood.
    private mutating func takeItems(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        for _ in 0..<Self.mostItems {
            guard let type = rest.popFirst(), type != 0 else { return true }
            guard let keyLength = rest.popFirst(), rest.popFirst() != nil, let enableLength = rest.popFirst(),
                rest.count >= Int(keyLength) + Int(enableLength)
            else { return false }
            let key = ByteText(rest.prefix(Int(keyLength)).prefix { $0 != 0 }).string(limit: 64)
            rest = rest.dropFirst(Int(keyLength) + Int(enableLength))
            guard let (value, size) = value(type, rest) else { return false }
            rest = rest.dropFirst(size)
            if !key.isEmpty, items[key] == nil { items[key] = value }
        }
        return false
    }

    /// The value and the number of bytes that it takes; nil if the type is unknown. Strings take 128 bytes and scripts
    /// 512 (CYGNUM_REDBOOT_FLASH_STRING_SIZE and _SCRIPT_SIZE).
    private func value(_ type: UInt8, _ bytes: ArraySlice<UInt8>) -> (Value, Int)? {
        let size: Int
        switch type {
        case 1, 2, 5: size = 4
        case 3, 7: size = 128
        case 4: size = 512
        case 6: size = 8
        default: return nil
        }
        guard bytes.count >= size, let word = order.word(bytes, at: 0) else { return nil }
        let text = ByteText(bytes.prefix(size).prefix { $0 != 0 }).string(limit: size)
        let value: Value =
            switch type {
            case 1: .bool(word != 0)
            case 2: .int(word)
            case 5: .address(Array(bytes.prefix(4)))
            case 6: .hardwareAddress(Array(bytes.prefix(6)))
            case 4: .script(text)
            default: .string(text)
            }
        return (value, size)
    }

    /// The hardware addresses that it holds.
    package var hardwareAddresses: [[UInt8]] {
        items.sorted { $0.key < $1.key }.compactMap { item in
            if case .hardwareAddress(let octets) = item.value { octets } else { nil }
        }
    }
}
