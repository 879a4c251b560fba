/// Something that a TFTP server tells of its work.
package struct TFTPEvent: Sendable, Equatable {
    package enum Direction: String, Sendable, Codable {
        /// The client reads.
        case read
        /// The client writes.
        case write
    }

    package enum Kind: Sendable, Equatable {
        /// A transfer begins; `size` in bytes, where it is known.
        case began(size: Int?)
        /// So many bytes are with their receiver. Comes about once a second, and grows.
        case advanced(bytes: Int, size: Int?)
        /// All bytes have arrived.
        case done(bytes: Int, time: Duration)
        /// It was never begun.
        case refused(TFTPError)
        /// It broke; `bytes` had arrived.
        case broken(TFTPOutcome, bytes: Int)
    }

    /// Counts the requests from 1.
    package var number: Int
    /// The client's address: `192.168.1.1`.
    package var client: String
    /// As the client sent it: to be made printable.
    package var name: String
    package var direction: Direction
    package var kind: Kind
}
