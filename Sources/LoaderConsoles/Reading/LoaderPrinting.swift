package import FlashAccess

/// Prints a chip's bytes in lines of 16, each with an address.
package protocol LoaderPrinting: AnyObject {
    /// The command, for display: `d -b`.
    var name: String { get }
    /// The characters of a line, with its end.
    var lineLength: Int { get }
    /// The most bytes per command, a multiple of 16. A long dump that is not wanted takes its time.
    var commandSize: Int { get }
    /// The bytes that are made printable in one go, a multiple of 16.
    var chunkSize: Int { get }

    /// Makes bytes of the chip printable, which may copy them to RAM.
    ///
    /// - Parameters:
    ///   - range: in bytes from the start of the chip; multiples of 16, within one chunk.
    ///   - isAgain: whether they were read before. The second reading, which proves the first one, should not be able to
    ///     repeat its mistake.
    /// - Throws: ``FlashAccess/BoardInterruption``, `replyNotUnderstood`, `unreadable`, `boardSilent`.
    func locate(_ range: Range<Int>, isAgain: Bool) async throws -> LoaderPlace

    /// The command that prints bytes.
    ///
    /// - Parameters:
    ///   - address: where ``locate(_:isAgain:)`` has found them, a multiple of 16 away from that.
    ///   - count: a multiple of 16.
    func command(at address: UInt64, count: Int) throws -> String

    /// What the line at an address begins with.
    func lineStart(at address: UInt64) -> String

    /// The bytes of the intact lines, by address.
    func lines(of reply: ConsoleReply) -> [UInt64: [UInt8]]

    /// The parts of a range that were printed as unreadable, with 0xFF in their place; in bytes from the start of the
    /// chip, ascending.
    func holes(in range: Range<Int>) -> [Range<Int>]
}

extension LoaderPrinting {
    package var commandSize: Int { 4 << 10 }
    package var chunkSize: Int { 64 << 10 }

    package func holes(in range: Range<Int>) -> [Range<Int>] { [] }
}

/// Where a chip's bytes can be printed.
package enum LoaderPlace: Sendable, Hashable {
    /// From this address on.
    case at(UInt64)
    /// Nowhere, for this reason.
    case unread(String)
}
