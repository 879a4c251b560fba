/// Why a transfer is refused or ended, as sent to the peer (RFC 1350 section 5, RFC 2347).
package struct TFTPError: Error, Sendable, Equatable {
    /// The number in an ERROR packet; any value may arrive.
    package struct Code: RawRepresentable, Sendable, Hashable {
        package var rawValue: UInt16

        package init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// Not defined; the message explains it.
        package static let undefined = Code(rawValue: 0)
        package static let fileNotFound = Code(rawValue: 1)
        package static let accessViolation = Code(rawValue: 2)
        package static let diskFull = Code(rawValue: 3)
        package static let illegalOperation = Code(rawValue: 4)
        package static let unknownTransfer = Code(rawValue: 5)
        package static let fileExists = Code(rawValue: 6)
        package static let noSuchUser = Code(rawValue: 7)
        /// Defined by RFC 2347.
        package static let optionRefused = Code(rawValue: 8)
    }

    package var code: Code
    /// A message for people; a received one may contain any text.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
