package import FlashAccess

/// Reads one chip of a board at its bootloader's prompt. Offsets are in bytes from the start of the chip.
package protocol LoaderChipReading {
    /// Reads a range, and passes it on in chunks, in order; see ``FlashAccess/FlashReading``.
    ///
    /// - Throws: `replyNotUnderstood`, `boardSilent`, `boardLost`; what `each` throws.
    func read(_ range: Range<Int>, each: (FlashChunk) async throws -> Void) async throws

    /// Whether ``readWithOOB(_:each:)`` works.
    var readsOOB: Bool { get }

    /// Reads whole pages, each followed by its OOB bytes. Chunk offsets count both page and OOB bytes, from the start of
    /// the chip.
    ///
    /// - Parameter range: the pages, without their OOB bytes.
    func readWithOOB(_ range: Range<Int>, each: (FlashChunk) async throws -> Void) async throws

    /// Computes checksums on the board; nil if it has no command for that.
    var checksum: (any LoaderChecksum)? { get }

    /// The command that prints, for display.
    var name: String { get }

    /// The characters on the line per byte of flash, in hundredths; nil if unknown.
    var cost: Int? { get }
}

extension LoaderChipReading {
    package var readsOOB: Bool { false }
    package var checksum: (any LoaderChecksum)? { nil }

    package func readWithOOB(_ range: Range<Int>, each: (FlashChunk) async throws -> Void) async throws {}
}

/// A bootloader's command that computes the CRC-32 of a chip.
package protocol LoaderChecksum {
    /// The CRC-32 of a range, in bytes from the start of the chip; nil if a part of it cannot be read.
    ///
    /// - Throws: ``FlashAccess/BoardInterruption``, `replyNotUnderstood`, `boardSilent`.
    func crc32(_ range: Range<Int>) async throws -> UInt32?
}
