import BoardChannels
package import FlashAccess

/// A serial port of this computer, or a pseudo-terminal: `serial:/dev/ttyUSB0?baud=115200&user=root`.
package struct SerialAddress: AddressScheme {
    package static let forms = [AddressForm("serial:/dev/ttyUSB0?baud=115200", "a serial port")]
    private static let prefix = "serial:"

    /// The device file of the port.
    package let path: String
    /// Bits per second, 50 to 4,000,000.
    package let baud: Int
    package let user: String?

    package init(path: String, baud: Int = 115_200, user: String? = nil) {
        self.path = path
        self.baud = baud
        self.user = user
    }

    package static func parse(_ text: String) throws(AddressFault) -> SerialAddress? {
        guard text.hasPrefix(prefix) else {
            guard !text.hasPrefix("/dev/") else {
                throw AddressFault("This looks like a serial port: write serial:\(text).")
            }
            return nil
        }
        let parts = text.dropFirst(prefix.count).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, !path.isEmpty else { throw AddressFault("The port's name is missing.") }
        var baud = 115_200
        var user: String?
        for item in parts.dropFirst().flatMap({ $0.split(separator: "&") }) {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            switch (pair[0], pair.count == 2 ? String(pair[1]) : "") {
            case ("baud", let value):
                guard let rate = Int(value), (50...4_000_000).contains(rate) else {
                    throw AddressFault("baud must be a number from 50 to 4000000.")
                }
                baud = rate
            case ("user", let value) where !value.isEmpty:
                user = value
            default:
                throw AddressFault("A serial address accepts ?baud=NUMBER and &user=NAME, not \(item).")
            }
        }
        // `serial:ttyUSB0`: ports are in /dev.
        let isName = !path.contains("/") && (path.hasPrefix("tty") || path.hasPrefix("cu."))
        return SerialAddress(path: isName ? "/dev/\(path)" : String(path), baud: baud, user: user)
    }

    package var isConsole: Bool { true }

    package func connector(_ context: ConnectionContext) throws -> any BoardConnector {
        try context.console(SerialOpener(path: path, baud: baud), user: user)
    }
}
