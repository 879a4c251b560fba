package import FlashAccess
import FlashModel

/// A kind of address: its syntax, and how to reach the board behind it.
///
/// A scheme is a value that holds a parsed address. It is registered in ``AddressSchemes``.
package protocol AddressScheme: Sendable, Equatable {
    /// The forms of its addresses, for help texts and errors.
    static var forms: [AddressForm] { get }

    /// Parses an address.
    ///
    /// - Returns: nil if the text is an address of another scheme.
    /// - Throws: ``AddressFault`` if it is an address of this scheme, but invalid.
    static func parse(_ text: String) throws(AddressFault) -> Self?

    /// The user to log in as if the board asks; nil if the address does not say.
    var user: String? { get }

    /// Whether the address leads to a console, where a bootloader may answer.
    var isConsole: Bool { get }

    /// Makes the connector, which opens the board as often as necessary.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage` or `fileUnavailable` if an option cannot be used with it.
    func connector(_ context: ConnectionContext) throws -> any BoardConnector
}

/// A form of address.
package struct AddressForm: Sendable, Equatable {
    /// An example: `telnet://192.168.1.1`.
    package var example: String
    /// What the form is for, in a few words.
    package var summary: String

    package init(_ example: String, _ summary: String) {
        self.example = example
        self.summary = summary
    }
}

/// Why an address is invalid, in one sentence.
package struct AddressFault: Error, Equatable {
    package var why: String

    package init(_ why: String) {
        self.why = why
    }
}
