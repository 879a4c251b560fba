import FlashModel
import Operations

/// The text that `diff` prints. Pure.
enum DiffText {
    static func text(_ report: DiffReport, style: TextStyle, isVerbose: Bool) -> String {
        let names = "\(SafeText.line(report.old.name)) and \(SafeText.line(report.new.name))"
        var lines: [String] = []
        if report.isSame {
            lines.append("\(names) are \(style.good("the same")): \(ByteCount.text(report.bytesCompared)) compared.")
        } else {
            lines.append("\(names) \(style.doubtful("differ")): \(ByteCount.text(report.bytesCompared)) compared.")
            lines += table(report).lines(style: style)
        }
        if isVerbose { lines += blocks(report) }
        let unsaved = report.unsaved.map {
            "  \(SafeText.line($0.title)): not in the older backup, \(SafeText.line($0.reason))"
        }
        let unread = report.partitions.flatMap { partition in
            partition.omissions.filter(\.isLoss).map {
                "  \(title(partition)): \(ByteCount.text($0.size)) at \(ByteCount.hex($0.offset)), \(SafeText.line($0.reason))"
            }
        }
        let lost = unsaved + unread
        if !lost.isEmpty { lines += [style.doubtful("Not compared:")] + shortened(lost, isVerbose) }
        if !report.onlyNew.isEmpty {
            lines.append("Only in the newer one:")
            lines += shortened(report.onlyNew.map { "  \(SafeText.line($0))" }, isVerbose)
        }
        lines += report.notes.map { "Note: \(SafeText.line($0))" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func title(_ partition: DiffReport.PartitionDifference) -> String {
        PrintableText.partition(partition.label, partition.name)
    }

    private static func table(_ report: DiffReport) -> TextTable {
        var table = TextTable([
            ("Partition", .left), ("Size", .right), ("Erase blocks", .right), ("Changes", .left), ("", .left),
        ])
        for partition in report.partitions {
            let counts = partition.counts
            let differing = counts.values.reduce(0, +)
            let changes = BlockChange.allCases.compactMap { change in
                counts[change].map { "\($0) \(words(change))" }
            }
            table.add([
                title(partition), ByteCount.text(partition.size),
                differing == 0 ? "same" : "\(differing) of \(partition.blocks)", changes.joined(separator: ", "),
                partition.newName.map { "now \"\(PrintableText.escaped($0, limit: 40))\"" } ?? "",
            ])
        }
        return table
    }

    private static func words(_ change: BlockChange) -> String {
        switch change {
        case .written: "written, blank before"
        case .erased: "blank now"
        case .bitsCleared: "with bits cleared only"
        case .rewritten: "rewritten"
        }
    }

    private static func blocks(_ report: DiffReport) -> [String] {
        report.partitions.filter { !$0.runs.isEmpty }.flatMap { partition in
            ["\(title(partition)):"]
                + partition.runs.map { run in
                    "  \(ByteCount.hex(run.offset)) to \(ByteCount.hex(run.offset + run.size)): \(words(run.change))"
                }
        }
    }

    /// At most a screenful, unless everything was requested.
    private static func shortened(_ lines: [String], _ isVerbose: Bool) -> [String] {
        guard !isVerbose, lines.count > 12 else { return lines }
        return lines.prefix(10) + ["  and \(lines.count - 10) more; --verbose lists them"]
    }
}
