internal import FlashAccess
internal import FlashModel

/// Detects changes of the chips and partitions that U-Boot reports.
struct UBootLayoutWatch: LayoutWatching {
    let session: UBootSession
    let recovery: UBootRecovery
    /// The survey's replies, by question.
    let replies: [String: UBootReply]
    /// As of the survey.
    let facts: UBootFacts
    let survey: Survey

    func changes() async throws -> [LayoutChange] {
        var replies = replies
        for question in UBootFacts.layoutQuestions where replies[question] != nil {
            let reply = try await recovery.surviving { try await session.agreed(on: question) }
            // If no two replies agree, keep the old one.
            if let reply { replies[question] = reply }
        }
        return LayoutChange.between(
            survey, try UBootSurvey.assemble(facts: UBootFacts(replies, given: facts.given, found: facts.found)))
    }
}
