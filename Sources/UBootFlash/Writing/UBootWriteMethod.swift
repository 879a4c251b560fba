import FlashAccess
import FlashModel

/// How a kind of chip is erased and written from U-Boot, block by block: numbers in, command lines out. One a file.
protocol UBootWriteMethod: Sendable {
    /// For people: `erase and cp.b`.
    var name: String { get }

    /// The command that shows the chips that it writes.
    var inquiry: String { get }

    /// What a person types before anything else.
    var preparation: [String] { get }

    /// What a person must know before it is used. Sentences, one item each.
    var rules: [String] { get }

    /// What a person types for a run of good erase blocks.
    ///
    /// - Parameters:
    ///   - range: bytes of the chip.
    ///   - memory: where their bytes are in RAM.
    func byHand(_ range: Range<Int>, memory: UInt64) -> UBootManualLines

    /// The commands that must be known by their help.
    var signs: [UBootCommandSign] { get }

    /// Where the flash stands in memory that a copy writes to, which can then be tried; nil for commands that only flash
    /// can show.
    var copied: Range<UInt64>? { get }

    /// Bytes that are programmed at once; the size of an erase block is a multiple of it.
    var unit: Int { get }

    /// The commands that erase a block.
    ///
    /// - Parameter block: bytes of the chip.
    /// - Throws: ``UBootCommandFault`` where it is no whole block, or one that must not be written.
    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [UBootWriteCommand]

    /// The commands that write parts of a block, which was erased.
    ///
    /// - Parameters:
    ///   - parts: bytes from the start of the block, multiples of ``unit``.
    ///   - memory: where the block's bytes stand in RAM.
    func program(
        _ parts: [Range<Int>], of block: Range<Int>, from memory: UInt64
    ) throws(UBootCommandFault) -> [UBootWriteCommand]
}

extension UBootWriteMethod {
    var copied: Range<UInt64>? { nil }
    var preparation: [String] { [] }
    var rules: [String] { [] }

    /// Lines of a command that erases, writes and reads by offsets on the chip: `sf`, `nand`, `mtd`.
    ///
    /// - Parameter device: the words between the action and the numbers.
    func byOffsets(
        _ command: String, _ device: [String] = [], of range: Range<Int>, memory: UInt64
    ) -> UBootManualLines {
        let place = [UBootCommands.hex(range.lowerBound), UBootCommands.hex(range.count)]
        func line(_ action: String, _ memory: [String]) -> String {
            ([command, action] + device + memory + place).joined(separator: " ")
        }
        let source = [UBootCommands.hex(memory)]
        return UBootManualLines(write: [line("erase", []), line("write", source)], readBack: line("read", source))
    }
}

extension WriteRefusal {
    /// Of what U-Boot cannot do, and Linux may.
    static func throughLinux(_ why: String) -> WriteRefusal {
        WriteRefusal(why: why, next: "start an initramfs (--image) and restore through its Linux")
    }
}
