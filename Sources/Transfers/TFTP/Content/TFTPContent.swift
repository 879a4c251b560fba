/// What a TFTP server gives and takes: files of a folder, or streams that are made as they are read.
///
/// All of it may be called from any task. Errors that are a ``TFTPError`` are told to the client as they are; all others
/// as "not defined" with a general message.
package protocol TFTPContent: Sendable {
    /// Opens something for a client to read.
    ///
    /// - Parameters:
    ///   - name: as the client sent it: hostile until proven otherwise.
    ///   - client: its IP address, as text.
    func open(reading name: String, client: String) async throws -> any TFTPSource

    /// Opens something for a client to write.
    ///
    /// - Parameters:
    ///   - name: as the client sent it: hostile until proven otherwise.
    ///   - size: bytes that the client announced, which may be wrong; nil where it did not.
    ///   - client: its IP address, as text.
    func open(writing name: String, size: Int?, client: String) async throws -> any TFTPSink
}

/// What a client reads. Never called twice at the same time.
package protocol TFTPSource: Sendable {
    /// Bytes in all, where that is known: it is told to the client, and the transfer fails where it proves wrong.
    var size: Int? { get }

    /// The next bytes.
    ///
    /// - Parameter count: how many are welcome, at least 1. Fewer may come; more are taken too.
    /// - Returns: none at the end, and only there.
    func read(_ count: Int) async throws -> [UInt8]

    /// Called once, whatever happened before.
    func close() async
}

/// What a client writes. Never called twice at the same time.
package protocol TFTPSink: Sendable {
    /// Takes the next bytes; the client is held back until this returns.
    func write(_ bytes: [UInt8]) async throws

    /// Makes what was written final. Only after this the client is told that all is well.
    func commit() async throws

    /// Called in place of ``commit()`` where the transfer did not come to its end, and after one that failed.
    func discard() async
}
