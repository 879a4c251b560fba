package import BoardChannels
package import FlashAccess
import FlashModel
package import LoaderConsoles

/// A board at the prompt of Realtek's loader.
package final class RealtekFlashAccess {
    private let session: LoaderSession
    private let store: ContentStore
    private let given: GivenMemory
    private let transfers: LoaderTransfers

    /// - Parameters:
    ///   - store: content that need not be transferred again; the loader computes no checksums, by which it could be
    ///     found.
    ///   - given: what the user knows of the board's memory.
    ///   - transfers: over the network, if that is allowed.
    package init(
        _ session: LoaderSession, store: ContentStore, given: GivenMemory = GivenMemory(),
        transfers: LoaderTransfers = LoaderTransfers(nil)
    ) {
        self.session = session
        self.store = store
        self.given = given
        self.transfers = transfers
    }

    /// The traits of the channel to the loader.
    package var channelTraits: ChannelTraits { session.channelTraits }
    /// How often a command, a line or the whole board had to be retried.
    package var retries: Int { session.retries }
    /// Whether any bytes came over the network.
    package var usesNetwork: Bool { transfers.used.contains(.tftp) }

    package func survey() async throws -> SurveyedFlash {
        let answers = LoaderAnswers(session, prefix: "realtek")
        answers.keepStartLog()
        try await answers.ask(RealtekCommands().help(), as: "help") { RealtekHelp($0) != nil }
        let facts = RealtekFacts(answers.replies, given: given)
        let survey = try RealtekSurvey.assemble(facts)
        let readers = try readers(survey, facts)
        return SurveyedFlash(
            survey: survey, evidence: answers.evidence, reader: LoaderFlashReader(session, survey, readers),
            writer: nil,
            // Nothing that it is asked decides the layout.
            layout: LoaderLayoutWatch(survey) { nil },
            transfer: LoaderTransferDescription(session, Array(readers.values)), hints: .realtek)
    }

    private func readers(_ survey: Survey, _ facts: RealtekFacts) throws -> [Chip.ID: any LoaderChipReading] {
        guard let help = facts.help, let way = facts.way, let chip = survey.chips.first, chip.leastSize > 0 else {
            return [:]
        }
        let dump = RealtekMemoryDump(session, help)
        let printer: any LoaderPrinting =
            switch way {
            case .copied: RealtekCopyPrinter(session, dump, size: chip.leastSize, memory: given.freeRAM)
            case .mapped(let base): RealtekWindowPrinter(dump, base: base)
            }
        let printed = PrintedChip(session, printer, size: chip.leastSize, store: store)
        guard let download = try download(facts, dump, size: chip.leastSize) else { return [chip.id: printed] }
        return [
            chip.id: NetworkedChip(
                session, download, printed: printed, size: chip.leastSize / 16 * 16, transfers)
        ]
    }

    /// nil if flash is printed on the console.
    private func download(
        _ facts: RealtekFacts, _ dump: RealtekMemoryDump, size: Int
    ) throws -> RealtekDownload? {
        let copy = RealtekCopyPrinter(session, dump, size: size, memory: given.freeRAM, most: Self.mostAtOnce)
        if let why = facts.networkObstacle(memory: copy.memory.lowerBound) {
            try transfers.checkAbsence(of: "Realtek loader", why: why)
            return nil
        }
        if facts.help?.has("LOADADDR") != true {
            // The second reading would have to be printed.
            try transfers.checkAbsence(
                of: "Realtek loader",
                why: "Its help lists no LOADADDR, so its server has the same RAM for both readings.")
        }
        guard let settings = transfers.settings?.network, let client = settings.client else { return nil }
        let network = RealtekNetwork(
            session, settings, transfers, memory: copy.memory.lowerBound,
            hasLoadAddress: facts.help?.has("LOADADDR") == true)
        return RealtekDownload(session, copy, dump, network, client)
    }

    /// The bytes that are fetched in one go.
    private static let mostAtOnce = 512 << 10
}
