import FlashAccess
import FlashModel

/// A tool that erases or writes flash, and how its usage identifies it. A name proves nothing: three programs are
/// called `flash_erase`.
struct LinuxWriteTool: Sendable {
    let name: String
    /// The argument that makes it print its usage and do nothing else; empty if it does so without arguments.
    let question: String
    /// Why the output is not the usage of the right tool, as a clause; nil if it is.
    private let complaint: @Sendable (LinuxToolUsage) -> String?

    init(_ name: String, asks question: String, complaint: @escaping @Sendable (LinuxToolUsage) -> String?) {
        self.name = name
        self.question = question
        self.complaint = complaint
    }

    /// Returns why the tool is not the right one, as a clause; nil if it is.
    ///
    /// - Parameter text: its output when asked for its usage.
    func complaint(about text: String) -> String? {
        let usage = LinuxToolUsage(text)
        guard let why = complaint(usage) else { return nil }
        let printed = usage.summary.map { "it printed \"\($0)\"" } ?? "it printed nothing"
        return "\(why); when asked for its usage, \(printed)"
    }

    /// `flash_erase` of mtd-utils since 1.4.3. In 1.4.2, START counts erase blocks; before that, there is no `-q`; and
    /// vendors have other tools of this name (HiSilicon's takes START and LENGTH).
    static let flashErase = LinuxWriteTool("flash_erase", asks: "--help") { usage in
        guard let arguments = usage.arguments(of: "flash_erase") else { return "its usage is not that of mtd-utils" }
        guard arguments.hasSuffix("mtd_device <start offset> <block count>") else {
            return arguments.hasSuffix("mtd_device <start block> <block count>")
                ? "it takes its start in erase blocks, not in bytes"
                : "it does not take a device, an offset and a number of erase blocks"
        }
        return usage.has(option: "-q") ? nil : "it has no option -q"
    }

    /// `flash_eraseall` of busybox, and of mtd-utils before 1.4.3; later it is a script that starts `flash_erase`.
    static let flashEraseAll = LinuxWriteTool("flash_eraseall", asks: "--help") { usage in
        guard let arguments = usage.arguments(of: "flash_eraseall") else {
            return "its usage is neither busybox's nor that of mtd-utils"
        }
        guard arguments.hasSuffix("] mtd_device") else { return "it does not take a device as its only argument" }
        return usage.has(option: "-q") ? nil : "it has no option -q"
    }

    /// OpenWrt's `mtd`, in a version that can write any data at an offset of a partition.
    static let openWrtMTD = LinuxWriteTool("mtd", asks: "") { usage in
        guard let arguments = usage.arguments(of: "mtd"), arguments.contains("<command>") else {
            return "its usage is not that of OpenWrt's mtd"
        }
        for (option, words) in [
            ("-p", "write beginning at partition offset"), ("-f", "force write without trx checks"),
            ("-q", "quiet mode"),
        ]
        where !usage.has(option: option, words) {
            return "it has no option \(option) to \(words)"
        }
        return nil
    }
}

/// The usage text of a program. Pure, and limited in size: the board may print anything.
struct LinuxToolUsage: Sendable, Hashable {
    private static let most = 200
    /// The lines, trimmed and not empty.
    private let lines: [String]

    /// - Parameter text: the program's output, of which only the first lines are used.
    init(_ text: String) {
        lines = text.split(whereSeparator: \.isNewline).prefix(Self.most).map { ByteText(String($0)).trimmed.string() }
            .filter { !$0.isEmpty }
    }

    /// The most informative line of the output: that of the usage, else the last; nil if there was no output.
    var summary: String? {
        (lines.first { $0.lowercased().contains("usage") } ?? lines.last).map { PrintableText.escaped($0, limit: 120) }
    }

    /// Returns the words after the program's name on the line `Usage: NAME …`, in lower case.
    ///
    /// - Returns: nil if there is no such line, or it names another program.
    func arguments(of program: String) -> String? {
        for line in lines {
            let words = line.lowercased().split(separator: " ")
            guard words.first == "usage:", words.count > 2 else { continue }
            guard words[1].split(separator: "/").last.map(String.init) == program else { return nil }
            return words.dropFirst(2).joined(separator: " ")
        }
        return nil
    }

    /// Whether the usage explains a one-letter option, or has it in brackets: `-q be quiet`, `[-jq]`.
    ///
    /// - Parameter words: what the explanation must contain.
    func has(option: String, _ words: String = "") -> Bool {
        guard let letter = option.last else { return false }
        return lines.contains { line in
            if line.hasPrefix(option), line.contains(words) {
                let next = line.dropFirst(option.count).first
                return next.map { $0 == " " || $0 == "\t" || $0 == "," } ?? true
            }
            guard words.isEmpty, line.lowercased().hasPrefix("usage:"), let start = line.firstRange(of: "[-") else {
                return false
            }
            return line[start.upperBound...].prefix { $0 != "]" && $0 != " " }.contains(letter)
        }
    }
}
