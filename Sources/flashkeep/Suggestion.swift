/// Finds the probable intention behind a mistyped word. Pure.
enum Suggestion {
    /// The candidate with the smallest edit distance, if that is at most a third of the shorter word plus one.
    static func nearest(to word: String, of candidates: [String]) -> String? {
        let word = word.lowercased()
        let best = candidates.map { ($0, distance(word, $0)) }.min { $0.1 < $1.1 }
        guard let best, best.1 <= max(1, min(word.count, best.0.count) / 3 + 1) else { return nil }
        return best.0
    }

    /// The number of letters to insert, delete, replace or swap with their neighbour.
    static func distance(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first), Array(second))
        var rows = [Array(0...second.count)]
        for row in 1..<(first.count + 1) {
            var line = [row]
            for column in 1..<(second.count + 1) {
                let isSame = first[row - 1] == second[column - 1]
                var cost = min(
                    rows[row - 1][column - 1] + (isSame ? 0 : 1), rows[row - 1][column] + 1, line[column - 1] + 1)
                if row > 1, column > 1, first[row - 1] == second[column - 2], first[row - 2] == second[column - 1] {
                    cost = min(cost, rows[row - 2][column - 2] + 1)
                }
                line.append(cost)
            }
            rows.append(line)
        }
        return rows[first.count][second.count]
    }
}
