internal import FlashAccess

extension AccessHints {
    /// The limits of Realtek's loader.
    static let realtek = AccessHints(
        noWriter: Limit(
            why: "Flashkeep only reads through Realtek's loader",
            next: "restore from Linux, or with a programmer"),
        noOOB: Limit(
            why: "Realtek's loader has no command that prints OOB bytes.", next: "Omit --oob, or back up from Linux."),
        unknownPages: "Omit --oob, or back up from Linux.",
        noFlash: "Use its Linux or a programmer instead.",
        unknownSize: "Give the size, by what is printed on the chip: --flash spi:0+4M. Some loaders print it when they "
            + "start: switch the board off, run the same command again, and switch it on.",
        inUse: "reset the board and stop it in its loader again",
        readOnly: Limit(
            why: "Flashkeep only reads through Realtek's loader", next: "restore from Linux, or with a programmer"),
        unknownBadBlocks: "restore from Linux",
        betterTools: "start its Linux, and restore through that",
        noSystem: "use a programmer")
}
