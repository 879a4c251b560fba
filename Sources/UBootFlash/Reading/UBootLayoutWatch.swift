internal import FlashAccess
internal import FlashModel

/// Watches the chips and partitions that U-Boot knows.
struct UBootLayoutWatch: LayoutWatching {
    let session: UBootSession
    let recovery: UBootRecovery
    /// The replies to all questions of the survey, by question.
    let replies: [String: UBootReply]
    let survey: Survey

    func changes() async throws -> [LayoutChange] {
        var replies = replies
        for question in UBootFacts.layoutQuestions where replies[question] != nil {
            let reply = try await recovery.surviving { try await session.agreed(on: question) }
            // A reply that never comes the same twice says nothing new.
            if let reply { replies[question] = reply }
        }
        return LayoutChange.between(survey, try UBootSurvey.assemble(facts: UBootFacts(replies)))
    }
}
