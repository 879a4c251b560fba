internal import FlashAccess
internal import FlashModel

/// Detects changes of the chips that RedBoot reports.
///
/// The directory may change: a restore writes it. Partitions are places on the chips, wherever the directory then says
/// that its images are.
struct RedBootLayoutWatch: LayoutWatching {
    let session: RedBootSession
    let recovery: RedBootRecovery
    /// As of the survey.
    let facts: RedBootFacts
    let survey: Survey

    func changes() async throws -> [LayoutChange] {
        let question = session.commands.version()
        // If no two replies agree, keep the old one.
        guard let reply = try await recovery.surviving({ try await session.agreed(on: question) }) else { return [] }
        var replies = facts.replies
        replies[question] = reply
        var now = RedBootFacts(replies)
        now.directory = facts.directory
        now.configuration = facts.configuration
        now.notes = facts.notes
        now.doubts = facts.doubts
        return LayoutChange.between(survey, try RedBootSurvey.assemble(now))
    }
}
