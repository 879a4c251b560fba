package import FlashAccess
package import FlashModel

/// Transfers a chip's bytes over the network, as one bootloader can. Nothing that it sends to the board writes flash.
package protocol LoaderUploading: AnyObject {
    /// The command, for display: `tftp -p`.
    var name: String { get }

    /// The most bytes per transfer, a multiple of 16.
    var size: Int { get }

    /// Transfers a range in one go. The bytes are not verified yet.
    ///
    /// - Parameters:
    ///   - range: in bytes from the start of the chip.
    /// - Returns: `done(nil)` if the board cannot read all of the range.
    /// - Throws: ``FlashAccess/BoardInterruption``; `hostUnreachable`, `addressNotUnderstood` or `portUnavailable` if the
    ///   network cannot be used; errors of the line.
    func bytes(of range: Range<Int>) async throws -> TransferAttempt<[UInt8]?>
}

extension LoaderUploading {
    /// The error of a transfer that failed.
    ///
    /// - Parameter why: a sentence.
    package func failure(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .commandFailed, what: "The board's flash did not arrive over the network (\(name)).", why: why,
            next: "Check the cable, and let UDP port 69 in through this computer's firewall.")
    }
}
