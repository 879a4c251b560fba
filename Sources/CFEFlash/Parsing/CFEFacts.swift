package import FlashAccess
import FlashModel
import LoaderConsoles

/// What a CFE said of itself and of the flash. Any of it may be missing.
package struct CFEFacts: Sendable {
    /// By question; only those that were answered.
    package let replies: [String: ConsoleReply]
    package let start: CFEStartLog?
    package let help: CFEHelp?
    package let devices: CFEDevices?
    package let partitions: CFEPartitions?
    package let badBlocks: CFEBadBlocks?
    /// Measured on a page; nil if no page was printed, or it was not understood.
    package let geometry: CFENANDGeometry?
    /// What the user knows.
    package let given: GivenMemory

    /// The page by which NAND is measured: the first one of block 1.
    package static let samplePage = (block: 1, page: 0)

    package init(_ replies: [String: ConsoleReply], given: GivenMemory = GivenMemory()) {
        let commands = CFECommands()
        self.replies = replies
        self.given = given
        start = replies[LoaderAnswers.startLogName].map { CFEStartLog($0) }
        help = replies[commands.help()].flatMap(CFEHelp.init)
        devices = replies[commands.devices()].flatMap(CFEDevices.init)
        partitions = replies[commands.partitions()].flatMap(CFEPartitions.init)
        badBlocks = replies[commands.badBlocks()].flatMap(CFEBadBlocks.init)
        let sample = try? commands.dumpPage(block: Self.samplePage.block, page: Self.samplePage.page)
        geometry = sample.flatMap { replies[$0] }.flatMap { CFENANDGeometry(firstPageOfBlock1: $0) }
    }

    /// Whether a reply is complete, as far as its form shows.
    static func isWhole(_ reply: ConsoleReply, to question: String) -> Bool {
        let commands = CFECommands()
        switch question {
        case commands.help(): return CFEHelp(reply) != nil
        case commands.devices(): return CFEDevices(reply)?.strayLines.isEmpty == true
        case commands.partitions(): return CFEPartitions(reply)?.strayLines.isEmpty == true
        case commands.badBlocks(): return CFEBadBlocks(reply)?.strayLines.isEmpty == true
        default: return CFENANDGeometry(firstPageOfBlock1: reply) != nil
        }
    }

    /// Why mapped flash cannot be sent over the network; a sentence. nil if it can, as far as is known.
    var networkObstacle: String? {
        guard let help else { return "Its help was not understood." }
        if let missing = ["save", "ifconfig"].first(where: { !help.has($0) }) {
            return "Its help lists no \(missing)."
        }
        return devices?.interfaces.isEmpty == false ? nil : "Its show devices lists no network interface."
    }

    /// The questions to ask of a CFE with these commands, in order, behind `help`.
    package static func questions(_ help: CFEHelp?) throws -> [String] {
        guard let help else { return [] }
        let commands = CFECommands()
        var questions: [String] = []
        if help.has("show devices") { questions.append(commands.devices()) }
        if help.has("fi") { questions.append(commands.partitions()) }
        if help.has("fb") { questions.append(commands.badBlocks()) }
        if help.has("dn") { questions.append(try commands.dumpPage(block: samplePage.block, page: samplePage.page)) }
        return questions
    }

    /// Questions whose answers decide which partition is where.
    static let layoutQuestions: Set = ["show devices", "fi", "fb", "dn 1 0 1"]
}
