import FlashAccess
import FlashModel

/// A method of erasing and writing a kind of chip from U-Boot, block by block: numbers in, command lines out. Each has
/// its own file.
protocol UBootWriteMethod: Sendable {
    /// The name for display: `erase and cp.b`.
    var name: String { get }

    /// The commands to type by hand before any other.
    var preparation: [String] { get }

    /// What to know before using it by hand. Sentences, one item each.
    var rules: [String] { get }

    /// The commands to type by hand for a run of good erase blocks.
    ///
    /// - Parameters:
    ///   - range: in bytes of the chip.
    ///   - memory: the address of their bytes in RAM.
    func byHand(_ range: Range<Int>, memory: UInt64) -> UBootManualLines

    /// The commands that must be identified by their help.
    var signs: [UBootCommandSign] { get }

    /// The range where the flash is mapped, if it is written by a copy, which can then be tested; nil for commands that
    /// cannot be tested without flash.
    var copied: Range<UInt64>? { get }

    /// The bytes programmed at once; an erase block is a multiple of it.
    var unit: Int { get }

    /// The commands that erase a block.
    ///
    /// - Parameter block: in bytes of the chip.
    /// - Throws: ``UBootCommandFault`` if it is not a whole block, or must not be written.
    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [UBootWriteCommand]

    /// The commands that write parts of an erased block.
    ///
    /// - Parameters:
    ///   - parts: in bytes from the start of the block, multiples of ``unit``.
    ///   - memory: the address of the block's bytes in RAM.
    func program(
        _ parts: [Range<Int>], of block: Range<Int>, from memory: UInt64
    ) throws(UBootCommandFault) -> [UBootWriteCommand]
}

extension UBootWriteMethod {
    var copied: Range<UInt64>? { nil }
    var preparation: [String] { [] }
    var rules: [String] { [] }

    /// The lines of a command that erases, writes and reads by offsets on the chip: `sf`, `nand`, `mtd`.
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
    /// The refusal of something that U-Boot cannot do but Linux may.
    static func throughLinux(_ why: String) -> WriteRefusal {
        WriteRefusal(why: why, next: "start an initramfs (--image) and restore through its Linux")
    }
}
