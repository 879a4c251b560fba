/// What a TFTP server serves and accepts: files of a folder, or streams generated while they are read.
///
/// All methods may be called from any task. A ``TFTPError`` is sent to the client as it is; any other error is sent as
/// "not defined" with a general message.
package protocol TFTPContent: Sendable {
    /// Opens content for a client to read.
    ///
    /// - Parameters:
    ///   - name: as the client sent it: hostile until proven otherwise.
    ///   - client: the client's IP address, as text.
    func open(reading name: String, client: String) async throws -> any TFTPSource

    /// Opens content for a client to write.
    ///
    /// - Parameters:
    ///   - name: as the client sent it: hostile until proven otherwise.
    ///   - size: the size in bytes that the client announced, which may be wrong; nil if it announced none.
    ///   - client: the client's IP address, as text.
    func open(writing name: String, size: Int?, client: String) async throws -> any TFTPSink
}

/// Content that a client reads. Calls never overlap.
package protocol TFTPSource: Sendable {
    /// The total size in bytes, if known: it is announced to the client, and the transfer fails if it proves wrong.
    var size: Int? { get }

    /// Returns the next bytes.
    ///
    /// - Parameter count: the preferred number of bytes, at least 1. The result may have fewer or more.
    /// - Returns: an empty array at the end, and only there.
    func read(_ count: Int) async throws -> [UInt8]

    /// Does what ``read(_:)`` does, on the calling thread, if at most a disk is waited for; otherwise returns nil, and
    /// has no effect.
    func readAtOnce(_ count: Int) throws -> [UInt8]?

    /// Ends the use of the source. Called once, whatever happened before.
    func close() async
}

/// Content that a client writes. Calls never overlap.
package protocol TFTPSink: Sendable {
    /// Accepts the next bytes; the client is held back until this returns.
    func write(_ bytes: [UInt8]) async throws

    /// Makes the written bytes final. Only afterwards is success reported to the client.
    func commit() async throws

    /// Called instead of ``commit()`` if the transfer did not complete, and after a commit that failed.
    func discard() async
}

extension TFTPSource {
    package func readAtOnce(_ count: Int) throws -> [UInt8]? { nil }
}
