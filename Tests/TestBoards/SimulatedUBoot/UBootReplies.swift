/// Effects and output of the commands.
extension UBootMachine {
    /// The result of a command.
    struct Done {
        /// The output, with `\n` as line ends.
        var text = ""
        /// Microseconds until it prints.
        var work = 0
        /// Microseconds from the last character to the prompt.
        var time = 200
        /// Whether it checks for ^C, and consumes typed input.
        var asks = true
        /// The output after an Enter that it asks for.
        var afterEnter: String?
        /// The console's rate while it asks for Enter, and afterwards.
        var rate: Int?
        /// The output when the processor stops with an exception, before the board restarts.
        var crash: String?
        /// Further output, each after a wait in microseconds.
        var later: [(Int, String)] = []
        /// Its response to ^C.
        var interruption = "<INTERRUPT>"
        /// Receives a file by YMODEM, and stores it at this address.
        var loadsTo: UInt64?
    }

    mutating func obey(_ line: String) -> Done {
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first else { return Done() }
        let name = first.split(separator: ".").first.map(String.init) ?? first
        guard scenario.commands.contains(name) else {
            return Done(text: scenario.unknown.replacing("%", with: first) + "\n")
        }
        if let text = scenario.answers[words.joined(separator: " ")] {
            if line.hasPrefix("sf probe") { isProbed = true }
            return Done(text: text)
        }
        switch name {
        case "version": return version()
        case "help": return help(words)
        case "bdinfo": return boardInfo()
        case "printenv": return environment(words)
        case "flinfo": return Done(text: flashInfo())
        case "md": return display(words)
        case "crc32": return checksum(words)
        case "mw": return fill(words)
        case "cp": return copy(words)
        case "loady": return load(words)
        case "erase" where scenario.hardware.isWritable: return erase(words)
        case "protect" where scenario.hardware.isWritable: return protect(words)
        case "echo": return Done(text: words.dropFirst().joined(separator: " ").filter { $0 != "'" } + "\n")
        case "sf": return spi(words)
        case "spi": return printedSPI(words)
        case "nand": return nand(words)
        case "mtd": return mtd(words)
        case "saves": return records(words)
        case "setenv" where words.count == 3 && words[1] == "baudrate": return changeRate(words[2])
        case "setenv": return setVariable(words, line)
        case "coninfo": return consoles()
        case "ping": return ping(words)
        case "tftpput": return upload(words, isVendors: false)
        case "tftp" where words.count == 4: return upload(words, isVendors: true)
        case "tftp", "tftpboot": return fetch(words)
        default:
            offend(.forbidden, line)
            return Done(text: "done\n")
        }
    }

    // MARK: The line

    private mutating func changeRate(_ word: String) -> Done {
        let rate = Int(word) ?? 0
        guard scenario.rates.contains(rate) else {
            return Done(
                text: "## Baudrate \(rate) bps not supported\n## Error inserting \"baudrate\" variable, errno=22\n")
        }
        guard "\(rate)" != variables["baudrate"] else { return Done() }
        variables["baudrate"] = word
        var done = Done(text: "## Switch baudrate to \(rate) bps and press ENTER ...\n", afterEnter: "")
        done.rate = rate
        return done
    }

    // MARK: Numbers

    static func digits(_ value: UInt64, _ count: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    static func short(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    static func number(_ word: String) -> UInt64? {
        UInt64(word.hasPrefix("0x") ? String(word.dropFirst(2)) : word, radix: 16)
    }
}
