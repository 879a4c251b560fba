/// Text folded to a width. Pure.
enum Paragraphs {
    /// Lines of words, `first` before the first line and blanks of the same length before the others. A word that is
    /// too long stays whole: paths and commands must be copied.
    static func folded(_ text: String, width: Int, first: String = "") -> [String] {
        let indent = String(repeating: " ", count: first.count)
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
