/// Folds text to a width. Pure.
enum Paragraphs {
    /// Folds words into lines, with `first` before the first line and `next`, or blanks of the same length, before the
    /// others. Long words are not broken: paths and commands must be copied.
    static func folded(_ text: String, width: Int, first: String = "", next: String? = nil) -> [String] {
        let indent = next ?? String(repeating: " ", count: first.count)
        var lines: [String] = []
        var line = first
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, line.count + 1 + word.count > max(width, 20) {
                lines.append(line)
                line = indent
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + [line]
    }
}
