package import BoardChannels
package import FlashAccess
import FlashModel
package import LoaderConsoles

/// A board at barebox's prompt.
package final class BareboxFlashAccess {
    private let session: LoaderSession
    private let store: ContentStore

    /// - Parameter store: content that need not be transferred again.
    package init(_ session: LoaderSession, store: ContentStore) {
        self.session = session
        self.store = store
    }

    /// The traits of the channel to barebox.
    package var channelTraits: ChannelTraits { session.channelTraits }
    /// How often a command, a line or the whole board had to be retried.
    package var retries: Int { session.retries }

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
        let readers = readers(facts)
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

    private func readers(_ facts: BareboxFacts) -> [Chip.ID: any LoaderChipReading] {
        var readers: [Chip.ID: any LoaderChipReading] = [:]
        for flash in facts.flash {
            let checksum = facts.hasChecksum ? BareboxDeviceChecksum(session, flash.name) : nil
            let printer = BareboxDevicePrinter(
                session, flash.name, page: flash.device.isNAND ? flash.device.pageSize : nil, checksum: checksum)
            readers[flash.name.text] = PrintedChip(
                session, printer, size: flash.device.size, checksum: checksum, store: store)
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
