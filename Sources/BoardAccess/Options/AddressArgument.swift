import FlashModel
import Transfers

/// An IPv4 address, as typed. Pure.
enum AddressArgument {
    /// - Returns: nil if there is no text.
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage` if it is not an address.
    static func address(_ text: String?, _ option: String) throws -> IPv4Address? {
        guard let text else { return nil }
        guard let address = IPv4Address(text) else {
            throw FlashkeepError(
                .usage, what: "\(option) \(PrintableText.escaped(text)) is invalid.",
                why: "It is not an IPv4 address.", next: "Give an address such as 192.168.1.1.")
        }
        return address
    }
}
