/// The result of a command.
struct RedBootAction {
    /// The output, with `\n` as line ends.
    var text = ""
    /// Microseconds from the last character to the prompt.
    var time = 200
    /// What it does after the answer `y` to the question that ends its output.
    var question: RedBootJob?
    /// Receives a file by YMODEM, and stores it at this address.
    var loadsTo: UInt64?
    /// Whether the board does nothing any more.
    var isHang = false
    /// Whether the board restarts.
    var resets = false

    init(
        text: String = "", time: Int = 200, question: RedBootJob? = nil, loadsTo: UInt64? = nil, isHang: Bool = false,
        resets: Bool = false
    ) {
        self.text = text
        self.time = time
        self.question = question
        self.loadsTo = loadsTo
        self.isHang = isHang
        self.resets = resets
    }
}

/// What a command does once its question is answered.
enum RedBootJob {
    /// Writes flash, by the offset on the chip.
    case write(offset: Int, memory: UInt64, count: Int, fault: RedBootScenario.Fault?)
    /// Starts what is in the RAM.
    case nothing
}

/// The options of a command line (`redboot/current/src/parse.c`, scan_opts).
struct RedBootOptions {
    /// By letter; a flag without a value has none.
    var numbers: [Character: UInt64] = [:]
    var texts: [Character: String] = [:]
    var flags: Set<Character> = []
    var plain: [String] = []

    /// Parses words behind the command.
    ///
    /// - Parameters:
    ///   - numbers: the options with a number, and its name in errors.
    ///   - takesPlain: whether a word without a dash is accepted.
    /// - Returns: the options, or what is printed.
    static func parse(
        _ words: some Sequence<String>, numbers: [Character: String] = [:], texts: Set<Character> = [],
        flags: Set<Character> = [], takesPlain: Bool = false
    ) -> (options: RedBootOptions, error: String?) {
        var result = RedBootOptions()
        var rest = Array(words)[...]
        var error: String?
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), let letter = word.dropFirst().first else {
                guard takesPlain, result.plain.isEmpty else {
                    return (result, "** Error: no default/non-flag arguments supported\n")
                }
                result.plain.append(word)
                continue
            }
            if flags.contains(letter) {
                result.flags.insert(letter)
            } else if let name = numbers[letter] {
                guard let value = rest.popFirst() else { return (result, nil) }
                guard let number = number(value) else {
                    return (result, "** Error: invalid number '\(value)' for \(name)\n")
                }
                if result.numbers[letter] != nil { error = "** Error: \(name) already specified\n" }
                result.numbers[letter] = number
            } else if texts.contains(letter) {
                result.texts[letter] = rest.popFirst()
            } else {
                return (result, "** Error: invalid flag '\(letter)'\n")
            }
        }
        return (result, error)
    }

    /// Decimal, unless it begins with `0x` (`malta-2006-dump-errors`).
    static func number(_ text: String) -> UInt64? {
        text.lowercased().hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    }
}
