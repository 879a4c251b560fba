package import FlashModel

/// A right way to write a partition on a board.
package struct WriteMethod: Sendable, Codable, Hashable {
    /// For people: `flash_erase and dd`.
    package var name: String
    /// Whether each write erases the block itself, so that no block is erased before.
    package var erasesItself: Bool
    /// Whether pages of NAND that are blank are programmed with 0xFF: many controllers then store ECC bytes that are not,
    /// and UBI can no longer write to those pages.
    package var writesBlankPages: Bool
    /// Whether nothing less than the whole partition can be erased: all of its good blocks are written then.
    package var erasesPartition: Bool
    /// How many erase blocks ``FlashWriting/write(_:of:)`` takes at once, 1 or more. More than one only if each write
    /// erases the block itself: a programmer, whose every step costs a start of its program.
    package var blocksAtOnce: Int

    package init(
        name: String, erasesItself: Bool = false, writesBlankPages: Bool = false, erasesPartition: Bool = false,
        blocksAtOnce: Int = 1
    ) {
        self.erasesPartition = erasesPartition
        self.blocksAtOnce = erasesItself ? max(1, blocksAtOnce) : 1
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

    package init(offset: Int, bytes: [UInt8]) {
        self.offset = offset
        self.bytes = bytes
    }
}

/// Why a partition cannot be written on a board as it is.
package struct WriteRefusal: Error, Sendable, Hashable {
    /// One line.
    package var why: String
    /// What would make it possible. One line.
    package var next: String

    package init(why: String, next: String) {
        self.why = why
        self.next = next
    }
}

/// Writes flash, an erase block at a time. It is told what to write and never decides; what it says of its success is
/// not to be believed: the one proof of a write is to read it back.
package protocol FlashWriting {
    /// How a partition would be written.
    ///
    /// - Throws: ``WriteRefusal`` where the board has no right way.
    func method(for partition: Partition) throws(WriteRefusal) -> WriteMethod

    /// How a person would write a partition with this board's own commands, without this program. It asks the board
    /// nothing.
    func manualProcedure(for partition: Partition) -> ManualProcedure

    /// Shows that a partition can be erased and written, without touching its flash: that the tools are those that are
    /// meant, and that the command that will write works. From then on ``method(for:)`` gives the first method for which
    /// all of this was shown, or refuses and says what was seen. What was shown once is not tried again.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `boardLost` and others; a method that does not work is no error.
    func prove(_ partition: Partition) async throws

    /// Brings the bytes of an erase block onto the board, and sees that they arrived as they are: all that can fail
    /// on the way must fail before something is erased.
    ///
    /// - Throws: `commandFailed` where they do not arrive, `boardLost` and others. No flash was touched then.
    func stage(_ bytes: [UInt8]) async throws

    /// Erases one erase block.
    ///
    /// - Parameter block: bytes from the start of the partition.
    /// - Throws: ``FlashModel/FlashkeepError`` with `writeFailed` where the board says that its flash failed,
    ///   `commandFailed` where a tool says that it failed and nothing tells whether the flash did, `layoutChanged` where
    ///   the partition is no longer what it was, `toolMissing` where no method was shown to work, `boardLost` and others.
    func erase(_ block: Range<Int>, of partition: Partition) async throws

    /// Erases all good blocks of a partition, where nothing less can be erased.
    ///
    /// - Throws: as ``erase(_:of:)``; `toolMissing` where single blocks can be erased.
    func eraseAll(_ partition: Partition) async throws

    /// Writes the bytes of one erase block, which were staged, and which was erased before unless the method erases by
    /// itself. Pages that are blank are left as they are.
    ///
    /// - Parameter offset: of the block, bytes from the start of the partition.
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
        for block in blocks {
            try await stage(block.bytes)
            try await program(block.bytes, at: block.offset, of: partition)
        }
    }

    package func eraseAll(_ partition: Partition) async throws {
        throw FlashkeepError(
            .toolMissing, what: "\(partition.label) is not erased as a whole.",
            why: "Its blocks can be erased one by one.", next: "This is a bug in Flashkeep.")
    }
}
