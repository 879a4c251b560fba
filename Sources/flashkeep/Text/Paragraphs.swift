/// Text folded to a width. Pure.
enum Paragraphs {
    /// Lines of words, `first` before the first line and `next` before the others, or blanks of the same length. A word
    /// that is too long stays whole: paths and commands must be copied.
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
