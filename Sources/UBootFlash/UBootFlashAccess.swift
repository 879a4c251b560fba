package import BoardChannels
private import BoardConsoles
package import FlashAccess
import FlashModel

/// A board at U-Boot's prompt.
package final class UBootFlashAccess {
    private let session: UBootSession
    private let store: ContentStore
    /// How to print memory: `saves`, `md`, `md.b`; nil chooses the cheapest that works.
    private let wantedFormat: String?
    /// The faster line rate, if one is wanted.
    private let lineRate: UBootLineRate?
    /// What the user knows and U-Boot does not report.
    private let given: GivenMemory
    /// The board's network; nil if there is only the serial line.
    private let network: UBootNetwork?
    /// How bytes leave the board that was last surveyed.
    private var transfers: UBootTransfers?

    /// - Parameters:
    ///   - store: content that need not be transferred again; everything read is added to it.
    ///   - format: how to print memory: `saves`, `md.l`, or `md` for any of its widths; nil chooses the cheapest that
    ///     the board has and that proves to work.
    ///   - lineRate: the faster rate, which is set again after a reset, and lowered if the line is too bad for it.
    ///   - network: this computer's side of uploads; nil reads over the line only.
    package init(
        _ session: UBootSession, store: ContentStore, format: String? = nil, lineRate: UBootLineRate? = nil,
        network: (host: any UBootNetworkHost, settings: UBootNetworkSettings)? = nil,
        given: GivenMemory = GivenMemory()
    ) {
        self.given = given
        wantedFormat = format
        self.lineRate = lineRate
        self.session = session
        self.store = store
        self.network = network.map { UBootNetwork(session, host: $0.host, settings: $0.settings) }
    }

    /// Leaves the board's console as it was. Never throws, because the board may be gone.
    package func end() async { await transfers?.end() }

    // MARK: For display

    /// The traits of the channel to U-Boot.
    package var channelTraits: ChannelTraits { session.console.channel.traits }

    /// How often a command, a line or the whole board had to be retried.
    package var retries: Int { session.retries }

    /// Whether any bytes came over the network.
    package var usesNetwork: Bool { transfers?.used.contains(where: \.needsNetwork) ?? false }

    // MARK: Survey

    package func survey() async throws -> SurveyedFlash {
        // Output that an earlier survey sent to the network must come over the line again.
        await transfers?.end()
        let recovery = UBootRecovery(session, lineRate: lineRate)
        let answers = UBootAnswers(session, recovery)
        try await answers.askAll()
        let lost = answers.lost
        var facts = UBootFacts(answers.replies, given: given)
        try facts.checkGiven()
        let reported = try await recovery.surviving { try await self.reportedTwice(facts) }
        facts.found.isSerialFlashSeparate = reported == .two
        let probe = UBootSizeProbe(session, facts)
        let chips = UBootChipMap(facts).chips
        facts.found.sizes = try await recovery.surviving { try await probe.sizes(of: chips) }
        var survey = try UBootSurvey.assemble(facts: facts)
        let lostWords = { (question: String) in ReplyVote.lost(question, of: "U-Boot") }
        // Without one of these replies there may be unknown chips and partitions.
        survey.table = survey.table.adding(lost.filter { UBootFacts.layoutQuestions.contains($0) }.map(lostWords))
        survey.warnings += lost.filter { !UBootFacts.layoutQuestions.contains($0) }.map(lostWords)
        survey.table = survey.table.adding(try await doubts(survey, facts, reported, recovery))
        return flash(survey, answers, facts)
    }

    /// Why chips and sizes may be wrong, as far as reads show.
    private func doubts(
        _ survey: Survey, _ facts: UBootFacts, _ reported: ReportedTwice, _ recovery: UBootRecovery
    ) async throws -> [String] {
        var result: [String] = []
        if reported == .unknown {
            result.append(
                "bdinfo and sf probe report flash of the same size, which is taken for one chip: without free RAM and "
                    + "crc32 their bytes cannot be compared (--ram gives RAM)")
        }
        let check = UBootSizeProbe(session, facts)
        for chip in survey.chips {
            result += [try await recovery.surviving { try await check.doubt(about: chip) }].compactMap(\.self)
        }
        return result
    }

    /// What `bdinfo` and `sf probe` speak of if they report equal sizes.
    private enum ReportedTwice {
        /// One chip, which the board maps into memory; or only one of them reports any.
        case one
        case two
        case unknown
    }

    private func reportedTwice(_ facts: UBootFacts) async throws -> ReportedTwice {
        let joined = UBootChipMap(facts).chips.first { $0.source == "bdinfo" && $0.identification["spi-nor"] != nil }
        guard let joined else { return .one }
        guard let isOne = try await UBootSizeProbe(session, facts).isSerial(joined) else { return .unknown }
        return isOne ? .one : .two
    }

    /// Returns the reader, the writer and all else for the surveyed flash.
    private func flash(
        _ survey: Survey, _ answers: UBootAnswers, _ facts: UBootFacts
    ) -> SurveyedFlash {
        let transfers = UBootTransfers(session, facts, network)
        self.transfers = transfers
        let recovery = UBootRecovery(session, lineRate: lineRate, transfers: transfers)
        let staging = UBootStaging(session, facts)
        let printer = UBootMemoryPrinter(
            session, facts.help, format: wantedFormat,
            printsToNetwork: { transfers.printsToNetwork })
        return SurveyedFlash(
            survey: survey, evidence: answers.evidence,
            reader: UBootFlashReader(
                session, survey, facts, staging, printer, transfers, recovery, store: store, lineRate: lineRate),
            writer: UBootFlashWriter(
                session, recovery, survey, facts, staging, transfers, network),
            layout: UBootLayoutWatch(
                session: session, recovery: recovery, replies: answers.replies, facts: facts, survey: survey),
            transfer: UBootTransferDescription(
                session: session, facts: facts, printer: printer, transfers: transfers),
            hints: .uBoot)
    }
}
