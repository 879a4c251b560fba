import BackupBags
import FlashModel
import Operations

/// The text that `verify` prints. Pure.
enum VerifyText {
    static func text(_ report: VerifyReport, style: TextStyle, isVerbose: Bool) -> String {
        let bag = SafeText.line(report.bag)
        let files = report.filesChecked == 1 ? "1 file" : "\(report.filesChecked) files"
        var lines: [String] = []
        if report.ok {
            lines.append(
                "\(bag) is \(style.good("intact")): every byte of \(files) (\(ByteCount.text(report.bytesChecked))) "
                    + "is as it was when the backup was made.")
        } else {
            let problems = report.problems.count == 1 ? "1 problem" : "\(report.problems.count) problems"
            lines.append("\(bag) is \(style.bad("damaged")): \(problems).")
            lines += report.problems.map { "  \(SafeText.line($0.message))" }
        }
        if isVerbose {
            for image in report.images {
                lines.append(
                    "  \(SafeText.line(image.path)): \(ByteCount.text(image.size)), "
                        + "\(image.isIntact ? "intact" : "damaged"), \(image.proof.result.rawValue)")
            }
        }
        lines += report.notes.map { "Note: \(SafeText.line($0))" }
        // For a damaged backup the summary would only describe what was once true.
        if report.ok, let summary = report.summary { lines += SummaryText.lines(summary, style: style) }
        if !report.ok {
            lines.append(
                "Next: use another copy of this backup. Images that are not listed above can still be used, by hand or "
                    + "with extract; restore needs the whole backup intact.")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
