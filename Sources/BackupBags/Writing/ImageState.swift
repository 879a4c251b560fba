import FlashModel
import LocalFiles

/// What is known of an image while it is made.
struct ImageState: Sendable {
    let path: String
    let size: Int
    let file: OpenFile
    var segments = Segments()
    var findings: [BlockFinding] = []
    var isDiscarded = false

    /// SHA-256 of the bytes before ``hashed``.
    var hash = StreamingChecksum(.sha256)
    var hashed = 0
    /// How often bytes were written: tells whether a hash that was computed meanwhile still holds.
    var writes = 0

    /// Takes bytes into the hash if they are the next in order.
    mutating func takeIntoHash(_ bytes: some Collection<UInt8>, at offset: Int) {
        if offset == hashed {
            hash.update(bytes)
            hashed += bytes.count
        } else if offset < hashed {
            // What was hashed is no longer what is there; it is read again in the end.
            hash = StreamingChecksum(.sha256)
            hashed = 0
        }
    }
}
