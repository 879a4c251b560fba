internal import FlashAccess

extension AccessHints {
    /// The limits of CFE.
    static let cfe = AccessHints(
        noWriter: Limit(
            why: "Flashkeep only reads through CFE, whose commands write what an image says, the bootloader included",
            next: "restore from Linux, or with a programmer"),
        noOOB: Limit(
            why: "Only dn, for NAND, prints OOB bytes, and this board does not have it.",
            next: "Omit --oob, or back up from Linux."),
        unknownPages: "Omit --oob, or back up from Linux.",
        noFlash: "Use its Linux or a programmer instead.",
        unknownSize:
            "Switch the board off, run the same command again, and switch it on, so that its start is seen; or "
            + "give the size, by what is printed on the chip: --flash nand:0+128M/128K.",
        inUse: "reset the board and stop it in CFE again",
        readOnly: Limit(
            why: "Flashkeep only reads through CFE", next: "restore from Linux, or with a programmer"),
        unknownBadBlocks: "restore from Linux",
        betterTools: "start its Linux, and restore through that",
        noSystem: "use a programmer")
}
