import FlashAccess
import FlashModel

/// The write methods, in order of preference.
enum LinuxWriteMethods {
    static let all: [any LinuxWriteMethod] = [
        FlashEraseMethod(copy: .keeping), FlashEraseMethod(copy: .plain), MTDBlockMethod(copy: .synchronous),
        MTDBlockMethod(copy: .plain), OpenWrtMTDMethod(), FlashEraseAllMethod(copy: .keeping),
        FlashEraseAllMethod(copy: .plain),
    ]

    /// Returns the methods that suit a partition on a board: at least one.
    ///
    /// - Throws: ``WriteRefusal`` if none is suitable.
    static func suited(
        to partition: Partition, _ toolbox: LinuxToolbox
    ) throws(WriteRefusal) -> [any LinuxWriteMethod] {
        let methods = all.filter { $0.suits(partition, toolbox) }
        guard methods.isEmpty else { return methods }
        let isNAND = partition.kind.isNAND
        throw WriteRefusal(
            why: isNAND
                ? "NAND needs flash_erase or flash_eraseall, or OpenWrt's mtd if the partition's first block is good; "
                    + "the board's other tools would skip blocks or destroy their neighbours"
                : "the board has neither flash_erase, flash_eraseall nor OpenWrt's mtd, nor a block device of it (mtdblock)",
            next: "start an initramfs that has mtd-utils")
    }
}
