/// How a person writes a partition back with the board's own commands and without this program, or why that cannot be
/// done.
///
/// The way in writes it, because it knows the commands; RESTORE.md prints it.
package enum ManualProcedure: Sendable, Hashable {
    /// The command lines for one partition, in order, with ``file`` in place of the file's name; and what to know about
    /// this partition before they are typed, one sentence or more each.
    case commands(Method, lines: [String], notes: [String])
    /// There is none: why, as a clause, and what to do instead, as an imperative; both without a full stop.
    case impossible(why: String, next: String)

    /// The word in a command line that stands for the name of the file with the partition's bytes.
    package static let file = "FILE"

    /// What all partitions that are written in the same way have in common.
    package struct Method: Sendable, Hashable {
        /// For people: `flash_erase and dd`.
        package var name: String
        /// How a partition of the backup is found on the board. Sentences.
        package var identification: String
        /// What to know before anything is written, in sentences; one item each.
        package var rules: [String]
        /// What to do, in order.
        package var steps: [Step]

        package init(name: String, identification: String, rules: [String], steps: [Step]) {
            self.name = name
            self.identification = identification
            self.rules = rules
            self.steps = steps
        }
    }

    package enum Step: Sendable, Hashable {
        /// Sentences.
        case text(String)
        /// Command lines.
        case commands([String])
        /// A file to be made: its name, and its lines.
        case file(name: String, lines: [String])
    }

    /// A command line or note with the name of the file in place of the word ``file``.
    package static func line(_ line: String, file: String) -> String {
        line.replacing(/(?<before>^|[ \/=\x60])FILE(?=$|[ \x60])/) { "\($0.before)\(file)" }
    }
}
