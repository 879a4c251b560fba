import BackupBags
package import BoardChannels
package import FlashAccess
package import FlashModel
package import SystemPackage

/// Proves the images of a backup by checksums that a board computes now, however the backup was made: by other tools, over
/// another way in, years ago. Nothing is read from the board.
package enum BoardProof {
    /// Compares a backup with the checksums of a board's flash.
    ///
    /// - Throws: errors of opening the backup, `bagDamaged`; `toolMissing` if the board computes no checksums;
    ///   `layoutChanged` if they have no flash in common; errors of the board.
    package static func run(
        bag path: FilePath, board connector: any BoardConnector, transcript: TranscriptLog = TranscriptLog(),
        progress: @escaping ProgressHandler = { _ in }
    ) async throws -> BoardProofReport {
        defer { transcript.close() }
        let bag = try await VerifiedBackup.open(path, progress: progress)
        progress(.began(.connecting, bytes: nil))
        return try await connector.withBoard(transcript: transcript) { board in
            progress(.ended(.connecting))
            let flash = try await board.survey(progress)
            guard let algorithm = flash.reader.checksumAlgorithms.first else {
                throw FlashkeepError(
                    .toolMissing, what: "\(PlainText.line(connector.address)) computes no checksums.",
                    why: "This board, or this way to it, has no tool for that.",
                    next: "flashkeep diff reads the flash and compares all of it.")
            }
            let layouts = ComparedLayouts(bag.manifest, flash.survey)
            let checked =
                flash.reader.checksumsWholePartitions
                ? try await WholePartitionChecks.run(bag, flash, layouts, algorithm, progress)
                : try await ranges(
                    bag, flash, layouts, names: (path.string, connector.address), progress: progress)
            return BoardProofReport(
                bag: path.string,
                board: DiffReport.Side(name: connector.address, board: flash.survey.board), algorithm: algorithm,
                manifest: bag.manifest, layouts: layouts, checked: checked)
        }
    }

    /// Compares by the checksums of runs, and of the erase blocks in runs that differ.
    private static func ranges(
        _ bag: VerifiedBackup, _ flash: SurveyedFlash, _ layouts: ComparedLayouts, names: (old: String, new: String),
        progress: @escaping ProgressHandler
    ) async throws -> CheckedFlash {
        let comparison = try await BoardComparison.run(
            bag, flash, layouts, names: names, depth: .blocks, progress: progress)
        let different = Dictionary(grouping: comparison.findings, by: \.space).mapValues { $0.map(\.range) }
        var checked = CheckedFlash()
        checked.different = comparison.findings.map(\.stretch)
        for pair in comparison.overlay.pairs {
            let space = pair.old.space
            checked.equal += pair.meaningful.removing(different[space] ?? []).map {
                FlashStretch(space: space, range: $0)
            }
        }
        for hole in comparison.overlay.newHoles.values.joined() {
            checked.omissions.append(
                CheckedFlash.Omission(
                    stretch: hole.stretch,
                    reason: hole.state == .factoryBad ? "now marked bad" : "now \(hole.state.rawValue)"))
        }
        return checked
    }
}

/// What a board's checksums say about the flash of a backup.
struct CheckedFlash: Sendable {
    struct Omission: Sendable {
        var stretch: FlashStretch
        var reason: String
    }

    var equal: [FlashStretch] = []
    var different: [FlashStretch] = []
    /// Why bytes of the backup were not compared, if there is more to say than that the board does not have them.
    var omissions: [Omission] = []
    /// What to know of the findings, one line each.
    var notes: [String] = []
}
