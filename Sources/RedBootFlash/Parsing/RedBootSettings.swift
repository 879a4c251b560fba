package import FlashAccess

/// The configuration as `fconfig -l -n` prints it: `key: value` (`redboot/current/src/fconfig.c`, flash_config_list).
/// Items whose enabling item is off are left out.
package struct RedBootSettings: Sendable, Hashable {
    /// Key → value.
    package private(set) var values: [String: String] = [:]
    /// Key → the lines of a script.
    package private(set) var scripts: [String: [String]] = [:]

    /// nil if the reply has no item.
    package init?(_ reply: ConsoleReply) {
        var script: String?
        for line in reply.lines where !line.trimmed.isEmpty {
            if let script, let text = line.dropping(".. ") {
                scripts[script, default: []].append(text.string())
                continue
            }
            script = nil
            guard let key = line.before(":"), Self.isKey(key), let value = line.after(":")?.trimmed,
                values.count < 256
            else { continue }
            let name = key.string()
            values[name] = value.string()
            if value.isEmpty { script = name }
        }
        guard !values.isEmpty else { return nil }
    }

    private static func isKey(_ text: ByteText) -> Bool {
        (1...64).contains(text.bytes.count)
            && text.bytes.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                    || byte == 0x5F || byte == 0x2F
            }
    }

    /// The hardware addresses among the values, printed as `0x00:0x18:0x84:0x14:0xFA:0x4C`.
    package var hardwareAddresses: [[UInt8]] {
        values.sorted { $0.key < $1.key }.compactMap { item in
            let octets = ByteText(item.value).split(0x3A, most: 8).map { text -> UInt8? in
                guard text.hasPrefix("0x"), (3...4).contains(text.bytes.count) else { return nil }
                return text.address.flatMap { UInt8(exactly: $0) }
            }.compactMap(\.self)
            return octets.count == 6 ? octets : nil
        }
    }
}
