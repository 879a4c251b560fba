package import Transfers

/// This computer's TFTP server, from which a board fetches what is to be written. It starts when it is first needed, and
/// ends with the connection to the board.
package protocol BoardFileServer: AnyObject, Sendable {
    /// This computer's current interfaces.
    func interfaces() throws -> [HostInterface]

    /// Serves TFTP at one of this computer's addresses from now on.
    ///
    /// - Throws: `portUnavailable`.
    func serve(at host: IPv4Address) async throws

    /// Offers bytes, from memory.
    ///
    /// - Parameters:
    ///   - name: letters and digits; not used before.
    ///   - board: the only address that may fetch them.
    func offer(_ name: String, _ bytes: [UInt8], to board: IPv4Address)

    /// Ends ``offer(_:_:to:)``.
    ///
    /// - Returns: whether all bytes were fetched.
    @discardableResult
    func withdraw(_ name: String) -> Bool

    /// Closes all ports.
    func close() async
}
