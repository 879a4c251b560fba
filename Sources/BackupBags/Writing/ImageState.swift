import FlashModel
import LocalFiles

/// The state of an image in progress.
struct ImageState: Sendable {
    let path: String
    let size: Int
    let file: OpenFile
    var segments = Segments()
    var findings: [BlockFinding] = []
    var isDiscarded = false

    /// The SHA-256 of the bytes before ``hashed``.
    var hash = StreamingChecksum(.sha256)
    var hashed = 0
    /// The number of writes: shows whether a hash computed meanwhile is still valid.
    var writes = 0

    /// Adds bytes to the hash if they are the next in order.
    mutating func takeIntoHash(_ bytes: some Collection<UInt8>, at offset: Int) {
        if offset == hashed {
            hash.update(bytes)
            hashed += bytes.count
        } else if offset < hashed {
            // Hashed bytes were overwritten; they are read again at the end.
            hash = StreamingChecksum(.sha256)
            hashed = 0
        }
    }
}
