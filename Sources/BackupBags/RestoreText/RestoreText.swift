package import FlashModel

/// Writes `RESTORE.md`: how to restore this backup with nothing but the board's own commands.
///
/// Pure: the same manifest and procedures give the same text. What is true of any board is here; commands come from the
/// way in that made the backup, as ``FlashModel/ManualProcedure``. Every name that comes from the board is escaped, and
/// none ever appears in a command.
package enum RestoreText {
    /// The text for a manifest.
    ///
    /// - Parameter procedures: how each partition is written by hand, by its number.
    package static func text(for manifest: Manifest, procedures: [Int: ManualProcedure] = [:]) -> String {
        let methods = methods(manifest, procedures)
        let sections = [
            introduction(manifest), checking(), layout(manifest, methods), cutting(manifest), rules(manifest),
            instructions(methods), writing(manifest, procedures, methods), absent(manifest),
        ]
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    // MARK: Introduction

    private static func introduction(_ manifest: Manifest) -> [String] {
        let board = manifest.board
        let capture = manifest.capture
        var lines = [
            "# How to restore this backup without Flashkeep", "",
            "This folder holds the flash contents of "
                + (board.model.map { "the board \(quoted($0))." } ?? "a board of unknown model."),
            "It was read by flashkeep \(quoted(capture.toolVersion)) from \(quoted(capture.startedAt)) to "
                + "\(quoted(capture.finishedAt)), at the address \(quoted(capture.address)) (\(quoted(capture.way))).",
            "Its files are plain: the images are the bytes of the flash, `\(Manifest.path)` is JSON, and the folder is a BagIt bag (RFC 8493). To use them, you need only what this text names.",
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
                "", "It is unknown whether the board has other storage (eMMC, SD card, disks); none of it is here.",
            ]
        }
        lines += ["", summary.provenness] + summary.doubts.map { "- \($0)" }
        return lines
    }

    private static func checking() -> [String] {
        [
            "## 1. Checking the backup", "", "In this folder, on any computer:", "",
            "    sha256sum -c \(BagLayout.tagManifest)", "    sha256sum -c \(BagLayout.payloadManifest)", "",
            "Every line must end with `OK`. If one does not, do not write that file to any board: use another copy of "
                + "the backup.",
            "",
            "Do everything else in a copy of this folder: the commands below put new files in it, and the backup "
                + "itself should stay as it is.",
        ]
    }

    // MARK: Layout

    private static func layout(_ manifest: Manifest, _ methods: [ManualProcedure.Method]) -> [String] {
        var lines = ["## 2. Layout", ""]
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
            "",
            "Offsets are in bytes from the start of the chip; \"in file\" is the start of the partition in its file.",
            "",
            "| partition | name | chip | offset | size | file | in file | role | bad or damaged blocks |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for partition in manifest.partitions {
            let isGuess = !partition.partition.isPlaced
            let offset = partition.offset.map { (isGuess ? "perhaps " : "") + ByteCount.hex($0) } ?? "not known"
            let file = partition.view.map { "\(quoted($0.image)) | \(ByteCount.hex($0.offset))" } ?? "none | -"
            lines.append(
                "| \(partition.label) | \(quoted(partition.name)) | \(quoted(partition.chip)) | \(offset) | \(amount(partition.size)) | \(file) | \(partition.role.rawValue) | \(blocks(of: partition, in: manifest)) |"
            )
        }
        var told: [String] = []
        for method in methods where !told.contains(method.identification) { told.append(method.identification) }
        if told.isEmpty {
            told = ["The names `mtdN` are this backup's own. What counts is the chip, the offset and the size."]
        }
        return lines + told.flatMap { ["", $0] }
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
        let title = ["## 3. Cutting out a partition", ""]
        guard !commands.isEmpty else {
            return title + ["Not necessary: each file is exactly one partition."]
        }
        return title + [
            "Some partitions are inside others, and their bytes are stored only once. Run in this folder, these "
                + "commands make a separate file of each:",
            "",
        ] + commands
    }

    private static func cut(_ partition: PartitionRecord, _ path: String, _ range: Range<Int>) -> String {
        // The largest power of two that divides both, so that dd is fast and still exact.
        var block = 1
        while block < 1 << 16, (range.lowerBound | range.count) & block == 0 { block <<= 1 }
        let name = ImageName.file(partition.label, name: partition.name)
        return
            "dd if=\(path) of=\(name) bs=\(block) skip=\(range.lowerBound / block) count=\(range.count / block)"
    }

    // MARK: Rules

    private static func rules(_ manifest: Manifest) -> [String] {
        var lines = [
            "## 4. Before you write anything", "",
            "- Write as little as possible: leave a block alone if it already has the right bytes.",
            "- Know how you will get back in if the board does not start: a serial console, a bootloader that loads over the network, or a chip programmer. Without any of these, do not touch the bootloader.",
            "- Never write flash that a running system uses: mounted, attached to UBI, or holding its root file system. Start the board from RAM, or work from its bootloader.",
            "- If one partition contains another, write only one of the two.",
            "- Keep this order: data and config first, then the environment, firmware, calibration, and the bootloader last and separately. Check each one before you begin the next. Make sure that the power does not fail.",
            "- Calibration (MAC addresses, radio data) belongs to this unit only. Never write it to another unit, and never write another unit's to this one.",
            "- Do not write a file that has damaged, unread or unstable blocks.",
            "- Do not trust a command that reports success. The only proof is to read the flash back and compare.",
        ]
        if manifest.chips.contains(where: { $0.kind.isNAND }) {
            lines.append(
                "- NAND: in the files, every block is at its original place. A bad block is 0xFF there, so that the data after it does not move."
            )
        }
        return lines
    }

    // MARK: Writing

    /// The ways to write, each once, in the order of the partitions.
    private static func methods(
        _ manifest: Manifest, _ procedures: [Int: ManualProcedure]
    ) -> [ManualProcedure.Method] {
        var methods: [ManualProcedure.Method] = []
        for partition in manifest.partitions {
            guard case .commands(let method, _, _)? = procedures[partition.index], !methods.contains(method),
                RestoreSteps.refusal(of: partition, in: manifest) == nil
            else { continue }
            methods.append(method)
        }
        return methods
    }

    /// What all partitions that are written in one way have in common.
    private static func instructions(_ methods: [ManualProcedure.Method]) -> [String] {
        guard !methods.isEmpty else {
            return [
                "## 5. How to write", "",
                "The system through which this backup was made has no known commands that write this flash. Use a chip programmer, or commands of another system that write a range of the chip; section 2 says which file belongs where.",
            ]
        }
        var lines = ["## 5. How to write"]
        for (number, method) in methods.enumerated() {
            lines += ["", "### \(title(number, of: methods))", ""]
            // What was told before is not told again.
            if let same = methods[..<number].firstIndex(where: { $0.steps == method.steps }) {
                let rules = method.rules.filter { !methods[same].rules.contains($0) }
                lines += rules.map { "- \(kept($0))" } + (rules.isEmpty ? [] : [""])
                lines.append("Do the same as in \(letter(same)), with the lines that section 6 gives.")
                continue
            }
            lines += method.rules.map { "- \(kept($0))" }
            for step in method.steps {
                lines.append("")
                switch step {
                case .text(let text): lines.append(kept(text))
                case .commands(let commands): lines += code(commands)
                case .file(let name, let content): lines += file(name, content)
                }
            }
        }
        return lines
    }

    /// The name of a way to write, with a letter if there are several.
    static func title(_ number: Int, of methods: [ManualProcedure.Method]) -> String {
        let name = kept(methods[number].name)
        guard methods.count > 1 else { return "\(name.prefix(1).uppercased())\(name.dropFirst())" }
        return "\(letter(number)): \(name)"
    }

    static func letter(_ number: Int) -> String {
        number < 26 ? String(UnicodeScalar(UInt8(65 + number))) : "\(number)"
    }

    /// A file of this text, between two lines by which a command finds it.
    private static func file(_ name: String, _ content: [String]) -> [String] {
        let last = "# end of \(name)"
        return [
            "    sed -n '/^    # \(name)$/,/^    \(last)$/s/^    //p' RESTORE.md >\(name)", "",
            "The command takes the following lines out of this text:", "",
        ] + code(["# \(name)"] + content + [last])
    }

    static func code(_ lines: [String]) -> [String] { lines.map { "    \(kept($0))" } }

    private static func writing(
        _ manifest: Manifest, _ procedures: [Int: ManualProcedure], _ methods: [ManualProcedure.Method]
    ) -> [String] {
        let ranks: [Partition.Role] = [.unknown, .config, .environment, .firmware, .calibration, .bootloader]
        // A device that is the whole chip has everything in it, the bootloader too.
        func rank(_ partition: PartitionRecord) -> Int {
            partition.source == .wholeChip ? ranks.count : ranks.firstIndex(of: partition.role) ?? 0
        }
        let ordered = manifest.partitions.filter { $0.view != nil && $0.size > 0 }.sorted {
            (rank($0), $0.index) < (rank($1), $1.index)
        }
        guard !ordered.isEmpty else { return [] }
        var lines = ["## 6. Restore partition by partition, in this order"]
        for partition in ordered {
            guard let (image, range) = manifest.view(of: partition) else { continue }
            lines += ["", "### \(partition.label) \(quoted(partition.name)), \(role(partition))", ""]
            lines += RestoreSteps(
                manifest: manifest, partition: partition, image: image, range: range,
                procedure: procedures[partition.index], methods: methods
            ).lines()
        }
        return lines
    }

    private static func role(_ partition: PartitionRecord) -> String {
        partition.role == .unknown ? "unknown role" : partition.role.rawValue
    }

    private static func absent(_ manifest: Manifest) -> [String] {
        var lines: [String] = []
        for partition in manifest.partitions where partition.view == nil {
            let reason = partition.size == 0 ? "it has no bytes" : partition.reason ?? "no reason was recorded"
            lines.append(
                "- \(partition.label) \(quoted(partition.name)), \(amount(partition.size)): \(quoted(reason))")
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
            lines.append("- \(quoted(device.text)): it is not MTD flash, and not in this backup")
        }
        for warning in manifest.warnings { lines.append("- \(quoted(warning))") }
        return lines.isEmpty ? [] : ["## 7. What is missing or in doubt", ""] + lines
    }

    // MARK: Words

    /// Text of the way in, as one line of ASCII. It escaped foreign names already, and its backslashes are meant.
    static func kept(_ text: String) -> String { PrintableText.again(text, asciiOnly: true) }

    /// Foreign text as Markdown code.
    static func quoted(_ text: String) -> String { text.isEmpty ? "(empty)" : "`\(PlainText.code(text))`" }

    private static func amount(_ size: Int) -> String { "\(ByteCount.hex(size)) (\(ByteCount.text(size)))" }
}
