import BackupBags
import FlashModel
import Operations

/// The text that `backup` prints when it is done. Pure.
enum BackupText {
    static func text(_ report: BackupReport, elapsed: Duration, style: TextStyle, isVerbose: Bool) -> String {
        let manifest = report.manifest
        let summary = report.summary
        let bytes = manifest.images.map(\.size).saturatingSum()
        let partitions = manifest.partitions.count { $0.view != nil }
        var lines = [
            "\(style.strong("Saved")) \(SafeText.line(report.bag))",
            "  \(CountText.text(partitions, "partition")) in \(CountText.text(manifest.images.count, "image")), "
                + "\(ByteCount.text(bytes)), in \(DurationText.text(elapsed)).",
        ]
        if report.resumedBytes > 0 {
            lines.append("  \(ByteCount.text(report.resumedBytes)) of this came from an earlier run.")
        }
        if isVerbose {
            for image in manifest.images { lines.append("  \(SafeText.line(image.path)): \(proof(image.proof))") }
            for command in manifest.capture.commands { lines.append("  read with: \(SafeText.line(command))") }
            lines.append("  requests repeated: \(manifest.capture.retries)")
        }
        lines += SummaryText.lines(summary, style: style)
        if !manifest.warnings.isEmpty {
            lines.append(style.doubtful("Warnings:"))
            lines += manifest.warnings.map { "  \(SafeText.sentence($0))" }
        }
        let name = ShellWord.pastable(SafeText.line(report.bag))
        lines.append("Next: flashkeep verify \(name) checks at any time that it is unchanged.")
        lines.append("      Keep a copy elsewhere. Its RESTORE.md explains how to restore it by hand.")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func proof(_ proof: Proof) -> String {
        let against =
            switch proof.against {
            case .boardChecksum: "the board's \(proof.checksum?.algorithm.rawValue ?? "checksum")"
            case .secondRead: "a second read"
            case .none: "nothing"
            }
        return "\(proof.result.rawValue), against \(against)"
    }
}
