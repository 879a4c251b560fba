import FlashModel
import Operations

/// The text that `verify --against` prints. Pure.
enum BoardProofText {
    static func text(_ report: BoardProofReport, style: TextStyle, isVerbose: Bool) -> String {
        let board = SafeText.line(report.board.name)
        var lines = ["\(SafeText.line(report.bag)) is intact. By \(report.algorithm.rawValue) of \(board):"]
        var table = TextTable([("Image", .left), ("Size", .right), ("", .left)])
        for image in report.images {
            table.add([SafeText.line(image.path), ByteCount.text(image.size), words(image, style)])
        }
        lines += table.lines(style: style)
        lines += details(report, isVerbose)
        lines += report.notes.map { "Note: \(SafeText.line($0))" }
        lines.append(conclusion(report, style))
        return lines.joined(separator: "\n") + "\n"
    }

    private static func words(_ image: BoardProofReport.Image, _ style: TextStyle) -> String {
        switch image.result {
        case .equal: style.good("equal")
        case .different:
            style.bad("differs") + ", in \(ByteCount.text(image.different.map(\.size).saturatingSum())) or less"
        case .incomplete:
            image.bytesProven == 0
                ? style.doubtful("not compared") : style.doubtful("\(ByteCount.text(image.bytesProven)) equal")
        }
    }

    /// What differs, and what was not compared; at most a screenful, unless everything was requested.
    private static func details(_ report: BoardProofReport, _ isVerbose: Bool) -> [String] {
        var lines: [String] = []
        for image in report.images {
            let name = SafeText.line(image.path)
            lines += image.different.map {
                "  \(name): differs from \(ByteCount.hex($0.offset)) to \(ByteCount.hex($0.offset + $0.size))"
            }
            lines += image.omissions.filter { $0.isLoss || isVerbose }.map {
                "  \(name): \(ByteCount.text($0.size)) at \(ByteCount.hex($0.offset)) not compared: "
                    + SafeText.line($0.reason)
            }
        }
        guard !isVerbose, lines.count > 12 else { return lines }
        return lines.prefix(10) + ["  and \(lines.count - 10) more; --verbose lists them"]
    }

    private static func conclusion(_ report: BoardProofReport, _ style: TextStyle) -> String {
        if !report.isSame {
            return
                "The backup \(style.bad("differs")) from what the board has now: the flash was written since, the backup "
                + "is of another board, or it was never right."
        }
        return report.isWhole
            ? "The backup is \(style.good("what the board has now"))."
            : "What could be compared is what the board has now; \(style.doubtful("not everything could be"))."
    }
}
