internal import FlashAccess

extension AccessHints {
    /// The limits of web pages.
    static let pages = AccessHints(
        noWriter: Limit(
            why: "web pages are only read", next: "restore over SSH, from the bootloader's console or with a programmer"
        ),
        noOOB: Limit(why: "Web pages give only the data of partitions.", next: "Omit --oob, or back up over SSH."),
        unknownPages: "Omit --oob, or back up over SSH.", noFlash: "Use SSH, the bootloader or a programmer instead.",
        inUse: "restore from the bootloader, or from an initramfs",
        readOnly: Limit(why: "web pages are only read", next: "restore over SSH or from the bootloader"),
        unknownBadBlocks: "restore over SSH or from the bootloader, which list them",
        betterTools: "restore over SSH, from a system that has mtd-utils",
        noSystem: "boot an initramfs, and restore through that")
}
