package import FlashAccess

/// Transfers a chip's bytes over the network, as one bootloader can. Nothing that it sends to the board writes flash.
package protocol LoaderUploading: AnyObject {
    /// The command, for display: `tftp -p`.
    var name: String { get }

    /// The most bytes per transfer, a multiple of 16.
    var size: Int { get }

    /// The bytes below which a range that the board cannot read is not halved: a page of NAND. The same as ``size`` where
    /// halves are no better.
    var smallest: Int { get }

    /// Whether the board can print no more than it can send, so that what it cannot read of the smallest size is unread.
    var readsAll: Bool { get }

    /// Why the second reading, which proves the first one, cannot come over the network; a sentence. nil if it can.
    var againObstacle: String? { get }

    /// Transfers a range in one go. The bytes are not verified yet.
    ///
    /// - Parameters:
    ///   - range: in bytes from the start of the chip.
    ///   - isAgain: whether it was read before. The second reading should not be able to repeat the mistake of the first
    ///     one, as with ``LoaderPrinting/locate(_:isAgain:)``.
    /// - Returns: `done(nil)` if the board cannot read all of the range.
    /// - Throws: ``FlashAccess/BoardInterruption``; `hostUnreachable`, `addressNotUnderstood` or `portUnavailable` if the
    ///   network cannot be used; errors of the line.
    func bytes(of range: Range<Int>, isAgain: Bool) async throws -> TransferAttempt<[UInt8]?>
}

extension LoaderUploading {
    package var smallest: Int { size }
    package var readsAll: Bool { false }
    package var againObstacle: String? { nil }
}
