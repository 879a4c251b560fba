internal import FlashAccess

extension AccessHints {
    /// The limits of a Linux shell.
    static let linux = AccessHints(
        noWriter: Limit(
            why: "nothing on this Linux writes flash", next: "start an initramfs that has mtd-utils"),
        noOOB: Limit(
            why: "It does not have the nanddump of mtd-utils.",
            next: "Omit --oob, or start an initramfs that has mtd-utils."),
        unknownPages: "Omit --oob, or start a system whose kernel reports this in /sys/class/mtd.",
        noFlash: "Use its bootloader or a programmer instead.",
        inUse:
            "start an initramfs (flashkeep boot, or restore --image), which leaves the flash alone; or unmount it and "
            + "detach it from UBI (umount, ubidetach)",
        readOnly: Limit(
            why: "it is read-only in the board's kernel",
            next:
                "add --mtd-rw, which loads the module of that name (OpenWrt: kmod-mtd-rw), or restore from the bootloader"
        ),
        unknownBadBlocks: "use a system with mtdinfo (mtd-utils), or restore from the bootloader",
        betterTools: "start an initramfs that has mtd-utils, or the bootloader, and restore through that",
        noSystem: "boot an initramfs and run the same command again")
}
