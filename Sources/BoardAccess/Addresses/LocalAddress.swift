import BoardChannels
package import FlashAccess
import LinuxFlash

/// This computer's own MTD devices: `local:`.
package struct LocalAddress: AddressScheme {
    package static let forms = [AddressForm("local:", "this machine itself")]

    package init() {}

    package static func parse(_ text: String) throws(AddressFault) -> LocalAddress? {
        text == "local:" || text == "local" ? LocalAddress() : nil
    }

    package var user: String? { nil }
    package var isConsole: Bool { false }

    package func connector(_ context: ConnectionContext) throws -> any BoardConnector {
        try context.refuseLineRate("It is for a serial line on which U-Boot answers.")
        try context.refuseTransferMethod("This machine's own flash does not leave it.")
        return try context.linux(LocalOpener(), user: nil, root: context.options.localRoot)
    }
}
