import BackupBags
import FlashAccess
import FlashModel

/// Decides what a restore writes and what it refuses. Pure: the same backup, board and choice give the same plan or the
/// same refusals.
struct RestorePlanner {
    let backup: String
    let address: String
    let manifest: Manifest
    let comparison: BoardComparison
    let placement: BlockPlacement
    let choice: RestoreChoice
    /// The usual rate of the line in bytes per second; nil if it is fast.
    let rate: Int?
    /// Returns the board's method of writing a partition.
    let method: (Partition) throws(WriteRefusal) -> WriteMethod
    /// The access method's advice.
    let hints: AccessHints
    /// Blocks that are bad on the board but not in the backup, where they have data.
    let lostToBadBlocks: [FlashStretch]
    /// Blocks with an unfinished write of an earlier restore. They are written whatever they contain now.
    let unfinished: [FlashStretch]
    /// The board of another unfinished restore of this backup; nil if there is none.
    let openElsewhere: BoardIdentity?
    /// The journal of that restore.
    let journal: String

    /// The result of planning.
    enum Outcome {
        case plan(RestorePlan)
        /// At least one.
        case refused([RestoreRefusal])
    }

    /// An erase block that may have to be written.
    struct Candidate {
        var place: FlashStretch
        /// nil if it may be equal.
        var change: BlockChange?
        var pair: FlashOverlay.Pair
    }

    /// The intermediate results of planning.
    struct Work {
        var refusals: [RestoreRefusal] = []
        var untouched: [String: (reason: String, differs: Bool)] = [:]
        var parts: [PartKey: RestorePlan.Part] = [:]
        /// Doubts, one line each.
        var warnings: [String] = []

        mutating func refuse(_ refusal: RestoreRefusal) {
            // One of each kind for a partition is enough: hundreds of its blocks may share the reason.
            if !refusals.contains(where: { $0.code == refusal.code && $0.subject == refusal.subject }) {
                refusals.append(refusal)
            }
        }
    }

    struct PartKey: Hashable {
        var partition: Int
        var role: Partition.Role
        var policy: RestorePlan.Policy
    }

    func outcome() -> Outcome {
        let identity = RestoreGuards.identity(manifest, comparison.survey, choice)
        var work = Work()
        work.refusals = identity.refusals + elsewhere
        let chosen = choose(&work)
        for candidate in candidates where chosen.contains(candidate.place) {
            consider(candidate, isNamed: !choice.only.isEmpty, &work)
        }
        if work.refusals.isEmpty { writeWholePartitions(chosen, &work) }
        for lost in lostToBadBlocks where chosen.contains(lost) && placement.area(of: lost)?.refusal == nil {
            work.refuse(
                RestoreRefusal(
                    .badBlock, subject(lost),
                    why:
                        "the block at \(ByteCount.hex(lost.range.lowerBound)) of the chip is bad on the board, and the "
                        + "backup has data for it",
                    next:
                        "use --skip-bad with its name if its reader skips bad blocks, as many bootloaders do; "
                        + "otherwise exclude it with --only"))
        }
        refusePlacements(chosen, &work)
        for place in comparison.old.places where chosen.contains(place.stretch) {
            lookForFlash(of: place, &work)
        }
        guard work.refusals.isEmpty else { return .refused(work.refusals) }
        return .plan(
            plan(work, warnings: identity.warnings + work.warnings + missing(chosen) + halfWritten(chosen)))
    }

    // MARK: The plan

    private func plan(_ work: Work, warnings: [String]) -> RestorePlan {
        let parts = work.parts.values.sorted {
            (Self.rank($0.role), $0.partition.index, $0.policy.rawValue)
                < (Self.rank($1.role), $1.partition.index, $1.policy.rawValue)
        }.map { part in
            var part = part
            part.blocks.sort { $0.offset < $1.offset }
            return part
        }
        var untouched = work.untouched.sorted { $0.key < $1.key }.map {
            RestorePlan.Untouched(subject: $0.key, reason: $0.value.reason, differs: $0.value.differs)
        }
        let written = Set(parts.map(\.partition.index))
        for place in comparison.old.places where work.untouched[title(place.partition)] == nil {
            let differs = comparison.findings.contains { $0.stretch.overlaps(place.stretch) }
            let compared = comparison.compared.parts(of: place.range, in: place.space)
            guard differs || PartitionMap.gaps(in: place.range, leaving: compared).isEmpty else {
                untouched.append(
                    RestorePlan.Untouched(
                        subject: title(place.partition), reason: "it was not requested, and not compared",
                        differs: nil))
                continue
            }
            if differs, written.contains(place.partition.index) || choice.only.isEmpty { continue }
            untouched.append(
                RestorePlan.Untouched(
                    subject: title(place.partition),
                    reason: differs ? "it was not requested" : "it is already the same",
                    differs: differs))
        }
        return RestorePlan(
            backup: backup, address: address, parts: parts, untouched: untouched, warnings: warnings,
            seconds: RestoreTime.estimate(parts, rate: rate))
    }

    /// Refuses if another board has an unfinished restore of this backup: its journal does not apply to this board.
    private var elsewhere: [RestoreRefusal] {
        let now = comparison.survey.board
        guard let other = openElsewhere, other.isSameUnit(as: now) == false else { return [] }
        let name = other.macAddresses.first ?? other.serialNumber ?? other.hostname ?? "another board"
        return [
            RestoreRefusal(
                .otherRestoreOpen, "the board",
                why: "a restore of this backup to another unit, \(PlainText.line(name)), was begun and is not complete",
                next:
                    "complete that one first; to abandon it, and with it the record of that unit's half-written "
                    + "blocks, move \(PlainText.line(journal)) away")
        ]
    }

    /// Warns of blocks with an unfinished write of an earlier restore that are not in the choice.
    private func halfWritten(_ chosen: Chosen) -> [String] {
        let left = Set(unfinished.filter { !chosen.contains($0) }.map(subject)).sorted()
        guard !left.isEmpty else { return [] }
        return [
            "an earlier restore left erase blocks of \(left.joined(separator: ", ")) half written, and this one does "
                + "not repair them: restore that too"
        ]
    }

    /// Warns of chosen flash that is not in the backup.
    private func missing(_ chosen: Chosen) -> [String] {
        let unread = comparison.overlay.oldHoles.values.joined().filter {
            $0.state == .unread && chosen.contains($0.stretch)
        }
        guard !unread.isEmpty else { return [] }
        return [
            "the backup has no bytes for \(ByteCount.text(unread.map(\.range.count).saturatingSum())) of this flash, "
                + "which could not be read; they are left as they are"
        ]
    }

    // MARK: Titles and positions

    func title(_ partition: Partition) -> String {
        PrintableText.partition(partition.label, partition.name)
    }

    func subject(_ stretch: FlashStretch) -> String {
        narrowest(comparison.old.places.filter { $0.stretch.overlaps(stretch) }).map { title($0.partition) }
            ?? "the flash"
    }

    func narrowest(_ places: [FlashLayout.Place]) -> FlashLayout.Place? {
        places.min { ($0.range.count, $0.partition.index) < ($1.range.count, $1.partition.index) }
    }
}
