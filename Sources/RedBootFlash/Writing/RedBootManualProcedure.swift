import FlashAccess
import FlashModel
import Transfers

/// How to restore partitions by hand from RedBoot's prompt.
struct RedBootManualProcedure {
    /// The alternative, in words.
    private static let otherwise = "write it from Linux, or with a programmer"
    /// The address of the computer with the files, to be replaced.
    private static let server = "SERVER"

    private let survey: Survey
    private let facts: RedBootFacts

    init(_ survey: Survey, _ facts: RedBootFacts) {
        self.survey = survey
        self.facts = facts
    }

    /// Whether files come over the network; otherwise the console carries them.
    private var isByName: Bool { facts.addresses.map { $0.board.value != 0 } == true }

    func procedure(for partition: Partition) -> ManualProcedure {
        do throws(WriteRefusal) {
            try RedBootWriteCheck.check(partition, survey, facts)
        } catch {
            return .impossible(why: error.why, next: error.next)
        }
        guard let range = partition.chipRange, let base = facts.base(of: partition.chip),
            facts.hasChecksum, facts.help.map({ $0.has("load") }) == true
        else {
            return .impossible(
                why: "this RedBoot cannot load a file into RAM (load), or cannot check it there (cksum)",
                next: Self.otherwise)
        }
        // All of a chip is written in one, RedBoot with it.
        guard !RedBootCode(facts.version, survey).isIn(range, of: partition.chip) else {
            return .impossible(why: WriteRefusal.runsFromFlash.why, next: WriteRefusal.runsFromFlash.next)
        }
        let block = partition.eraseBlockSize
        guard block > 0, range.lowerBound % block == 0, range.count % block == 0, !range.isEmpty else {
            return .impossible(
                why: "it shares an erase block with another partition",
                next: "write all of the chip, or the erase block, from the image of the whole chip")
        }
        guard let parts = ManualParts(range, block: block, memory: { try? facts.freeMemory($0).lowerBound }) else {
            return .impossible(why: "no erase block fits into the free RAM", next: Self.otherwise)
        }
        var lines: [String] = []
        for part in parts.parts {
            guard let flash = base.plus(part.range.lowerBound) else {
                return .impossible(why: "its place is outside of the address space", next: Self.otherwise)
            }
            lines += self.lines(part.range.count, at: flash, from: parts.memory, file: part.file)
        }
        return .commands(method, lines: lines, notes: parts.notes)
    }

    private func lines(_ count: Int, at flash: UInt64, from memory: UInt64, file: String) -> [String] {
        func hex(_ value: UInt64) -> String { RedBootCommands.hex(value) }
        let size = hex(UInt64(count))
        return [
            "load -r -b \(hex(memory)) " + (isByName ? "-m tftp -h \(Self.server) \(file)" : "-m ymodem"),
            "cksum -b \(hex(memory)) -l \(size)",
            "fis write -f \(hex(flash)) -b \(hex(memory)) -l \(size)",
            "cksum -b \(hex(flash)) -l \(size)",
        ]
    }

    private var method: ManualProcedure.Method {
        ManualProcedure.Method(
            name: "from RedBoot, with fis write, the file loaded by load",
            identification:
                "The labels `partN` are this backup's own. What counts is the address: `version` prints where the flash "
                + "begins, and `fis list` the address of each image.",
            rules: [
                "Type the commands in full: RedBoot takes the beginning of a word for the whole, and `fis i` is "
                    + "`fis init`, which destroys the directory.",
                "Never type `$` or `+`: RedBoot then waits for a debugger and must be switched off and on.",
                "Do not use `fis init` or `fis create` for a restore: they write a new directory. The directory is in the "
                    + "backup, as bytes.",
            ],
            steps: [
                .text(
                    "Connect to the board's serial console, switch the board on, and press Ctrl-C when it says "
                        + "`enter ^C to abort`."),
                isByName
                    ? .text(
                        "Put the files into the folder of a TFTP server on your computer, connect the board's LAN port "
                            + "to it, and replace `\(Self.server)` in the lines of section 6 by the computer's address. "
                            + "`ip_address` prints the board's, and `ip_address -l ADDRESS` sets another.")
                    : .text(
                        "`load` in the lines of section 6 waits for the partition's file: send it by YMODEM from your "
                            + "terminal program (minicom and picocom use `sb` of lrzsz for that)."),
                .text(
                    "Paste the lines that section 6 gives for the partition, one by one, and wait for the prompt after "
                        + "each. The first `cksum` must print the checksum of the file. If it does not, stop, and load "
                        + "the file again. On your computer, this prints it:"),
                .commands(["cksum FILE"]),
                .text(
                    "`fis write` asks before it writes: compare the three addresses with those of the line, and answer "
                        + "`y`. If it reports that the flash is write-protected, type `fis unlock` with the same `-f` "
                        + "and `-l`, and repeat it. The last `cksum`, which is that of the flash, must print the same "
                        + "as the first. If it does not, repeat the lines for this partition, and do not restart the "
                        + "board until the two are the same. When everything is restored, restart it with `reset`."),
            ])
    }
}
