/// Command lines that do the same by hand, for the backup's record: the first of each kind.
package final class CommandExamples {
    private var lines: [String: String] = [:]

    package init() {}

    /// The lines, in order of the commands' names.
    package var all: [String] { lines.keys.sorted().compactMap { lines[$0] } }

    /// Keeps a line if it is the first of its kind, which is the words before its numbers.
    package func note(_ line: String) {
        let kind = line.split(separator: " ").prefix(2).filter { $0.allSatisfy { !$0.isNumber } }.joined(separator: " ")
        if lines[kind] == nil { lines[kind] = line }
    }
}
