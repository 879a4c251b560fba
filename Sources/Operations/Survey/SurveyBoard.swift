package import BoardChannels
package import FlashAccess
package import FlashModel

/// What a board is, and what a backup of it would be.
package struct SurveyReport: Sendable, Codable, Hashable {
    /// How long reading takes.
    package struct Estimate: Sendable, Codable, Hashable {
        package var bytesPerSecond: Int
        /// For all that a backup reads.
        package var seconds: Int
        /// Whether some blocks were read to find out; else it is what is usual for the way.
        package var isMeasured: Bool
    }

    /// An image that a backup would hold.
    package struct Image: Sendable, Codable, Hashable {
        /// In the backup.
        package var path: String
        package var chip: String
        /// Bytes from the start of the chip; nil where it is not known.
        package var offset: Int?
        /// Bytes.
        package var size: Int
    }

    /// Of this document.
    package var formatVersion = 1
    /// Where the board is, without secrets.
    package var address: String
    /// How it was reached, in words.
    package var way: String
    /// How bulk data crosses.
    package var transfer: String
    package var survey: Survey
    package var images: [Image]
    /// Bytes that a backup reads.
    package var bytesToRead: Int
    /// What a backup would not hold.
    package var gaps: [CoverGap]
    /// What is not known of the board's flash. As long as there is any of it, no backup is called whole.
    package var unknowns: [FlashUnknown]
    /// What it need not read.
    package var skipped: [CoverSkip]
    /// The board's best checksum; nil where it has none, and all is read twice.
    package var checksum: ChecksumAlgorithm?
    /// nil where there is nothing to read.
    package var estimate: Estimate?
    /// Command lines that read flash on this board.
    package var commands: [String]
}

/// Finds out what a board is, without keeping anything.
package enum SurveyBoard {
    /// The most time that measuring takes on a line that is quick, about.
    private static let patience: Duration = .milliseconds(400)

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
                address: connector.address, way: board.way, transfer: flash.transfer.transferName, survey: survey,
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

    /// Reads a little, and more where that was too quick to tell; nil where nothing could be read.
    private static func rate(
        _ plan: BackupPlan, _ reader: any FlashReading, _ environment: OperationEnvironment
    ) async throws -> Int? {
        guard let piece = plan.images.flatMap(\.pieces).max(by: { $0.deviceRange.count < $1.deviceRange.count }),
            let range = piece.good(in: [piece.deviceRange]).max(by: { $0.count < $1.count })
        else { return nil }
        var size = min(range.count, max(64 << 10, piece.partition.eraseBlockSize))
        do {
            // The first read finds the device's node too, and does not count.
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
            // That it cannot be read is for a backup to say; the survey still tells what the board is.
            return nil
        }
    }
}

extension Range<Int> {
    /// Its first bytes.
    fileprivate func prefix(_ count: Int) -> Range<Int> { lowerBound..<Swift.min(upperBound, lowerBound + count) }
}
