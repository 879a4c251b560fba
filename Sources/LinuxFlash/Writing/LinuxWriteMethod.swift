import FlashAccess
import FlashModel

/// A way to write a kind of flash with some tools: text in, text out. One a file; the rules of which tool tells the truth
/// are those of mtd-utils 2.1, busybox 1.35 and Linux 6.1 (`drivers/mtd`), as they were seen to behave.
protocol LinuxWriteMethod: Sendable {
    /// For people; different for each method.
    var name: String { get }
    /// The tools that must be known by their usage.
    var tools: [LinuxWriteTool] { get }
    /// The `dd` that writes, which is tried on a plain file; nil where the tool writes MTD devices alone, and must refuse
    /// a plain file.
    var rehearsed: BlockCopy? { get }
    /// Whether it is right for the flash of a partition, and the board has its tools.
    func suits(_ partition: Partition, _ toolbox: LinuxToolbox) -> Bool
    /// For people.
    func description(of partition: Partition) -> WriteMethod
    /// Its part of the script that people run.
    var script: LinuxRestoreScript.Part { get }
    /// What node it writes through.
    var node: LinuxWriteNode { get }
    /// The command that erases one erase block; nil where each write does.
    ///
    /// - Parameter offset: of the block, from the start of the partition.
    func erase(_ node: String, offset: Int, _ toolbox: LinuxToolbox) -> String?
    /// The command that erases a whole partition, where no less can be erased; nil for all others.
    func eraseAll(_ node: String, _ toolbox: LinuxToolbox) -> String?
    /// The commands that write one erase block.
    ///
    /// - Parameters:
    ///   - file: on the board, with the block's bytes.
    ///   - offset: of the block, from the start of the partition.
    func program(
        _ node: String, from file: String, _ bytes: [UInt8], at offset: Int, of partition: Partition,
        _ toolbox: LinuxToolbox
    ) -> [String]
}

extension LinuxWriteMethod {
    func eraseAll(_ node: String, _ toolbox: LinuxToolbox) -> String? { nil }
}
