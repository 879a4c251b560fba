package import FlashModel

/// A safe method of writing a partition on a board.
package struct WriteMethod: Sendable, Codable, Hashable {
    /// A name for display: `flash_erase and dd`.
    package var name: String
    /// Whether each write also erases the block, so that no separate erase is needed.
    package var erasesItself: Bool
    /// Whether blank NAND pages are programmed with 0xFF. Many controllers then store ECC bytes other than 0xFF, and
    /// UBI can no longer write to those pages.
    package var writesBlankPages: Bool
    /// Whether only the whole partition can be erased. All of its good blocks must then be written.
    package var erasesPartition: Bool
    /// How many erase blocks ``FlashWriting/write(_:of:)`` takes at once, 1 or more: on a small board, most of the time
    /// for one block is that for starting programs.
    package var blocksAtOnce: Int

    package init(
        name: String, erasesItself: Bool = false, writesBlankPages: Bool = false, erasesPartition: Bool = false,
        blocksAtOnce: Int = 1
    ) {
        self.erasesPartition = erasesPartition
        self.blocksAtOnce = erasesPartition ? 1 : max(1, blocksAtOnce)
        self.name = name
        self.erasesItself = erasesItself
        self.writesBlankPages = writesBlankPages
    }
}

/// What an erase block is to hold.
package struct BlockContent: Sendable, Hashable {
    /// Bytes from the start of the partition.
    package var offset: Int
    /// As many as the erase block has.
    package var bytes: [UInt8]
    /// Whether the block must be erased before; not if only bits are cleared.
    package var mustErase: Bool

    package init(offset: Int, bytes: [UInt8], mustErase: Bool = true) {
        self.offset = offset
        self.bytes = bytes
        self.mustErase = mustErase
    }

    /// In bytes from the start of the partition.
    package var range: Range<Int> { offset..<offset + bytes.count }
}

/// Why a partition cannot be written on a board in its present state.
package struct WriteRefusal: Error, Sendable, Hashable {
    /// The reason, in one line.
    package var why: String
    /// What would make it possible, in one line.
    package var next: String

    package init(why: String, next: String) {
        self.why = why
        self.next = next
    }
}

/// Writes flash, one erase block at a time.
///
/// It writes what it is given and decides nothing. Its reports of success are no proof; only reading the flash back is.
package protocol FlashWriting {
    /// Returns the method that would write a partition.
    ///
    /// - Throws: ``WriteRefusal`` if the board has no safe method.
    func method(for partition: Partition) throws(WriteRefusal) -> WriteMethod

    /// Returns how a person would write a partition with the board's own commands, without Flashkeep. Sends nothing to
    /// the board.
    func manualProcedure(for partition: Partition) -> ManualProcedure

    /// Proves, without touching its flash, that a partition can be erased and written: that the tools are the right
    /// ones and that the write command works.
    ///
    /// From then on, ``method(for:)`` returns the first method that passed, or a refusal that says what failed. A
    /// method that passed is not tested again.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `boardLost` and others; a method that does not work is not an
    ///   error.
    func prove(_ partition: Partition) async throws

    /// Transfers the bytes of an erase block to the board and checks that they arrived intact. Everything that can fail
    /// in transfer must fail here, before anything is erased.
    ///
    /// - Throws: `commandFailed` if the bytes do not arrive, `boardLost` and others. No flash has been touched then.
    func stage(_ bytes: [UInt8]) async throws

    /// Erases one erase block.
    ///
    /// - Parameter block: in bytes from the start of the partition.
    /// - Throws: ``FlashModel/FlashkeepError`` with `writeFailed` if the board reports a flash failure, `commandFailed`
    ///   if a tool fails and it is unknown whether the flash did, `layoutChanged` if the partition is not the surveyed
    ///   one any more, `toolMissing` if no method was proven to work, `boardLost` and others.
    func erase(_ block: Range<Int>, of partition: Partition) async throws

    /// Erases all good blocks of a partition, for methods that cannot erase single blocks.
    ///
    /// - Throws: as ``erase(_:of:)``; `toolMissing` if single blocks can be erased.
    func eraseAll(_ partition: Partition) async throws

    /// Writes the staged bytes of one erase block, which must be erased already unless the method erases. Leaves blank
    /// pages alone.
    ///
    /// - Parameter offset: of the block, in bytes from the start of the partition.
    /// - Throws: as ``erase(_:of:)``.
    func program(_ bytes: [UInt8], at offset: Int, of partition: Partition) async throws

    /// Erases and writes several erase blocks in one step, if the method takes more than one
    /// (``WriteMethod/blocksAtOnce``). By default it writes them one by one.
    ///
    /// - Throws: as ``erase(_:of:)``. Any of the blocks may then hold anything.
    func write(_ blocks: [BlockContent], of partition: Partition) async throws
}

extension FlashWriting {
    package func write(_ blocks: [BlockContent], of partition: Partition) async throws {
        try await writeOneByOne(blocks, of: partition)
    }

    /// Stages, erases and writes each block by itself.
    package func writeOneByOne(_ blocks: [BlockContent], of partition: Partition) async throws {
        let erasesItself = try method(for: partition).erasesItself
        for block in blocks {
            try await stage(block.bytes)
            if block.mustErase, !erasesItself { try await erase(block.range, of: partition) }
            try await program(block.bytes, at: block.offset, of: partition)
        }
    }

    package func eraseAll(_ partition: Partition) async throws {
        throw FlashkeepError(
            .toolMissing, what: "\(partition.label) is not erased as a whole.",
            why: "Its blocks can be erased one by one.", next: "This is a bug in Flashkeep.")
    }
}
