internal import FlashAccess

extension AccessHints {
    /// The limits of RedBoot.
    static let redBoot = AccessHints(
        noWriter: Limit(
            why: "this RedBoot has no fis write", next: "restore through its Linux, or with a programmer"),
        noOOB: Limit(
            why: "RedBoot has no command that reads OOB bytes.", next: "Omit --oob, or back up from Linux."),
        unknownPages: "Omit --oob, or back up from Linux.",
        noFlash: "Use its Linux or a programmer instead.",
        unknownSize: "Use its Linux or a programmer instead.",
        inUse: "reset the board and stop it in RedBoot again",
        readOnly: Limit(
            why: "RedBoot does not allow writing it", next: "restore from Linux, or with a programmer"),
        unknownBadBlocks: "restore from Linux",
        betterTools: "start its Linux, and restore through that",
        noSystem: "run the same command again")
}
