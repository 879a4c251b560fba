import FlashModel
import Operations

/// The text that `info` prints. Pure.
enum SurveyText {
    /// - Parameters:
    ///   - typedAddress: the address as the user typed it, and the options that reach it, as words of a command line:
    ///     for the suggested next command.
    ///   - width: the number of columns.
    static func text(
        _ report: SurveyReport, typedAddress: [String], width: Int, style: TextStyle, isVerbose: Bool
    ) -> String {
        let survey = report.survey
        var lines = identity(report, width: width, style: style)
        lines.append("")
        let picture = PartitionPicture(width: width, style: style.isUnicode ? .unicode : .ascii)
        lines += picture.lines(survey)
        if !survey.partitions.isEmpty {
            lines += ["", style.strong("Partitions")] + partitions(survey, style: style)
        }
        for device in survey.ubi { lines += [""] + ubi(device, style: style) }
        lines += ["", style.strong("A backup")] + plan(report, width: width)
        if isVerbose { lines += details(report, width: width, style: style) }
        if !survey.warnings.isEmpty {
            lines += ["", style.doubtful("Warnings")]
            lines += survey.warnings.flatMap { Paragraphs.folded(SafeText.sentence($0), width: width, first: "  - ") }
        }
        let words = typedAddress.map { ShellWord.pastable(SafeText.line($0)) }.joined(separator: " ")
        lines += ["", "Next: flashkeep backup \(words)"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func identity(_ report: SurveyReport, width: Int, style: TextStyle) -> [String] {
        let board = report.survey.board
        func shown(_ text: String?) -> String? { text.map { PrintableText.escaped($0) } }
        let model = shown(board.model) ?? shown(board.compatible.first) ?? "a board without a name"
        let fields: [(String, String?)] = [
            ("Board", style.strong(model)),
            ("Compatible", board.compatible.isEmpty ? nil : shown(board.compatible.joined(separator: ", "))),
            ("Host name", shown(board.hostname)),
            ("System", shown(board.distribution)),
            ("Kernel", shown(board.kernel)),
            ("Processor", shown(board.processor)),
            ("Bootloader", shown(board.bootloader)),
            ("Serial", shown(board.serialNumber)),
            ("MAC", board.macAddresses.isEmpty ? nil : shown(board.macAddresses.joined(separator: ", "))),
            (
                "Reached",
                "\(SafeText.line(report.address)), \(SafeText.line(report.way)), data as \(SafeText.line(report.transfer))"
            ),
        ]
        return fields.flatMap { name, value -> [String] in
            guard let value, !value.isEmpty else { return [] }
            let head = name + String(repeating: " ", count: 12 - name.count)
            return Paragraphs.folded(value, width: width, first: head)
        }
    }

    private static func partitions(_ survey: Survey, style: TextStyle) -> [String] {
        var table = TextTable([
            ("", .left), ("Name", .left), ("Role", .left), ("Size", .right), ("Place", .left),
            ("Erase block", .right), ("Bad blocks", .left), ("In use", .left),
        ])
        for partition in survey.partitions {
            table.add([
                partition.label,
                PrintableText.escaped(partition.name, limit: 24, asciiOnly: !style.isUnicode),
                partition.role == .unknown ? "" : partition.role.rawValue,
                ByteCount.text(partition.size),
                place(partition),
                partition.eraseBlockSize > 0 ? ByteCount.text(partition.eraseBlockSize) : "",
                badBlocks(partition),
                PrintableText.escaped(partition.uses.joined(separator: ", "), limit: 80, asciiOnly: !style.isUnicode),
            ])
        }
        return table.lines(style: style)
    }

    /// The offset on its chip, with `~` before a guess.
    private static func place(_ partition: Partition) -> String {
        guard let offset = partition.offset else { return partition.isUBIVolume ? "in UBI" : "not known" }
        return (partition.offsetSource == .guess ? "~" : "") + ByteCount.hex(offset)
    }

    private static func badBlocks(_ partition: Partition) -> String {
        guard let known = partition.badBlocks else { return "" }
        let bad = Set(known.bad).subtracting(known.table).count
        var text = bad == 0 ? (known.isComplete ? "none" : "none known") : "\(bad)"
        if !known.isComplete, bad > 0 { text += " or more" }
        if !known.table.isEmpty { text += ", table in \(known.table.count)" }
        return text
    }

    private static func ubi(_ device: UBIDevice, style: TextStyle) -> [String] {
        var table = TextTable([("", .left), ("Volume", .left), ("Type", .left), ("Size", .right)])
        for volume in device.volumes {
            table.add([
                "\(volume.id)", PrintableText.escaped(volume.name, limit: 40, asciiOnly: !style.isUnicode),
                PrintableText.escaped(volume.type, limit: 20), ByteCount.text(volume.dataBytes),
            ])
        }
        return [style.strong("ubi\(device.index)") + " on mtd\(device.mtd)"] + table.lines(style: style)
    }

    private static func plan(_ report: SurveyReport, width: Int) -> [String] {
        let images = report.images.count == 1 ? "1 image" : "\(report.images.count) images"
        guard report.bytesToRead > 0 else {
            return Paragraphs.folded(
                "There is nothing to back up: no flash was found.", width: width, first: "  ")
                + lacks(report, width: width)
        }
        var sentences = ["It would contain \(ByteCount.text(report.bytesToRead)) of flash in \(images)."]
        if let estimate = report.estimate {
            let rate = "\(ByteCount.text(max(1, estimate.bytesPerSecond)))/s"
            let time = DurationText.about(seconds: estimate.seconds)
            sentences.append(
                estimate.isMeasured
                    ? "Reading takes \(time) at the measured rate of \(rate)."
                    : "Reading takes \(time) at \(rate), which is usual for this connection.")
        }
        switch report.checksum {
        case let algorithm?:
            sentences.append("It will be proven with the board's own checksums (\(algorithm.rawValue)).")
        case nil:
            sentences.append("It will be proven by reading everything a second time: the board has no checksum tool.")
        }
        return Paragraphs.folded(sentences.joined(separator: " "), width: width, first: "  ")
            + lacks(report, width: width)
    }

    /// What a backup would not contain, and what is unknown.
    private static func lacks(_ report: SurveyReport, width: Int) -> [String] {
        var lines: [String] = []
        for gap in report.gaps {
            // A gap without an end is listed among the unknowns.
            guard let size = gap.size else { continue }
            lines += Paragraphs.folded(
                "Not in it: \(ByteCount.text(size)) at \(ByteCount.hex(gap.offset)) of \(SafeText.line(gap.chip)): "
                    + SafeText.sentence(gap.reason), width: width, first: "  ")
        }
        for unknown in report.unknowns {
            lines += Paragraphs.folded("Unknown: \(SafeText.sentence(unknown.text))", width: width, first: "  ")
        }
        for device in report.survey.otherStorage ?? [] {
            lines += Paragraphs.folded(
                "Not in it, because it is not MTD flash: \(SafeText.line(device.text)).", width: width, first: "  ")
        }
        for skip in report.skipped {
            lines += Paragraphs.folded(
                "Not read: \(label(skip.partition, report)): \(SafeText.sentence(skip.reason))", width: width,
                first: "  ")
        }
        return lines
    }

    private static func label(_ index: Int, _ report: SurveyReport) -> String {
        report.survey.partition(index)?.label ?? "partition \(index)"
    }

    private static func details(_ report: SurveyReport, width: Int, style: TextStyle) -> [String] {
        var lines = ["", style.strong("Details")]
        for chip in report.survey.chips {
            let words = chip.identification.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            let text = (["source: \(chip.source)"] + words).joined(separator: ", ")
            lines += Paragraphs.folded(SafeText.line("\(chip.id): \(text)"), width: width, first: "  ", next: "    ")
        }
        for partition in report.survey.partitions where partition.badBlocks != nil {
            let known = partition.badBlocks ?? BadBlockKnowledge(bad: [], source: "none", isComplete: false)
            let numbers = known.bad.map(String.init).joined(separator: ", ")
            let text =
                "\(partition.label): bad blocks \(numbers.isEmpty ? "none" : numbers), known from \(known.source)"
                + (known.note.map { ": \($0)" } ?? "")
            lines += Paragraphs.folded(SafeText.line(text), width: width, first: "  ", next: "    ")
        }
        let tools = report.survey.tools.sorted { $0.key < $1.key }
            .map { $0.value.isEmpty ? $0.key : "\($0.key) (\($0.value))" }
        if !tools.isEmpty {
            lines += Paragraphs.folded(
                SafeText.line("tools: " + tools.joined(separator: ", "), limit: 10_000), width: width, first: "  ",
                next: "    ")
        }
        for command in report.commands { lines.append("  reads with: " + SafeText.line(command)) }
        return lines
    }
}
