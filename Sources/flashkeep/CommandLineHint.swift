import FlashModel

/// The command line that was probably meant, for lines that other programs would take. Pure.
enum CommandLineHint {
    /// Options of other programs, and ours.
    private static let options = [
        "--output": "--to", "-o": "--to", "--out": "--to", "--dest": "--to", "--destination": "--to",
        "--target": "--to",
        "--directory": "--to", "--partition": "--only", "--part": "--only", "--partitions": "--only",
        "--dryrun": "--dry-run", "-n": "--dry-run", "-y": "--yes", "-v": "--verbose",
    ]

    /// The whole line to type; nil if there is none.
    static func line(for arguments: [String]) -> String? {
        var words = arguments
        // `flashkeep --verify BAG`.
        if let first = words.first, first.hasPrefix("-"),
            case let verb = String(first.drop { $0 == "-" }), Verbs.names.contains(verb),
            !words.contains(where: Verbs.names.contains)
        {
            words[0] = verb
        }
        words = words.map { word in
            let parts = word.split(separator: "=", maxSplits: 1)
            guard let name = parts.first, let ours = options[String(name)] else { return word }
            return parts.count == 2 ? "\(ours)=\(parts[1])" : ours
        }
        // `flashkeep extract BAG DIR`.
        if words.first == "extract", !words.contains(where: { $0 == "--to" || $0.hasPrefix("--to=") }),
            case let names = words.dropFirst().filter({ !$0.hasPrefix("-") }), names.count == 2,
            let place = words.lastIndex(of: names[1])
        {
            words.insert("--to", at: place)
        }
        guard words != arguments else { return nil }
        return "flashkeep " + words.map { SafeText.line(ShellWord.pastable($0)) }.joined(separator: " ")
    }
}
