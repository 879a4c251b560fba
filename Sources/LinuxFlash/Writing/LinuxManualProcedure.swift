import FlashAccess
package import FlashModel

/// How a person restores partitions from a Linux shell.
package enum LinuxManualProcedure {
    /// Returns the script of the suitable method, and the command line that starts it for this partition. If the system
    /// has no suitable tool, uses that of mtd-utils, which another system has.
    ///
    /// - Parameter toolbox: the tools of the board.
    package static func procedure(for partition: Partition, _ toolbox: LinuxToolbox) -> ManualProcedure {
        let method: any LinuxWriteMethod
        let script: LinuxRestoreScript
        var notes: [String] = []
        do {
            method = try LinuxWriteMethods.suited(to: partition, toolbox)[0]
            script = LinuxRestoreScript(method.script, toolbox)
        } catch {
            method = FlashEraseMethod(copy: .keeping)
            guard FlashEraseMethod.kinds.contains(partition.kind), partition.eraseBlockSize > 0 else {
                return .impossible(why: error.why, next: error.next)
            }
            script = LinuxRestoreScript(method.script, nil)
            notes.append(
                "The system that ran when this backup was made had no tool that can write it. Start Linux from RAM "
                    + "with mtd-utils (an initramfs that has flash_erase), and run the line there.")
        }
        let page = partition.kind.isNAND || partition.pageSize > 1 ? partition.pageSize : partition.eraseBlockSize
        let bad = (partition.badBlocks?.bad ?? []) + (partition.badBlocks?.table ?? [])
        if partition.badBlocks?.isComplete == false {
            notes.append(
                "Before you start, compare the bad blocks with those of `mtdinfo -M /dev/mtd\(partition.index)`.")
        }
        if partition.kind.isNAND, script.part.word == "mtd" {
            notes.append(
                "`mtd` also writes pages that are blank. On some boards, UBI cannot use such pages afterwards; prefer "
                    + "a system with flash_erase.")
        }
        let words =
            ["sh", "/tmp/\(script.name)"]
            + [partition.index, partition.size, partition.eraseBlockSize, page].map(String.init)
            + ["/tmp/\(ManualProcedure.file)"] + Set(bad).sorted().map(String.init)
        return .commands(self.method(script), lines: [words.joined(separator: " ")], notes: notes)
    }

    private static func method(_ script: LinuxRestoreScript) -> ManualProcedure.Method {
        let tool = script.part.word
        return ManualProcedure.Method(
            name: "from Linux, with \(tool == "mtdblock" ? "dd to the block device" : tool)",
            identification: "`mtdN` is the number that the running Linux gave a partition (`cat /proc/mtd`). Another "
                + "Linux, such as an initramfs, may count differently: look there for the partition of the same name "
                + "and size, and use its number there. Several partitions may have the same name.",
            rules: [
                "Work as root. Best is a Linux that runs from RAM (an initramfs), because it uses none of the flash; "
                    + "it is also the way in if the board no longer starts. For OpenWrt, it is the image for this "
                    + "board with `initramfs` in its name. Start it from the bootloader.",
                "Files go to `/tmp` on the board, which is RAM: `free` must show room for the file and 8 MiB more. Put "
                    + "a larger one on a USB stick or in a network folder, and give its path in place of `/tmp`.",
                "On NAND, do not use `dd`, `cat`, `flashcp` or `/dev/mtdblockN` on their own, nor `nandwrite`: they "
                    + "write over bad blocks, or skip them and move everything that follows, and still report success.",
                "Never erase or write a bad block, and never clear its mark.",
            ],
            steps: [
                .text("In this folder, on your computer, make the script:"),
                .file(name: script.name, lines: script.lines),
                .text(
                    "Section 6 names the file of each partition. FILE here stands for its name without the folder. If "
                        + "it is in `data/images`, copy it here first:"),
                .commands(["cp data/images/FILE ."]),
                .text(
                    "Bring the script and the file to `/tmp` on the board. Over SSH, with the board's address in place "
                        + "of BOARD:"),
                .commands([
                    "ssh root@BOARD 'cat >/tmp/\(script.name)' <\(script.name)",
                    "ssh root@BOARD 'cat >/tmp/FILE' <FILE",
                ]),
                .text(
                    "Without SSH, fetch them with the board's `wget` or `tftp` from a server on your computer, or use "
                        + "a USB stick. Then compare the checksums. On your computer:"),
                .commands(["\(script.checksum) \(script.name) FILE"]),
                .text("On the board, which must print the same:"),
                .commands(["cd /tmp && \(script.checksum) \(script.name) FILE"]),
                .text(
                    "On the board, run the line that section 6 gives for the partition. Its numbers are the number of "
                        + "the MTD device, its size, the size of an erase block, and how many bytes are written at "
                        + "once, all sizes in bytes; after the file come the numbers of the erase blocks that were "
                        + "bad, which are left out. If the partition has another number in the Linux that runs now "
                        + "(section 2), change the first number."
                ),
                .text(
                    "The script prints `DONE` at the end. If it prints `STOP` and a reason, solve that problem and run "
                        + "the same line again: it does only what is left to do. Once it has printed `writing block`, "
                        + "do not restart the board until it prints `DONE`. When everything is restored, restart the "
                        + "board with `reboot`."),
            ])
    }
}
