import BackupBags

/// The sentences of a summary, with the two main ones in colour. Pure.
enum SummaryText {
    static func lines(_ summary: Summary, style: TextStyle) -> [String] {
        func headline(_ text: String, isGood: Bool) -> String { isGood ? style.good(text) : style.doubtful(text) }
        return [headline(summary.wholeness, isGood: summary.isComplete)] + summary.lacks.map { "  \($0)." }
            + [summary.storageSentence].compactMap { $0 }
            + [headline(summary.provenness, isGood: summary.isProven)] + summary.doubts.map { "  \($0)." }
    }
}
