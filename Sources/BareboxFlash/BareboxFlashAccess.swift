package import BoardChannels
package import FlashAccess
import FlashModel
package import LoaderConsoles

/// A board at barebox's prompt.
package final class BareboxFlashAccess {
    private let session: LoaderSession
    private let store: ContentStore
    private let transfers: LoaderTransfers

    /// - Parameters:
    ///   - store: content that need not be transferred again.
    ///   - transfers: over the network, if that is allowed.
    package init(
        _ session: LoaderSession, store: ContentStore, transfers: LoaderTransfers = LoaderTransfers(nil)
    ) {
        self.session = session
        self.store = store
        self.transfers = transfers
    }

    /// The traits of the channel to barebox.
    package var channelTraits: ChannelTraits { session.channelTraits }
    /// How often a command, a line or the whole board had to be retried.
    package var retries: Int { session.retries }
    /// Whether any bytes came over the network.
    package var usesNetwork: Bool { transfers.used.contains(.tftp) }

    package func survey() async throws -> SurveyedFlash {
        let answers = LoaderAnswers(session, prefix: "barebox")
        answers.keepStartLog()
        let commands = BareboxCommands()
        try await ask([commands.help(), commands.version(), commands.model(), commands.devices()], answers)
        try await ask(BareboxFacts(answers.replies).furtherQuestions, answers)
        try await ask(BareboxFacts(answers.replies).badBlockQuestions, answers)
        let facts = BareboxFacts(answers.replies)
        guard facts.hasDump else {
            throw FlashkeepError(
                .toolMissing, what: "This barebox cannot print flash.",
                why: facts.help == nil ? "Its help was not understood." : "It has no md.",
                next: "Read the flash from the board's Linux, or with a programmer.")
        }
        var survey = try BareboxSurvey(facts).survey
        survey.table = survey.table.adding(answers.lost.map { ReplyVote.lost($0, of: "barebox") })
        let readers = try readers(facts)
        return SurveyedFlash(
            survey: survey, evidence: answers.evidence, reader: LoaderFlashReader(session, survey, readers),
            writer: nil, layout: watch(survey, facts),
            transfer: LoaderTransferDescription(session, Array(readers.values)), hints: .barebox)
    }

    private func ask(_ questions: [String], _ answers: LoaderAnswers) async throws {
        for question in questions {
            try await answers.ask(question) { BareboxFacts.isWhole($0, to: question) }
        }
    }

    private func readers(_ facts: BareboxFacts) throws -> [Chip.ID: any LoaderChipReading] {
        var network: BareboxNetwork?
        if let why = facts.networkObstacle {
            try transfers.checkAbsence(of: "barebox", why: why)
        } else if let settings = transfers.settings, let interfaces = facts.devices?.interfaces {
            network = BareboxNetwork(session, interfaces, settings.network, transfers)
        }
        var readers: [Chip.ID: any LoaderChipReading] = [:]
        for flash in facts.flash {
            let checksum = facts.hasChecksum ? BareboxDeviceChecksum(session, flash.name) : nil
            let printer = BareboxDevicePrinter(
                session, flash.name, page: flash.device.isNAND ? flash.device.pageSize : nil, checksum: checksum)
            let printed = PrintedChip(session, printer, size: flash.device.size, checksum: checksum, store: store)
            guard let network else {
                readers[flash.name.text] = printed
                continue
            }
            let upload = BareboxUpload(
                session, flash.name, network, page: flash.device.isNAND ? flash.device.pageSize : nil,
                checksum: checksum)
            readers[flash.name.text] = NetworkedChip(
                session, upload, printed: printed, size: flash.device.size, transfers)
        }
        return readers
    }

    private func watch(_ survey: Survey, _ facts: BareboxFacts) -> LoaderLayoutWatch {
        let session = session
        return LoaderLayoutWatch(survey) {
            var replies = facts.replies
            for question in facts.furtherQuestions {
                // If no two replies agree, the old one stays.
                let reply = try await session.surviving { try await session.agreed(on: question) }
                if let reply { replies[question] = reply }
            }
            return try BareboxSurvey(BareboxFacts(replies)).survey
        }
    }
}
