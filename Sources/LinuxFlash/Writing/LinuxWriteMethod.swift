import FlashAccess
import FlashModel

/// A method of writing a kind of flash with certain tools: text in, text out. Each has its own file.
///
/// What the tools do was observed with mtd-utils 2.1, busybox 1.35 and Linux 6.1 (`drivers/mtd`).
protocol LinuxWriteMethod: Sendable {
    /// A unique name for display.
    var name: String { get }
    /// The tools that must be identified by their usage.
    var tools: [LinuxWriteTool] { get }
    /// The form of `dd` that writes, which is tried on a regular file; nil if the tool writes only to MTD devices, and
    /// must refuse a regular file.
    var rehearsed: BlockCopy? { get }
    /// Whether the method is safe for the flash of a partition, and the board has its tools.
    func suits(_ partition: Partition, _ toolbox: LinuxToolbox) -> Bool
    /// Its description, as in ``FlashAccess/FlashWriting/method(for:)``.
    func description(of partition: Partition) -> WriteMethod
    /// Its part of the script for restoring by hand.
    var script: LinuxRestoreScript.Part { get }
    /// The kind of node that it writes through.
    var node: LinuxWriteNode { get }
    /// The command that erases one erase block; nil if each write does.
    ///
    /// - Parameter offset: of the block, in bytes from the start of the partition.
    func erase(_ node: String, offset: Int, _ toolbox: LinuxToolbox) -> String?
    /// The command that erases a whole partition, if nothing smaller can be erased; otherwise nil.
    func eraseAll(_ node: String, _ toolbox: LinuxToolbox) -> String?
    /// Whether the blocks can come from one file, one after another.
    var takesSeveral: Bool { get }
    /// The commands that write one erase block.
    ///
    /// - Parameters:
    ///   - file: on the board, with the block's bytes.
    ///   - start: where they begin in the file, in bytes; a multiple of the block's size.
    ///   - offset: of the block, in bytes from the start of the partition.
    func program(
        _ node: String, from file: String, _ start: Int, _ bytes: [UInt8], at offset: Int, of partition: Partition,
        _ toolbox: LinuxToolbox
    ) -> [String]
}

extension LinuxWriteMethod {
    func eraseAll(_ node: String, _ toolbox: LinuxToolbox) -> String? { nil }
    var takesSeveral: Bool { false }
}
