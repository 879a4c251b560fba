package import BoardChannels
package import FlashAccess
package import FlashModel

/// What a board is, and what a backup of it would contain.
package struct SurveyReport: Sendable, Codable, Hashable {
    /// The estimated time for reading.
    package struct Estimate: Sendable, Codable, Hashable {
        package var bytesPerSecond: Int
        /// For everything that a backup reads.
        package var seconds: Int
        /// Whether it was measured by reading some blocks; otherwise it is the usual rate.
        package var isMeasured: Bool
    }

    /// An image that a backup would contain.
    package struct Image: Sendable, Codable, Hashable {
        /// The path in the backup.
        package var path: String
        package var chip: String
        /// The offset in bytes from the start of the chip; nil if unknown.
        package var offset: Int?
        /// The size in bytes.
        package var size: Int
    }

    /// The version of this document's format.
    package var formatVersion = 1
    /// The board's address, without secrets.
    package var address: String
    /// How it was reached, for display.
    package var way: String
    /// How bulk data is transferred.
    package var transfer: String
    package var survey: Survey
    package var images: [Image]
    /// The number of bytes that a backup reads.
    package var bytesToRead: Int
    /// What a backup would lack.
    package var gaps: [CoverGap]
    /// What is unknown about the board's flash. Unless this is empty, no backup is called whole.
    package var unknowns: [FlashUnknown]
    /// What a backup need not read.
    package var skipped: [CoverSkip]
    /// The board's best checksum; nil if it has none, so that everything must be read twice.
    package var checksum: ChecksumAlgorithm?
    /// nil if there is nothing to read.
    package var estimate: Estimate?
    /// Examples of the commands that read flash on this board.
    package var commands: [String]
}

/// Surveys a board without saving anything.
package enum SurveyBoard {
    /// The approximate time limit for measuring on a fast line.
    private static let patience: Duration = .milliseconds(400)

    /// Surveys a board.
    ///
    /// - Throws: ``FlashkeepError``, `CancellationError`.
    package static func run(
        _ connector: any BoardConnector, environment: OperationEnvironment, transcript: TranscriptLog = TranscriptLog(),
        progress: @escaping ProgressHandler = { _ in }
    ) async throws -> SurveyReport {
        defer { transcript.close() }
        progress(.began(.connecting, bytes: nil))
        return try await connector.withBoard(transcript: transcript) { board in
            progress(.ended(.connecting))
            progress(.began(.surveying, bytes: nil))
            let flash = try await board.survey()
            let survey = flash.survey
            let plan = BackupPlan(survey)
            let estimate = try await estimate(plan, flash, environment)
            progress(.ended(.surveying))
            return SurveyReport(
                address: connector.address, way: board.accessMethod, transfer: flash.transfer.transferName,
                survey: survey,
                images: plan.images.map {
                    SurveyReport.Image(path: $0.path, chip: $0.chip, offset: $0.offset, size: $0.size)
                },
                bytesToRead: plan.size, gaps: plan.cover.gaps, unknowns: survey.unknowns, skipped: plan.cover.skipped,
                checksum: flash.reader.checksumAlgorithms.first, estimate: estimate, commands: flash.transfer.commands)
        }
    }

    private static func estimate(
        _ plan: BackupPlan, _ flash: SurveyedFlash, _ environment: OperationEnvironment
    ) async throws -> SurveyReport.Estimate? {
        guard plan.size > 0 else { return nil }
        let usual = flash.transfer.usualRate
        let measured = usual == nil ? try await rate(plan, flash.reader, environment) : nil
        let rate = measured ?? usual ?? 1 << 20
        return SurveyReport.Estimate(
            bytesPerSecond: rate, seconds: plan.size / rate + (plan.size % rate == 0 ? 0 : 1),
            isMeasured: measured != nil)
    }

    /// Measures the rate by reading a little, or more if that was too fast to measure; nil if nothing could be read.
    private static func rate(
        _ plan: BackupPlan, _ reader: any FlashReading, _ environment: OperationEnvironment
    ) async throws -> Int? {
        guard let piece = plan.images.flatMap(\.pieces).max(by: { $0.deviceRange.count < $1.deviceRange.count }),
            let range = piece.good(in: [piece.deviceRange]).max(by: { $0.count < $1.count })
        else { return nil }
        var size = min(range.count, max(64 << 10, piece.partition.eraseBlockSize))
        do {
            // The first read also looks up the device node, so it does not count.
            try await reader.read(piece.partition, ranges: [range.prefix(size)]) { _ in }
            while true {
                let elapsed = environment.stopwatch()
                try await reader.read(piece.partition, ranges: [range.prefix(size)]) { _ in }
                let time = elapsed()
                if time >= patience / 4 || size >= range.count || size >= 4 << 20 {
                    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
                    return seconds > 0 ? max(1, Int(min(Double(size) / seconds, 1e12))) : nil
                }
                size = min(range.count, size * 4)
            }
        } catch let error as FlashkeepError where error.code == .unreadable || error.code == .partitionVanished {
            // A backup reports this; the survey still shows what the board is.
            return nil
        }
    }
}

extension Range<Int> {
    /// The first bytes of the range.
    fileprivate func prefix(_ count: Int) -> Range<Int> { lowerBound..<Swift.min(upperBound, lowerBound + count) }
}
