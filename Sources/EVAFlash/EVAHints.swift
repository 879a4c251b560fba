internal import FlashAccess

extension AccessHints {
    /// The limits of AVM's loaders.
    static let eva = AccessHints(
        noWriter: Limit(
            why: "the loader of AVM boxes is only read from",
            next: "start an initramfs, such as OpenWrt's by its eva_ramboot.py, and restore over SSH"),
        noOOB: Limit(why: "The loader gives only the data of partitions.", next: "Omit --oob, or back up over SSH."),
        unknownPages: "Omit --oob, or back up over SSH.", noFlash: "Start the board's Linux, and use SSH or telnet.",
        inUse: "restore from an initramfs",
        readOnly: Limit(why: "the loader of AVM boxes is only read from", next: "restore over SSH"),
        unknownBadBlocks: "restore over SSH, where Linux lists them",
        betterTools: "restore over SSH, from a system that has mtd-utils",
        noSystem: "start an initramfs, such as OpenWrt's by its eva_ramboot.py, and restore over SSH")
}
