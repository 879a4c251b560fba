import FlashAccess
import FlashModel

/// Asks a RedBoot all questions of a survey, and keeps the replies that arrived twice alike.
final class RedBootAnswers {
    private let session: RedBootSession
    private let recovery: RedBootRecovery
    /// By question.
    private(set) var replies: [String: ConsoleReply] = [:]
    private(set) var evidence: [Evidence] = []
    /// The questions of which no two replies agreed.
    private(set) var lost: [String] = []

    init(_ session: RedBootSession, _ recovery: RedBootRecovery) {
        self.session = session
        self.recovery = recovery
    }

    func askAll() async throws {
        if !session.startLog.isEmpty { keep(ConsoleReply(output: session.startLog), as: RedBootFacts.startLogName) }
        let commands = session.commands
        try await ask(commands.version())
        try await ask(commands.help())
        // A command that is not listed is not sent: its first letters may be those of another.
        let help = replies[commands.help()].flatMap(RedBootHelp.init)
        if help.map({ $0.has("fis") }) != false { try await ask(try commands.help("fis")) }
        for question in RedBootFacts.questions(RedBootFacts(replies).help, commands) { try await ask(question) }
    }

    private func ask(_ question: String) async throws {
        guard let reply = try await recovery.surviving({ try await session.agreed(on: question) }) else {
            lost.append(question)
            return
        }
        keep(reply, as: question)
    }

    private func keep(_ reply: ConsoleReply, as name: String) {
        replies[name] = reply
        evidence.append(
            Evidence(
                name: "redboot-"
                    + name.replacing(" ", with: "-").filter { $0.isLetter || $0.isNumber || $0 == "-" }.lowercased()
                    + ".txt", bytes: reply.output))
    }
}
