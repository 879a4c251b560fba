package import FlashAccess
import FlashModel

/// The parsed replies of a board's U-Boot, not yet judged. They include what readers need but a survey lacks: memory,
/// load addresses, where flash is mapped.
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
    /// Qualcomm's own table.
    package var sharedMemory: UBootSharedMemoryTable?
    /// Whether Qualcomm's own table was not asked for, because the question may write to flash.
    package var isSharedMemoryWithheld = false
    /// Ralink's serial flash, which is read by a command that prints it.
    package var printedSerial: UBootPrintedSerialFlash?
    /// What was printed before the prompt, if the board started while somebody listened.
    package var startLog: UBootStartLog?
    /// What the user knows and U-Boot does not tell.
    package var given: GivenMemory
    /// What reads have shown in addition to the replies.
    var found: Findings {
        didSet { judge() }
    }
    /// Whether `sf probe` printed nothing at all, as HiSilicon's does on success.
    package var isSerialFlashSilent: Bool
    /// The bad blocks, by the name of the MTD device: `nand0`.
    package var badBlocks: [String: UBootBadBlocks]
    /// Replies that name no chip as far as they are understood, but do not say that there is none either: the question,
    /// and the first line of the reply. There may still be a chip.
    package var misunderstood: [(question: String, line: String)]
    /// Replies that say that there is no chip, with the line that says so.
    private(set) var refusals: [(question: String, line: String)] = []
    /// Whether `nand read.raw` reads pages with their OOB bytes (since 2011.12).
    package var readsRawNAND: Bool
    /// Whether `mtd read.raw.oob` does.
    package var readsRawMTD: Bool

    /// What reads have shown.
    package struct Findings: Sendable, Hashable {
        /// The sizes in bytes by the first read that lies outside, by ``FlashModel/Chip/id``.
        var sizes: [String: Int] = [:]
        /// Whether the serial chip of `sf probe` was compared with the flash that the board maps, and holds other
        /// bytes.
        var isSerialFlashSeparate = false

        package init() {}
    }

    /// How to read each chip, by ``FlashModel/Chip/id``. Chips that U-Boot cannot read are absent.
    private(set) var windows: [String: UBootWindow] = [:]
    /// The ranges of memory where flash is mapped, as far as they are known.
    private(set) var mappedFlash: [Range<UInt64>] = []

    /// The commands to send before flash is read; they change nothing in flash. Those that `help` does not list may be
    /// omitted. `nand bad` is about the current device and asked of each, `mtd bad NAME` of others. If `mtd list` reports
    /// NAND, `help mtd` is sent as well; `spi id` and `smeminfo` only where they are known to be harmless.
    package static let questions = [
        "version", "help", "bdinfo", "printenv", "flinfo", "sf probe", "nand info", "help nand", "mtd list",
        "mtdparts", "help spi",
    ]

    /// The question for the bad blocks of a NAND device: the command of the first, which is current from the start, and a
    /// name for those of others.
    static func badBlocks(of device: Int) -> String { device == 0 ? "nand bad" : "nand bad \(device)" }

    /// The questions whose replies describe the chips and the partitions on them.
    static let layoutQuestions = ["flinfo", "sf probe", "spi id", "nand info", "mtd list", "mtdparts", "smeminfo"]

    /// The command that `help` must list for a question.
    static func command(of question: String) -> String {
        let words = question.split(separator: " ").map(String.init)
        return words.count == 2 && words[0] == "help" ? words[1] : words.first ?? question
    }

    /// Whether a reply is complete, as far as its content shows: sums that add up, lists as long as announced.
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

    /// Whether a reply says that there is no flash: `Failed to initialize SPI flash at 0:0 (error -2)`, `no devices
    /// available`, `Unknown command 'sf' - try 'help'`, `Could not find MTD device`.
    private static func saysNone(_ reply: UBootReply) -> Bool { refusal(reply) != nil }

    /// The line that says so.
    private static func refusal(_ reply: UBootReply) -> String? {
        let signs = [
            "fail", "unknown command", "not found", "could not", "cannot", "no devices", "no mtd", "no spi", "no nand",
            "no flash", "not available", "not supported", "invalid", "error", "usage:",
        ]
        return reply.lines.first { line in
            let text = line.lowercased
            return signs.contains { text.contains($0) }
        }?.trimmed.string(limit: 120)
    }

    /// The name under which the start log is among the replies.
    package static let startLogName = "start log"

    /// Parses the replies, by command. Any may be missing.
    ///
    /// - Parameter given: what the user knows.
    package init(
        _ replies: [String: UBootReply], given: GivenMemory = GivenMemory(),
        found: Findings = Findings()
    ) {
        self.given = given
        self.found = found
        startLog = replies[Self.startLogName].flatMap(UBootStartLog.init)
        isSerialFlashSilent =
            replies["sf probe"].map { reply in
                reply.lines.allSatisfy { $0.trimmed.isEmpty || $0.contains("sf probe") }
            } ?? false
        version = replies["version"].flatMap(UBootVersion.init)
        help = replies["help"].flatMap(UBootHelp.init)
        board = replies["bdinfo"].flatMap(UBootBoardInfo.init)
        environment = replies["printenv"].flatMap(UBootEnvironment.init)
        flash = replies["flinfo"].flatMap(UBootFlashInfo.init)
        spi = replies["sf probe"].flatMap(UBootSPIFlash.init)
        nand = replies["nand info"].flatMap(UBootNANDInfo.init)
        mtd = replies["mtd list"].flatMap(UBootMTDList.init)
        parts = replies["mtdparts"].flatMap(UBootMTDParts.init)
        sharedMemory = replies["smeminfo"].flatMap(UBootSharedMemoryTable.init)
        isSharedMemoryWithheld =
            help?.has("smeminfo") == true && !Self.maySendSMEMInfo(help, nand: replies["nand info"])
        printedSerial = UBootPrintedSerialFlash(usage: replies["help spi"], id: replies["spi id"])
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
                // After the last line end comes the prompt; the echo may be there too.
                let line = reply.lines.dropLast().first(where: { !$0.trimmed.isEmpty && !$0.contains(question) })
            else { return nil }
            return (question, line.trimmed.string(limit: 120))
        }
        refusals = chips.compactMap { question, isUnderstood in
            guard !isUnderstood, let line = replies[question].flatMap(Self.refusal) else { return nil }
            return (question, line)
        }
        badBlocks = [:]
        for (command, reply) in replies.sorted(by: { $0.key < $1.key }) {
            guard let bad = UBootBadBlocks(reply) else { continue }
            if command == "nand bad" || command.hasPrefix("nand bad ") {
                if let device = bad.device { badBlocks["nand\(device)"] = bad }
            } else if let name = ByteText(command).dropping("mtd bad ")?.string(), bad.name == name {
                badBlocks[name] = bad
            }
        }
        judge()
    }

    /// Finds out how chips are read and where they are mapped.
    private mutating func judge() {
        let map = UBootChipMap(self)
        windows = map.windows
        mappedFlash = map.chips.compactMap { chip in
            guard case .mapped(let base)? = map.windows[chip.id], let end = base.plus(chip.leastSize), end > base else {
                return nil
            }
            return base..<end
        }
    }
}
