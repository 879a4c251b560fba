import FlashAccess
import FlashModel

/// Asks a U-Boot all questions of a survey, and keeps the replies that arrived twice alike.
final class UBootAnswers {
    private let session: UBootSession
    private let recovery: UBootRecovery
    /// By question.
    private(set) var replies: [String: UBootReply] = [:]
    private(set) var evidence: [Evidence] = []
    /// The questions of which no two replies agreed.
    private(set) var lost: [String] = []

    init(_ session: UBootSession, _ recovery: UBootRecovery) {
        self.session = session
        self.recovery = recovery
    }

    func askAll() async throws {
        if !session.startLog.isEmpty {
            let name = UBootFacts.startLogName
            replies[name] = UBootReply(output: session.startLog)
            evidence.append(Evidence(name: Self.evidenceName(name), bytes: session.startLog))
        }
        // `help` comes first: commands that it does not list are not sent, because some vendors' parsers take them for
        // something else.
        try await ask("help")
        let help = replies["help"].flatMap(UBootHelp.init)
        for question in UBootFacts.questions where question != "help" {
            // Ask for usage only if the command is known to exist.
            let isUsage = question.hasPrefix("help ")
            if help?.has(UBootFacts.command(of: question)) ?? !isUsage { try await ask(question) }
        }
        if UBootPrintedSerialFlash.isOffered(replies["help spi"]) { try await ask("spi id") }
        if UBootFacts.maySendSMEMInfo(help, nand: replies["nand info"]) { try await ask("smeminfo") }
        if help?.has("nand") ?? true { try await askForBadBlocks() }
        guard let devices = replies["mtd list"].flatMap(UBootMTDList.init)?.devices.filter(\.kind.isNAND),
            !devices.isEmpty
        else { return }
        for device in devices {
            if let question = try? session.commands.mtdBad(device.name) { try await ask(question) }
        }
        if help?.has("mtd") ?? false { try await ask("help mtd") }
    }

    /// `nand bad` is about the current device: it is asked of each, once U-Boot has confirmed that it is selected.
    private func askForBadBlocks() async throws {
        let devices = replies["nand info"].flatMap(UBootNANDInfo.init)?.devices.map(\.index)
        // A U-Boot without `nand info` may still have the list.
        guard let devices, devices != [0] else { return try await ask(UBootFacts.badBlocks(of: 0)) }
        for device in devices {
            let window = UBootWindow.nand(device)
            guard let command = try window.preparation(session.commands) else { continue }
            let isSelected = try await recovery.surviving {
                window.refusal(try await session.ask(command, silence: .seconds(20))) == nil
            }
            if isSelected { try await ask(UBootFacts.badBlocks(of: device), typed: "nand bad") }
        }
    }

    /// - Parameter typed: the command, if it is not the name of the question.
    private func ask(_ question: String, typed: String? = nil) async throws {
        guard let reply = try await recovery.surviving({ try await session.agreed(on: typed ?? question) }) else {
            lost.append(question)
            return
        }
        replies[question] = reply
        evidence.append(Evidence(name: Self.evidenceName(question), bytes: reply.output))
    }

    private static func evidenceName(_ question: String) -> String {
        "uboot-" + question.replacing(" ", with: "-").filter { $0.isLetter || $0.isNumber || $0 == "-" }.lowercased()
            + ".txt"
    }
}
