package import FlashModel

/// A board's flash as found by one survey, with everything that reads and writes it.
package struct SurveyedFlash {
    package let survey: Survey
    /// The board's replies on which the survey is based.
    package let evidence: [Evidence]
    /// A variable, so that an operation can put another reader in front of it.
    package var reader: any FlashReading & FlashChecksumming
    /// nil if this access method cannot write flash; ``AccessHints/noWriter`` says why.
    package let writer: (any FlashWriting)?
    package let layout: any LayoutWatching
    package let transfer: any TransferDescribing
    package let hints: AccessHints

    package init(
        survey: Survey, evidence: [Evidence], reader: any FlashReading & FlashChecksumming,
        writer: (any FlashWriting)?, layout: any LayoutWatching, transfer: any TransferDescribing, hints: AccessHints
    ) {
        self.survey = survey
        self.evidence = evidence
        self.reader = reader
        self.writer = writer
        self.layout = layout
        self.transfer = transfer
        self.hints = hints
    }

    /// Returns how the board's partitions now differ from ``survey``.
    ///
    /// - Throws: as ``LayoutWatching/changes()``.
    package func layoutChanges() async throws -> [LayoutChange] { try await layout.changes() }
}

/// Watches a surveyed board for changes of its partitions.
package protocol LayoutWatching {
    /// Checks again which partition is which, and whether the board restarted.
    ///
    /// - Returns: the differences from the survey; empty if there are none.
    /// - Throws: as ``FlashBoard/survey()``.
    func changes() async throws -> [LayoutChange]
}

/// Describes how a board's flash is read. The answers may change during reading.
package protocol TransferDescribing {
    /// How bulk data is transferred, for display: `raw`, `gzip`, `base64, frames checked with md5`.
    var transferName: String { get }
    /// The usual rate in bytes per second if the line is so slow that measuring would take long; otherwise nil.
    var usualRate: Int? { get }
    /// Examples of the commands that read flash on this board, one of each kind.
    var commands: [String] { get }
}
