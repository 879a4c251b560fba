package import FlashAccess

/// The bootloader of an AVM box while it starts: `eva://host`, or `eva://` for whichever answers.
package struct EVAAddress: AddressScheme {
    package static let forms = [
        AddressForm("eva://192.168.178.1", "the bootloader of an AVM box (EVA, ADAM2), while the box starts")
    ]

    /// nil is whichever answers.
    package let host: String?
    /// 1 to 65535.
    package let port: Int

    package init(host: String?, port: Int = 21) {
        self.host = host
        self.port = port
    }

    package static func parse(_ text: String) throws(AddressFault) -> EVAAddress? {
        guard let prefix = ["eva://", "ftp://"].first(where: text.hasPrefix) else { return nil }
        if prefix == "eva://", text.dropFirst(prefix.count).allSatisfy({ $0 == "/" }) { return EVAAddress(host: nil) }
        // In an FTP address, a file follows the host; the bootloader has none.
        let end = text.dropFirst(prefix.count).firstIndex { "/?#".contains($0) } ?? text.endIndex
        let authority = try AddressSyntax.Authority(String(text[..<end]), after: prefix)
        guard text[end...].drop(while: { $0 == "/" }).isEmpty else {
            throw AddressFault("The bootloader's address has no path: write eva://\(authority.host).")
        }
        guard prefix == "eva://" else {
            throw AddressFault(
                "The only FTP servers that give flash are the bootloaders of AVM boxes: for one, write "
                    + "eva://\(authority.host).")
        }
        guard authority.user == nil else {
            throw AddressFault("The bootloader has one user, which Flashkeep knows: write eva://\(authority.host).")
        }
        return EVAAddress(host: authority.host, port: authority.port ?? 21)
    }

    /// The loader's user and password never change.
    package var user: String? { nil }
    package var isConsole: Bool { false }

    package func connector(_ context: ConnectionContext) throws -> any BoardConnector {
        try context.refuseLineRate("It is for a serial line on which U-Boot answers.")
        try context.refuseGivenFlash("the bootloader names its partitions itself")
        try context.refuseTransferMethod("The bootloader of an AVM box sends flash by FTP.")
        return EVAConnector(
            address: context.typed, host: host, port: port, environment: context.environment,
            notify: context.interaction.notify)
    }
}
