internal import FlashAccess

extension AccessHints {
    /// The limits of barebox.
    static let barebox = AccessHints(
        noWriter: Limit(
            why: "barebox is only read from", next: "restore from the board's Linux, over SSH, or with a programmer"),
        noOOB: Limit(why: "barebox has no command that prints them.", next: "Omit --oob, or back up from Linux."),
        unknownPages: "Omit --oob, or back up from Linux.",
        noFlash: "Read the flash from the board's Linux, or with a programmer.",
        inUse: "restore from an initramfs",
        readOnly: Limit(why: "barebox is only read from", next: "restore from the board's Linux"),
        unknownBadBlocks: "restore from the board's Linux, which lists them",
        betterTools: "restore over SSH, from a system that has mtd-utils",
        noSystem: "start an initramfs, and restore through that")
}
