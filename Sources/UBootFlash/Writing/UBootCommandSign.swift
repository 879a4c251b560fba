import FlashAccess
import FlashModel

/// A command that erases or writes flash, and what its help must contain: a vendor's command of the same name may take
/// other arguments.
struct UBootCommandSign: Sendable, Hashable {
    /// A form in which the command is used, such as `sf write`, and the arguments that its usage line must contain.
    struct Form: Sendable, Hashable {
        let start: String
        let arguments: [String]

        init(_ start: String, _ arguments: String...) {
            self.start = start
            self.arguments = arguments
        }

        /// The form for display: `sf write addr offset len`.
        var text: String { ([start] + arguments).joined(separator: " ") }
    }

    /// The name, as listed by `help`.
    let command: String
    /// Words of the command's description. They must be sufficient if U-Boot was built without its long help
    /// (CONFIG_SYS_LONGHELP).
    let summary: String
    let forms: [Form]

    /// `common/cmd_mem.c`, later `cmd/mem.c`.
    static let copy = UBootCommandSign(
        command: "cp", summary: "memory copy", forms: [Form("cp", ".b", "source", "target", "count")])
    /// `common/cmd_flash.c`, later `cmd/flash.c`.
    static let erase = UBootCommandSign(
        command: "erase", summary: "erase flash memory", forms: [Form("erase", "start", "end")])
    static let protect = UBootCommandSign(
        command: "protect", summary: "flash write protection",
        forms: [Form("protect off", "start", "end"), Form("protect on", "start", "end")])
    /// `cmd/sf.c`.
    static let serial = UBootCommandSign(
        command: "sf", summary: "spi flash sub-system",
        forms: [Form("sf erase", "offset", "len"), Form("sf write", "addr", "offset", "len")])
    /// `cmd/nand.c`.
    static let nand = UBootCommandSign(
        command: "nand", summary: "nand sub",
        forms: [Form("nand erase", "off", "size"), Form("nand write", "addr", "off", "size")])
    /// `cmd/mtd.c`.
    static let mtd = UBootCommandSign(
        command: "mtd", summary: "mtd utils",
        forms: [
            Form("mtd erase", "<name>", "<off>", "<size>"), Form("mtd write", "<name>", "<addr>", "<off>", "<size>"),
        ])

    /// The reason why the command is not the expected one, according to the output of `help COMMAND`; nil if it is. A
    /// clause.
    func complaint(about reply: UBootReply) -> String? {
        let lines = reply.lines.prefix(400).map { $0.trimmed }.filter { !$0.isEmpty }
        let usage = lines.drop { !$0.hasPrefix("Usage:") }.dropFirst().filter { line in
            line.string() != command && !line.contains("help available")
        }
        guard !usage.isEmpty else {
            let head = lines.first { $0.hasPrefix("\(command) - ") }
            if let head, ByteText(head.string().lowercased()).contains(summary) { return nil }
            let printed = lines.first.map { "\"\(PrintableText.escaped($0.string(), limit: 100))\"" } ?? "nothing"
            return "its command \(command) is not the expected one: help \(command) printed \(printed)"
        }
        for form in forms {
            guard
                !usage.contains(where: { line in
                    line.hasPrefix(form.start) && form.arguments.allSatisfy { line.contains($0) }
                })
            else { continue }
            return "its command \(command) has a different usage: help \(command) has no \"\(form.text)\""
        }
        return nil
    }
}
