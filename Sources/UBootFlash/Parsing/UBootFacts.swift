import FlashAccess

/// All that was learned of a board from its U-Boot, parsed but not yet judged. What a survey does not carry but a
/// reader needs (memory, load addresses, where flash is mapped) is here.
package struct UBootFacts: Sendable {
    package var version: UBootVersion?
    package var help: UBootHelp?
    package var board: UBootBoardInfo?
    package var environment: UBootEnvironment?
    package var flash: UBootFlashInfo?
    package var spi: UBootSPIFlash?
    package var nand: UBootNANDInfo?
    package var mtd: UBootMTDList?
    package var parts: UBootMTDParts?
    /// By the name of the MTD device: `nand0`.
    package var badBlocks: [String: UBootBadBlocks]
    /// Answers to questions for chips that name none as far as they are understood, and do not say that there is none:
    /// the question, and the first line of what was said. There may be a chip all the same.
    package var misunderstood: [(question: String, line: String)]
    /// Whether `nand read.raw` gives pages with their OOB bytes (since 2011.12).
    package var readsRawNAND: Bool
    /// Whether `mtd read.raw.oob` does.
    package var readsRawMTD: Bool

    /// How each chip is read, by ``FlashModel/Chip/id``. A chip that U-Boot cannot read is not in it.
    private(set) var windows: [String: UBootWindow] = [:]

    /// What is asked of a board before its flash is read: lines that change nothing in flash. Those for commands that
    /// `help` does not list need not be sent. `nand bad` speaks of the current device, the first; of others
    /// `mtd bad NAME`. Where `mtd list` tells of NAND, `help mtd` is asked as well.
    package static let questions = [
        "version", "help", "bdinfo", "printenv", "flinfo", "sf probe", "nand info", "nand bad", "help nand", "mtd list",
        "mtdparts",
    ]

    /// The questions whose answers say what chips there are, and what lies where on them.
    static let layoutQuestions = ["flinfo", "sf probe", "nand info", "mtd list", "mtdparts"]

    /// The command whose presence in `help` a question needs.
    static func command(of question: String) -> String {
        let words = question.split(separator: " ").map(String.init)
        return words.count == 2 && words[0] == "help" ? words[1] : words.first ?? question
    }

    /// Whether a reply is whole, as far as its own content tells: sums that add up, lists as long as announced.
    static func isWhole(_ reply: UBootReply, to question: String) -> Bool {
        switch question {
        case "version": UBootVersion(reply) != nil
        case "help": UBootHelp(reply) != nil
        case "bdinfo": UBootBoardInfo(reply) != nil
        case "printenv": UBootEnvironment(reply).map { $0.addsUp != false } ?? false
        case "flinfo": UBootFlashInfo(reply).map { $0.banks.allSatisfy(\.isComplete) } ?? false
        default: true
        }
    }

    /// Whether a reply says that there is nothing: `Failed to initialize SPI flash at 0:0 (error -2)`, `no devices
    /// available`, `Unknown command 'sf' - try 'help'`, `Could not find MTD device`.
    private static func saysNone(_ reply: UBootReply) -> Bool {
        let signs = [
            "fail", "unknown command", "not found", "could not", "cannot", "no devices", "no mtd", "no spi", "no nand",
            "no flash", "not available", "not supported", "invalid", "error", "usage:",
        ]
        return reply.lines.contains { line in
            let text = line.lowercased
            return signs.contains { text.contains($0) }
        }
    }

    /// Parses the replies, by command. Any may be missing.
    package init(_ replies: [String: UBootReply]) {
        version = replies["version"].flatMap(UBootVersion.init)
        help = replies["help"].flatMap(UBootHelp.init)
        board = replies["bdinfo"].flatMap(UBootBoardInfo.init)
        environment = replies["printenv"].flatMap(UBootEnvironment.init)
        flash = replies["flinfo"].flatMap(UBootFlashInfo.init)
        spi = replies["sf probe"].flatMap(UBootSPIFlash.init)
        nand = replies["nand info"].flatMap(UBootNANDInfo.init)
        mtd = replies["mtd list"].flatMap(UBootMTDList.init)
        parts = replies["mtdparts"].flatMap(UBootMTDParts.init)
        readsRawNAND =
            replies["help nand"].map { reply in
                reply.lines.contains { $0.trimmed.hasPrefix("nand read.raw ") }
            } ?? false
        readsRawMTD =
            replies["help mtd"].map { reply in
                reply.lines.contains { $0.trimmed.hasPrefix("mtd read[.raw][.oob] ") }
            } ?? false
        let chips: [(String, Bool)] = [
            ("flinfo", flash != nil), ("sf probe", spi != nil), ("nand info", nand != nil), ("mtd list", mtd != nil),
        ]
        misunderstood = chips.compactMap { question, isUnderstood in
            guard !isUnderstood, let reply = replies[question], !Self.saysNone(reply),
                // What stands behind the last line end is the prompt; the echo may be there too.
                let line = reply.lines.dropLast().first(where: { !$0.trimmed.isEmpty && !$0.contains(question) })
            else { return nil }
            return (question, line.trimmed.string(limit: 120))
        }
        badBlocks = [:]
        for (command, reply) in replies.sorted(by: { $0.key < $1.key }) {
            guard let bad = UBootBadBlocks(reply) else { continue }
            if command == "nand bad" {
                if let device = bad.device { badBlocks["nand\(device)"] = bad }
            } else if let name = ByteText(command).dropping("mtd bad ")?.string(), bad.name == name {
                badBlocks[name] = bad
            }
        }
        windows = UBootChipMap(self).windows
    }
}
