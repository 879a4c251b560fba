import FlashModel

/// Writes `RESTORE.md`: how to restore this backup with nothing but the board's own tools.
///
/// Pure: the same manifest gives the same text. The rules in it follow experiments with the Linux MTD tools: their exit
/// statuses cannot be trusted, and NAND must be written block by block, each at its original offset. Every name that
/// comes from the board is escaped, and none ever appears in a command.
package enum RestoreText {
    /// The text for a manifest.
    ///
    /// - Parameter procedures: how the system that ran during the backup would write each partition, by number.
    package static func text(for manifest: Manifest, procedures: [Int: WriteProcedure] = [:]) -> String {
        let sections = [
            introduction(manifest), checking(), layout(manifest), cutting(manifest), rules(manifest),
            writing(manifest, procedures), absent(manifest),
        ]
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    // MARK: Introduction

    private static func introduction(_ manifest: Manifest) -> [String] {
        let board = manifest.board
        let capture = manifest.capture
        var lines = [
            "# How to put this backup back without Flashkeep", "",
            "This folder holds the flash of the board \(quoted(board.model ?? "of unknown model")).",
            "flashkeep \(quoted(capture.toolVersion)) read it from \(quoted(capture.startedAt)) to \(quoted(capture.finishedAt)), at the address \(quoted(capture.address)) (\(quoted(capture.way))).",
            "Its files are plain: the images are the bytes of the flash, `\(Manifest.path)` is JSON, and the folder is a BagIt bag (RFC 8493). No program of ours is needed to use them.",
            "",
        ]
        let facts: [(String, String?)] = [
            ("Compatible", board.compatible.isEmpty ? nil : board.compatible.joined(separator: ", ")),
            ("Processor", board.processor), ("Kernel", board.kernel), ("System", board.distribution),
            ("Bootloader", board.bootloader), ("Serial number", board.serialNumber),
            ("MAC addresses", board.macAddresses.isEmpty ? nil : board.macAddresses.joined(separator: ", ")),
        ]
        let known = facts.compactMap { fact in fact.1.map { "- \(fact.0): \(quoted($0))" } }
        if !known.isEmpty { lines += known + [""] }
        let summary = Summary(of: manifest)
        lines += [summary.wholeness] + summary.lacks.map { "- \($0)" }
        if let storage = summary.storageSentence {
            lines += ["", storage]
        } else if manifest.otherStorage == nil {
            lines += [
                "", "Whether the board has other storage (eMMC, SD card, disks) was not found out; none of it is here.",
            ]
        }
        lines += ["", summary.provenness] + summary.doubts.map { "- \($0)" }
        return lines
    }

    private static func checking() -> [String] {
        [
            "## 1. Check it", "", "In this folder, on any computer:", "",
            "    sha256sum -c \(BagLayout.tagManifest)", "    sha256sum -c \(BagLayout.payloadManifest)", "",
            "Every line must end with `OK`. If one does not, do not write that file to anything: take another copy of the backup.",
        ]
    }

    // MARK: Layout

    private static func layout(_ manifest: Manifest) -> [String] {
        var lines = ["## 2. What is where", ""]
        lines += [
            "| chip | kind | size | erase block | page | OOB |", "| --- | --- | --- | --- | --- | --- |",
        ]
        for chip in manifest.chips {
            let size =
                switch chip.size {
                case .exact(let bytes): amount(bytes)
                case .atLeast(0): "not known"
                case .atLeast(let bytes): "at least " + amount(bytes)
                }
            lines.append(
                "| \(quoted(chip.id)) | \(chip.kind.rawValue) | \(size) | \(chip.eraseBlockSize) | \(chip.pageSize) | \(chip.oobSize) |"
            )
        }
        lines += [
            "", "Offsets are bytes from the start of the chip; \"in file\" is where the partition begins in its file.",
            "",
            "| mtd | name | chip | offset | size | file | in file | role | bad or damaged blocks |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for partition in manifest.partitions {
            let isGuess = !partition.partition.isPlaced
            let offset = partition.offset.map { (isGuess ? "perhaps " : "") + ByteCount.hex($0) } ?? "not known"
            let file = partition.view.map { "\(quoted($0.image)) | \(ByteCount.hex($0.offset))" } ?? "none | -"
            lines.append(
                "| mtd\(partition.index) | \(quoted(partition.name)) | \(quoted(partition.chip)) | \(offset) | \(amount(partition.size)) | \(file) | \(partition.role.rawValue) | \(blocks(of: partition, in: manifest)) |"
            )
        }
        lines += [
            "",
            "Names need not be unique, and numbers can change with the firmware that runs: compare number, size and name with `cat /proc/mtd` on the board before every write.",
        ]
        return lines
    }

    /// The bad or damaged blocks of a partition, for the table.
    private static func blocks(of partition: PartitionRecord, in manifest: Manifest) -> String {
        let findings = manifest.findings(of: partition).coalesced()
        if findings.isEmpty { return partition.badBlocks?.isComplete == false ? "none known" : "none" }
        let shown = findings.prefix(8).map {
            "\($0.state.rawValue) \(ByteCount.hex($0.offset))+\(ByteCount.hex($0.size, digits: 1))"
        }
        let more = findings.count - shown.count
        return shown.joined(separator: ", ") + (more > 0 ? ", and \(more) more (see `\(Manifest.path)`)" : "")
    }

    // MARK: Cutting out

    private static func cutting(_ manifest: Manifest) -> [String] {
        var commands: [String] = []
        for partition in manifest.partitions {
            guard let (image, range) = manifest.view(of: partition), range != 0..<image.size, !range.isEmpty else {
                continue
            }
            commands.append("    \(cut(partition, image.path, range))")
        }
        let title = ["## 3. Cut a partition out", ""]
        guard !commands.isEmpty else {
            return title + ["No need to: each file is one partition, from its first byte to its last."]
        }
        return title + [
            "Some partitions lie within others, and their bytes are kept once. These commands make files of their own:",
            "",
        ] + commands
    }

    private static func cut(_ partition: PartitionRecord, _ path: String, _ range: Range<Int>) -> String {
        // The largest power of two that divides both, so that dd is fast and still exact.
        var block = 1
        while block < 1 << 16, (range.lowerBound | range.count) & block == 0 { block <<= 1 }
        let name = ImageName.file(index: partition.index, name: partition.name)
        return
            "dd if=\(path) of=\(name) bs=\(block) skip=\(range.lowerBound / block) count=\(range.count / block)"
    }

    // MARK: Rules

    private static func rules(_ manifest: Manifest) -> [String] {
        var lines = [
            "## 4. Before you write anything", "",
            "- Write as little as you can: a block that already holds the right bytes is left alone.",
            "- Know how to get back in if the board does not start: a serial console, a bootloader that loads over the network, a chip programmer. Without one, do not touch the bootloader.",
            "- Never write what is mounted, attached to UBI or in use. Start the board from RAM (an initramfs), or work from the bootloader.",
            "- Never write a partition and another one that contains it: choose one of them.",
            "- Order: data and config first, then the environment, then firmware, then calibration, and the bootloader last and alone. Check each before the next. Do not let the power fail.",
            "- Calibration (MAC addresses, radio data) belongs to this one unit. Never write it to another, and never write another's to this one.",
            "- Files with damaged, unread or unstable blocks must not be written as they are.",
            "- Check that the device is there before each write (`[ -c /dev/mtd0 ]`): a redirection to a missing one makes a plain file in RAM and reports success.",
            "- Where it is missing, make it: `mknod /dev/mtd0 c 90 0`, and `mknod /dev/mtd0ro c 90 1`; for `mtdN` the numbers are 2N and 2N+1.",
            "- Before you erase anything, try the `dd` line that will write on a file in `/tmp` in the place of the device, and compare the two. Some busyboxes have a `dd` without `conv=`: it prints its usage, writes nothing, and what was erased stays blank. Leave `conv=notrunc` out then; a device does not need it.",
            "- Believe no exit status of the flash tools. The only proof is to read back and compare.",
            "- Read back through `/dev/mtdNro`; where there is no such device, through `/dev/mtdN`. `/dev/mtdblockN` can give old bytes from memory.",
            "- Files go to `/tmp` on the board, which is RAM: there must be room (`free`), with 8 MiB to spare. What does not fit goes on a USB stick or a network folder; put its path in the place of `/tmp` then.",
        ]
        if manifest.chips.contains(where: { $0.kind.isNAND }) {
            lines += [
                "- NAND: never write it with plain `dd` or `cat` without an erase before, never through `/dev/mtdblockN` or `flashcp`, and not blindly with `nandwrite`: on a failed write it erases the block, moves on to the next one and reports success.",
                "- NAND: positions in the files are positions on the chip. A bad block is a hole of 0xFF that keeps the place: what follows it must not move. Never erase or write a bad block, and never clear its mark.",
            ]
        }
        return lines
    }

    // MARK: Writing

    private static func writing(_ manifest: Manifest, _ procedures: [Int: WriteProcedure]) -> [String] {
        let ranks: [Partition.Role] = [.unknown, .config, .environment, .firmware, .calibration, .bootloader]
        let ordered = manifest.partitions.filter { $0.view != nil && $0.size > 0 }.sorted {
            (ranks.firstIndex(of: $0.role) ?? 0, $0.index) < (ranks.firstIndex(of: $1.role) ?? 0, $1.index)
        }
        guard !ordered.isEmpty else { return [] }
        var lines = ["## 5. Put it back, partition by partition, in this order"]
        for partition in ordered {
            guard let (image, range) = manifest.view(of: partition) else { continue }
            lines += ["", "### mtd\(partition.index) \(quoted(partition.name)), \(partition.role.rawValue)", ""]
            lines += RestoreSteps(
                manifest: manifest, partition: partition, image: image, range: range,
                procedure: procedures[partition.index]
            ).lines()
        }
        return lines
    }

    private static func absent(_ manifest: Manifest) -> [String] {
        var lines: [String] = []
        for partition in manifest.partitions where partition.view == nil {
            let reason = partition.size == 0 ? "it has no bytes" : partition.reason ?? "no reason was noted"
            lines.append(
                "- mtd\(partition.index) \(quoted(partition.name)), \(amount(partition.size)): \(quoted(reason))")
        }
        for gap in manifest.gaps {
            let size = gap.size.map { "\(amount($0)) at" } ?? "everything from"
            lines.append(
                "- \(size) \(ByteCount.hex(gap.offset)) of chip \(quoted(gap.chip)): \(quoted(gap.reason))"
            )
        }
        for unknown in manifest.unknowns where unknown.subject != .chipSize {
            lines.append("- \(quoted(unknown.text))")
        }
        for device in manifest.otherStorage ?? [] {
            lines.append("- \(quoted(device.text)): it is no MTD flash, and not a part of this backup")
        }
        for warning in manifest.warnings { lines.append("- \(quoted(warning))") }
        return lines.isEmpty ? [] : ["## 6. What is not here, and doubts", ""] + lines
    }

    // MARK: Words

    /// Foreign text as Markdown code.
    static func quoted(_ text: String) -> String { text.isEmpty ? "(empty)" : "`\(PlainText.code(text))`" }

    private static func amount(_ size: Int) -> String { "\(ByteCount.hex(size)) (\(ByteCount.text(size)))" }
}
