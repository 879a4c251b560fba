import BackupBags
import FlashAccess
import FlashModel

/// A backup that the first survey has started.
struct BackupDraft: Sendable {
    var survey: Survey
    var evidence: [Evidence]
    var plan: BackupPlan
    var builder: BagBuilder
    /// The partitions that were asked for, for display; nil for all.
    var only: [String]?
}

/// The flash that was read and proven, and how: everything that a manifest needs.
struct BackupCapture: Sendable {
    var draft: BackupDraft
    /// How the board was reached, for display.
    var way: String
    /// How bulk data was transferred, for display.
    var transfer: String
    /// Examples of the commands that read the flash.
    var commands: [String]
    /// How a person would write each partition, by MTD number.
    var procedures: [Int: ManualProcedure]

    /// - Parameters:
    ///   - proofs: by path in the bag.
    ///   - doubts: about the partition table, found after the survey.
    ///   - warnings: in addition to those of the survey.
    func manifest(
        proofs: [String: Proof], doubts: [String], warnings: [String], record: CaptureRecord
    ) throws -> Manifest {
        let (survey, plan) = (draft.survey, draft.plan)
        let images = try plan.images.map { image in
            let writer = try draft.builder.image(path: image.path, size: image.size)
            let holes = image.pieces.flatMap { piece in piece.holes.map { piece.imageRange(of: $0.range).lowerBound } }
            return ImageRecord(
                path: image.path, chip: image.chip, offset: image.offset, size: image.size,
                representation: image.representation, sha256: try writer.sha256(),
                proof: proofs[image.path] ?? Proof.none, badBlocks: holes.sorted(), blocks: writer.findings)
        }
        return Manifest(
            board: survey.board, chips: survey.chips, partitions: partitions, images: images,
            gaps: plan.cover.gaps,
            ubi: survey.ubi, table: survey.table.adding(doubts), otherStorage: survey.otherStorage, capture: record,
            warnings: survey.warnings + warnings)
    }

    private var partitions: [PartitionRecord] {
        let plan = draft.plan
        return draft.survey.partitions.map { partition in
            let view = plan.cover.view(of: partition.index).flatMap { view -> PartitionRecord.View? in
                guard plan.cover.images.indices.contains(view.image) else { return nil }
                let path = "data/images/\(plan.cover.images[view.image].fileName)"
                guard plan.images.contains(where: { $0.path == path }) else { return nil }
                return PartitionRecord.View(image: path, offset: view.offset)
            }
            let reason = plan.cover.skipped.first { $0.partition == partition.index }?.reason
            return PartitionRecord(partition, view: view, reason: view == nil ? reason ?? "not read" : nil)
        }
    }
}
