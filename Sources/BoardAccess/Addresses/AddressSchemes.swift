package import FlashModel

/// All address schemes. A new one is a file of its own and a line here.
package enum AddressSchemes {
    /// In the order in which they are tried. SSH is last, as it also accepts a plain `user@host`.
    package static let all: [any AddressScheme.Type] = [
        TelnetAddress.self, SerialAddress.self, TCPAddress.self, LocalAddress.self, HTTPAddress.self, LuCIAddress.self,
        EVAAddress.self, SSHAddress.self,
    ]

    /// All forms of addresses, in the order of the help text: SSH first.
    package static var forms: [AddressForm] {
        ([SSHAddress.self] + all.filter { $0 != SSHAddress.self }).flatMap { $0.forms }
    }

    /// Parses an address.
    ///
    /// - Parameter schemes: the schemes to try, in order.
    /// - Throws: ``FlashkeepError`` with `addressNotUnderstood`.
    package static func parse(
        _ text: String, schemes: [any AddressScheme.Type] = all
    ) throws(FlashkeepError) -> any AddressScheme {
        do throws(AddressFault) {
            let normal = AddressHint.normalized(text)
            if let fault = AddressHint.fault(normal) { throw fault }
            for scheme in schemes {
                if let address = try scheme.parse(normal) { return address }
            }
        } catch {
            throw notUnderstood(text, why: error.why)
        }
        throw notUnderstood(text, why: "It has none of the known forms.")
    }

    private static func notUnderstood(_ text: String, why: String) -> FlashkeepError {
        FlashkeepError(
            .addressNotUnderstood, what: "The address \"\(AddressSyntax.withoutPassword(text))\" is invalid.",
            why: why, next: "Use one of: " + forms.map(\.example).joined(separator: ", "))
    }
}
