/// A text table with aligned columns. Pure.
struct TextTable {
    enum Alignment { case left, right }

    private let columns: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ columns: [(title: String, alignment: Alignment)]) {
        self.columns = columns
    }

    /// Adds a row with a cell for each column.
    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// The lines; a column that is empty in all rows is omitted.
    func lines(indent: String = "  ", style: TextStyle = .plain) -> [String] {
        let shown = columns.indices.filter { column in rows.contains { !$0[column].isEmpty } }
        let widths = shown.map { column in
            rows.reduce(columns[column].title.count) { max($0, $1[column].count) }
        }
        func line(_ cells: [String]) -> String {
            var text = indent
            for (place, column) in shown.enumerated() {
                let blanks = String(repeating: " ", count: max(0, widths[place] - cells[column].count))
                text += columns[column].alignment == .right ? blanks + cells[column] : cells[column] + blanks
                text += "  "
            }
            while text.last == " " { text.removeLast() }
            return text
        }
        guard !rows.isEmpty else { return [] }
        return [style.faint(line(columns.map(\.title)))] + rows.map(line)
    }
}
