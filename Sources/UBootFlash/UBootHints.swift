internal import FlashAccess

extension AccessHints {
    /// The limits of U-Boot.
    static let uBoot = AccessHints(
        noWriter: Limit(
            why: "nothing in this U-Boot writes flash", next: "start an initramfs, and restore through its Linux"),
        noOOB: Limit(
            why: "This U-Boot cannot read raw NAND: it has neither nand read.raw nor mtd read.raw.oob.",
            next: "Omit --oob, or back up from Linux."),
        unknownPages: "Omit --oob, or back up from Linux.",
        noFlash: "Use its Linux or a programmer instead.",
        unknownSize: "Give the size, by what is printed on the chip or in the start log: --flash nand:0+128M/128K for "
            + "NAND, --flash spi:0+16M/64K for serial NOR.",
        inUse: "reset the board and stop it in U-Boot again",
        readOnly: Limit(
            why: "U-Boot's partition table marks it read-only",
            next: "take the mark out of mtdparts, or restore from Linux"),
        unknownBadBlocks: "use a U-Boot that lists them (nand bad, mtd bad), or restore from Linux",
        betterTools: "start an initramfs that has mtd-utils, and restore through its Linux",
        noSystem: "run the same command again")
}
