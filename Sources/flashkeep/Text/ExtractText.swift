import FlashModel
import Operations

/// The text that `extract` prints. Pure.
enum ExtractText {
    static func text(_ report: ExtractReport, bag: String, style: TextStyle) -> String {
        let written = report.partitions.filter { $0.file != nil }
        let files = written.count == 1 ? "1 file" : "\(written.count) files"
        var lines = ["\(style.strong("Extracted")) \(files) to \(SafeText.line(report.folder))"]
        var table = TextTable([("File", .left), ("Size", .right), ("", .left)])
        for partition in written {
            table.add([
                SafeText.line(partition.file ?? ""), ByteCount.text(partition.size),
                partition.damage.isEmpty ? "" : "damaged: " + partition.damage.joined(separator: "; "),
            ])
        }
        lines += table.lines(style: style)
        let kept = written.count(where: \.wasThere)
        if kept > 0 { lines.append("\(kept) of the files \(kept == 1 ? "was" : "were") there already, and intact.") }
        let left = report.partitions.filter { $0.file == nil }
        if !left.isEmpty {
            lines.append(style.doubtful("No file:"))
            lines += left.map {
                "  \(PrintableText.partition($0.label, $0.name)): \(SafeText.line($0.reason ?? ""))"
            }
        }
        if !report.ok {
            lines.append("Next: flashkeep verify \(ShellWord.pastable(SafeText.line(bag))) lists what was changed.")
        } else if !report.isWhole {
            lines.append("Next: flashkeep verify \(ShellWord.pastable(SafeText.line(bag))) lists what is missing.")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
