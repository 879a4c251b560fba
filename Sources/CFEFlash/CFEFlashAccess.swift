package import BoardChannels
package import FlashAccess
import FlashModel
package import LoaderConsoles

/// A board at CFE's prompt.
package final class CFEFlashAccess {
    private let session: LoaderSession
    private let store: ContentStore
    private let given: GivenMemory
    private let transfers: LoaderTransfers

    /// - Parameters:
    ///   - store: content that need not be transferred again; CFE computes no checksums, by which it could be found.
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

    /// The traits of the channel to CFE.
    package var channelTraits: ChannelTraits { session.channelTraits }
    /// How often a command, a line or the whole board had to be retried.
    package var retries: Int { session.retries }
    /// Whether any bytes came over the network.
    package var usesNetwork: Bool { transfers.used.contains(.tftp) }

    package func survey() async throws -> SurveyedFlash {
        let answers = LoaderAnswers(session, prefix: "cfe")
        answers.keepStartLog()
        let commands = CFECommands()
        let whole = { (question: String) in { (reply: ConsoleReply) in CFEFacts.isWhole(reply, to: question) } }
        try await answers.ask(commands.help(), isWhole: whole(commands.help()))
        for question in try CFEFacts.questions(CFEFacts(answers.replies).help) {
            try await answers.ask(question, isWhole: whole(question))
        }
        let facts = CFEFacts(answers.replies, given: given)
        var survey = try CFESurvey.assemble(facts)
        survey.table = survey.table.adding(answers.lost.map { ReplyVote.lost($0, of: "CFE") })
        let readers = try readers(survey, facts)
        return SurveyedFlash(
            survey: survey, evidence: answers.evidence, reader: LoaderFlashReader(session, survey, readers),
            writer: nil, layout: watch(survey, facts),
            transfer: LoaderTransferDescription(session, Array(readers.values)), hints: .cfe)
    }

    private func readers(_ survey: Survey, _ facts: CFEFacts) throws -> [Chip.ID: any LoaderChipReading] {
        let network = try network(survey, facts)
        var readers: [Chip.ID: any LoaderChipReading] = [:]
        for (id, window) in CFEChipMap(facts).windows {
            guard let size = survey.chip(id)?.leastSize else { continue }
            switch window {
            case .device(let name):
                readers[id] = PrintedChip(session, CFEDevicePrinter(name), size: size, store: store)
            case .mapped(let base):
                guard let printer = CFEMemoryPrinter(session, facts.help, base: base) else { continue }
                let printed = PrintedChip(session, printer, size: size, store: store)
                readers[id] =
                    network.map {
                        NetworkedChip(
                            session, CFEUpload(session, base: base, $0), printed: printed, size: size / 16 * 16,
                            transfers)
                    } ?? printed
            case .nand(let geometry): readers[id] = CFENANDReader(session, geometry)
            }
        }
        return readers
    }

    /// nil if flash is printed on the console. Only memory is sent, so flash that is not mapped is not.
    private func network(_ survey: Survey, _ facts: CFEFacts) throws -> CFENetwork? {
        let windows = CFEChipMap(facts).windows.values
        let mapped = windows.filter { if case .mapped = $0 { true } else { false } }
        if let why = facts.networkObstacle
            ?? (mapped.isEmpty ? "save sends memory, and this flash is not mapped." : nil)
        {
            try transfers.checkAbsence(of: "CFE", why: why)
            return nil
        }
        if mapped.count < windows.count {
            try transfers.checkAbsence(of: "CFE", why: "save sends memory, and not all of this flash is mapped.")
        }
        guard let settings = transfers.settings, let device = facts.devices?.interfaces.first else { return nil }
        return CFENetwork(session, device: device, settings.network, transfers)
    }

    private func watch(_ survey: Survey, _ facts: CFEFacts) -> LoaderLayoutWatch {
        let (session, given) = (session, given)
        return LoaderLayoutWatch(survey) {
            var replies = facts.replies
            for question in facts.replies.keys.sorted() where CFEFacts.layoutQuestions.contains(question) {
                let reply = try await session.surviving {
                    try await session.agreed(on: question) { CFEFacts.isWhole($0, to: question) }
                }
                // If no two replies agree, the old one stays.
                if let reply { replies[question] = reply }
            }
            return try CFESurvey.assemble(CFEFacts(replies, given: given))
        }
    }
}
