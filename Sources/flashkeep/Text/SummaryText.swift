import BackupBags

/// The sentences of a summary, the two that matter with a mark that needs no colour. Pure.
enum SummaryText {
    static func lines(_ summary: Summary, style: TextStyle) -> [String] {
        summary.sentences.map { sentence in
            let isDetail =
                summary.missing.contains { "\($0)." == sentence }
                || summary.doubts.contains { "\($0)." == sentence }
            if isDetail { return "  \(sentence)" }
            if sentence.hasPrefix("The backup is whole") || sentence.hasPrefix("It is proven") {
                return style.good(sentence)
            }
            return style.doubtful(sentence)
        }
    }
}
