/// Command lines that do by hand what is done here: the first of each kind, for the backup's record.
final class UBootExamples {
    private var lines: [String: String] = [:]

    /// In the order of the commands' names.
    var all: [String] { lines.keys.sorted().compactMap { lines[$0] } }

    /// Keeps a line if it is the first of its kind: the words before its numbers.
    func note(_ line: String) {
        let kind = line.split(separator: " ").prefix(2).filter { $0.allSatisfy { !$0.isNumber } }.joined(separator: " ")
        if lines[kind] == nil { lines[kind] = line }
    }
}
