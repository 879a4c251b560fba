package import Transfers

/// This computer's TFTP server, to which a board also sends its flash.
package protocol BoardUploadServer: BoardFileServer {
    /// Expects one upload of exactly this many bytes. Any other is refused.
    ///
    /// - Parameters:
    ///   - name: letters and digits; not used before.
    ///   - board: the only address that may send it.
    func expect(_ name: String, count: Int, from board: IPv4Address)

    /// Returns the upload of a name, and forgets it; nil if it is incomplete.
    func collect(_ name: String) -> [UInt8]?
}

extension BoardUploadServer {
    /// Runs a command that makes a board send a file.
    ///
    /// Only what has arrived counts, because the board's own report crosses a line that may damage it.
    ///
    /// - Returns: what the command returned, and the bytes; nil unless exactly `count` arrived.
    /// - Throws: errors of the command. Whatever arrived is dropped then: all of it may have come before a reset of the
    ///   board, but what its RAM held is unknown.
    package func receiving<Result>(
        _ name: String, count: Int, from board: IPv4Address, _ command: () async throws -> Result
    ) async throws -> (result: Result, bytes: [UInt8]?) {
        expect(name, count: count, from: board)
        do {
            let result = try await command()
            let bytes = collect(name)
            return (result, bytes?.count == count ? bytes : nil)
        } catch {
            _ = collect(name)
            throw error
        }
    }
}
