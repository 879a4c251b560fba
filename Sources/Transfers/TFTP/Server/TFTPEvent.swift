/// An event that a TFTP server reports.
package struct TFTPEvent: Sendable, Equatable {
    package enum Direction: String, Sendable, Codable {
        /// The client reads.
        case read
        /// The client writes.
        case write
    }

    package enum Kind: Sendable, Equatable {
        /// A transfer begins; `size` in bytes, if known.
        case began(size: Int?)
        /// So many bytes have been delivered. Reported about once a second, ascending.
        case advanced(bytes: Int, size: Int?)
        /// All bytes have arrived.
        case done(bytes: Int, time: Duration)
        /// The request was refused.
        case refused(TFTPError)
        /// The transfer broke; `bytes` had been delivered.
        case broken(TFTPOutcome, bytes: Int)
    }

    /// The number of the request, from 1.
    package var number: Int
    /// The client's address: `192.168.1.1`.
    package var client: String
    /// As the client sent it: must be escaped before display.
    package var name: String
    package var direction: Direction
    package var kind: Kind
}
