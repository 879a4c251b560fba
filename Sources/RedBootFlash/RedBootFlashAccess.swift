package import BoardChannels
private import BoardConsoles
package import FlashAccess
import FlashModel

/// A board at RedBoot's prompt.
package final class RedBootFlashAccess {
    private let session: RedBootSession
    private let store: ContentStore
    /// The board's network; nil if there is only the console.
    private let network: BoardNetworkSettings?
    private let givenUp: GivenUp<RedBootLoadMethod>
    private let notify: (String) -> Void

    /// - Parameters:
    ///   - store: content that need not be transferred again; everything read is added to it.
    ///   - network: this computer's side of TFTP; nil loads over the console only.
    ///   - givenUp: the methods that failed on earlier connections.
    ///   - notify: receives messages for the user, one line each.
    package init(
        _ session: RedBootSession, store: ContentStore, network: BoardNetworkSettings? = nil,
        givenUp: GivenUp<RedBootLoadMethod> = GivenUp<RedBootLoadMethod>(),
        notify: @escaping (String) -> Void = { _ in }
    ) {
        self.session = session
        self.store = store
        self.network = network
        self.givenUp = givenUp
        self.notify = notify
    }

    // MARK: For display

    /// The traits of the channel to RedBoot.
    package var channelTraits: ChannelTraits { session.console.channel.traits }

    /// Whether RedBoot echoes nothing, as through its telnet port; false until that is known.
    package var isWithoutEcho: Bool { session.hasEcho == false }

    /// How often a command, a line or the whole board had to be retried.
    package var retries: Int { session.retries }

    // MARK: Survey

    package func survey() async throws -> SurveyedFlash {
        let recovery = RedBootRecovery(session)
        let answers = RedBootAnswers(session, recovery)
        try await answers.askAll()
        var facts = RedBootFacts(answers.replies)
        let printer = RedBootMemoryPrinter(session, facts)
        // What is not in the banner cannot be read either.
        let chips = try RedBootSurvey.assemble(facts)
        facts = try await RedBootStructures(
            reader: RedBootFlashReader(session, chips, facts, printer, recovery, store: store)
        ).added(to: facts)
        var survey = try RedBootSurvey.assemble(facts)
        for question in answers.lost {
            let words = ReplyVote.lost(question, of: "RedBoot")
            if RedBootFacts.layoutQuestions.contains(question) {
                survey.table = survey.table.adding([words])
            } else {
                survey.warnings.append(words)
            }
        }
        return SurveyedFlash(
            survey: survey, evidence: answers.evidence,
            reader: RedBootFlashReader(session, survey, facts, printer, recovery, store: store),
            writer: writer(survey, facts, recovery),
            layout: RedBootLayoutWatch(session: session, recovery: recovery, facts: facts, survey: survey),
            transfer: RedBootTransferDescription(session: session, facts: facts, printer: printer),
            hints: .redBoot)
    }

    private func writer(
        _ survey: Survey, _ facts: RedBootFacts, _ recovery: RedBootRecovery
    ) -> (any FlashWriting)? {
        guard facts.help.map({ $0.has("fis write") }) == true else { return nil }
        let loader = RedBootMemoryLoader(
            session, facts, network: BoardAddressing(session, facts, network), givenUp: givenUp, notify: notify)
        return RedBootFlashWriter(session, recovery, survey, facts, loader)
    }
}
