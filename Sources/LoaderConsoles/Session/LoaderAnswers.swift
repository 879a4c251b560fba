package import FlashAccess
package import FlashModel

/// Asks a bootloader the questions of a survey, and keeps the replies that arrived twice alike.
package final class LoaderAnswers {
    private let session: LoaderSession
    /// What the names of the evidence begin with: `cfe`.
    private let prefix: String
    /// By question.
    package private(set) var replies: [String: ConsoleReply] = [:]
    package private(set) var evidence: [Evidence] = []
    /// The questions of which no two replies agreed.
    package private(set) var lost: [String] = []

    package init(_ session: LoaderSession, prefix: String) {
        self.session = session
        self.prefix = prefix
    }

    /// Keeps what the board printed when it started, if it did.
    package func keepStartLog() {
        guard !session.startLog.isEmpty else { return }
        keep(ConsoleReply(output: session.startLog), as: Self.startLogName)
    }

    /// The name of what was printed before the prompt, among the replies.
    package static let startLogName = "start"

    /// Asks, and keeps the reply.
    ///
    /// - Parameters:
    ///   - name: under which evidence is kept, if the question makes none; letters, digits and blanks.
    ///   - isWhole: whether a reply is complete, as far as its form shows.
    /// - Returns: nil if no two replies agreed.
    @discardableResult
    package func ask(
        _ question: String, as name: String? = nil, isWhole: (ConsoleReply) -> Bool = { _ in true }
    ) async throws -> ConsoleReply? {
        let reply = try await session.surviving { try await session.agreed(on: question, isWhole: isWhole) }
        guard let reply else {
            lost.append(question)
            return nil
        }
        keep(reply, as: question, evidence: name)
        return reply
    }

    private func keep(_ reply: ConsoleReply, as question: String, evidence name: String? = nil) {
        replies[question] = reply
        let words = (name ?? question).replacing(" ", with: "-")
            .filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }.lowercased()
        evidence.append(Evidence(name: "\(prefix)-\(words).txt", bytes: reply.output))
    }
}
