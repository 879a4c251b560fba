package import Transfers

/// This computer's TFTP client, for boards whose bootloader has the server. It can only read: there is no code that sends
/// a file, because many bootloaders write to flash what they get.
package protocol BoardFileClient: Sendable {
    /// Fetches a file.
    ///
    /// - Parameters:
    ///   - name: letters and digits.
    ///   - limit: the most bytes to accept.
    ///   - host: the address of this computer that reaches the board.
    /// - Throws: `portUnavailable` if this computer has no port for it.
    func fetch(
        _ name: String, limit: Int, from board: IPv4Address, at host: IPv4Address
    ) async throws -> TFTPFetch.Result
}
