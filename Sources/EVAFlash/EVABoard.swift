package import FlashAccess
internal import FlashModel

/// A board in EVA or ADAM2, the bootloaders of AVM's boxes, which have an FTP server.
package final class EVABoard: FlashBoard {
    private let link: EVALink
    /// What the loader said when it was reached; nil once it was used.
    private var heard: EVAFacts?
    private var readers: [EVAFlashReader] = []

    private init(_ link: EVALink, _ facts: EVAFacts) {
        self.link = link
        heard = facts
    }

    /// Waits until a loader answers.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `boardSilent`, `authenticationFailed`, `boardLost` and others.
    package static func open(_ link: EVALink) async throws -> EVABoard {
        EVABoard(link, try await link.whenItStarts { session in try await session.facts() })
    }

    package var accessMethod: String { "the FTP server of EVA or ADAM2" }

    package var retries: Int { readers.map(\.repeats).saturatingSum() }

    package func survey() async throws -> SurveyedFlash {
        let facts: EVAFacts
        if let heard {
            facts = heard
            self.heard = nil
        } else {
            facts = try await link.withSession { session in try await session.facts() }
        }
        let survey = try EVASurvey(facts).survey
        let reader = EVAFlashReader(link, survey, canCheck: facts.checks == true)
        readers.append(reader)
        return SurveyedFlash(
            survey: survey, evidence: [Evidence(name: "eva-environment.txt", bytes: facts.dialogue)], reader: reader,
            writer: nil, layout: EVALayoutWatch(survey: survey, link: link),
            transfer: EVATransferDescription(survey), hints: .eva)
    }
}
