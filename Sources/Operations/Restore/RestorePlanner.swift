import BackupBags
import FlashAccess
import FlashModel

/// Decides what a restore writes, and what must not be written. Pure: the same backup, board and wishes give the same
/// plan or the same refusals.
struct RestorePlanner {
    let backup: String
    let address: String
    let manifest: Manifest
    let comparison: BoardComparison
    let placement: BlockPlacement
    let choice: RestoreChoice
    /// Bytes a second that are usual on the line; nil where it is quick.
    let rate: Int?
    /// How the board writes a partition.
    let method: (Partition) throws(WriteRefusal) -> WriteMethod
    /// What the way in advises.
    let hints: AccessHints
    /// Blocks that are bad on the board and not in the backup, whose bytes there are not blank.
    let lostToBadBlocks: [FlashStretch]
    /// Blocks that an earlier restore had begun to write and did not finish: they are written whatever they read as now.
    let unfinished: [FlashStretch]
    /// The board that another restore of this backup is not done with; nil where there is none.
    let openElsewhere: BoardIdentity?
    /// Where that is written down.
    let journal: String

    /// What came of planning.
    enum Outcome {
        case plan(RestorePlan)
        /// At least one.
        case refused([RestoreRefusal])
    }

    /// An erase block that should become another.
    struct Candidate {
        var place: FlashStretch
        /// nil where it only may differ.
        var change: BlockChange?
        var pair: FlashOverlay.Pair
    }

    /// What is gathered while planning.
    struct Work {
        var refusals: [RestoreRefusal] = []
        var untouched: [String: (reason: String, differs: Bool)] = [:]
        var parts: [PartKey: RestorePlan.Part] = [:]
        /// Doubts, one line each.
        var warnings: [String] = []

        mutating func refuse(_ refusal: RestoreRefusal) {
            // One of each kind for a partition: its hundred blocks have the same reason.
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
                        "--skip-bad with its name if what reads it skips bad blocks, as many bootloaders do; else leave it "
                        + "out with --only"))
        }
        refusePlacements(chosen, &work)
        for place in comparison.old.places where chosen.contains(place.stretch) {
            lookForFlash(of: place, &work)
        }
        guard work.refusals.isEmpty else { return .refused(work.refusals) }
        return .plan(
            plan(work, warnings: identity.warnings + work.warnings + missing(chosen) + halfWritten(chosen)))
    }

    // MARK: What is asked for

    /// Ranges of flash that may be written as far as the user's words go.
    struct Chosen {
        /// nil for all.
        var stretches: [FlashStretch]?

        func contains(_ stretch: FlashStretch) -> Bool { stretches?.contains { $0.overlaps(stretch) } ?? true }
    }

    private func choose(_ work: inout Work) -> Chosen {
        guard !choice.only.isEmpty else { return Chosen(stretches: nil) }
        var places: [FlashLayout.Place] = []
        for word in choice.only {
            let named = RestoreChoice(only: [word])
            let found = comparison.old.places.filter { named.names($0.partition) }
            if found.count == 1 {
                places += found
                continue
            }
            let title = "\"\(PlainText.line(word))\""
            if let record = manifest.partitions.first(where: { named.names($0.partition) }), found.isEmpty {
                let isVolume = record.partition.isUBIVolume
                work.refuse(
                    RestoreRefusal(
                        isVolume ? .volumeView : .notInBackup, record.title,
                        why: PlainText.line(record.reason ?? "the backup has no bytes of it"),
                        next: isVolume
                            ? "restore the partition below UBI" : "take another backup, of a board that shows it"))
            } else {
                let names = comparison.old.places.map { self.title($0.partition) }.joined(separator: ", ")
                work.refuse(
                    RestoreRefusal(
                        .unknownPartition, title,
                        why: found.isEmpty
                            ? "the backup has no such partition; it has \(names)"
                            : "\(found.count) partitions have this name",
                        next: "give its number, as mtd3; flashkeep verify --verbose and RESTORE.md list them"))
            }
        }
        for (number, first) in places.enumerated() {
            for second in places.dropFirst(number + 1)
            where first.stretch.overlaps(second.stretch) && first != second {
                work.refuse(
                    RestoreRefusal(
                        .overlappingChoice, title(first.partition),
                        why: "it shares bytes with \(title(second.partition))", next: "name one of the two"))
            }
        }
        return Chosen(stretches: places.map(\.stretch))
    }

    /// Partitions whose blocks cannot be placed on this board.
    private func refusePlacements(_ chosen: Chosen, _ work: inout Work) {
        for area in placement.areas where chosen.contains(area.stretch) {
            guard let why = area.refusal else { continue }
            work.refuse(
                RestoreRefusal(
                    .badBlock, subject(area.stretch), why: why,
                    next: "leave it out with --only, or put its content back by other means: extract gives it"))
        }
        for word in choice.streams {
            let named = RestoreChoice(streams: [word])
            guard
                !placement.areas.contains(where: { area in
                    comparison.old.places.contains { $0.stretch == area.stretch && named.isStream($0.partition) }
                })
            else { continue }
            work.refuse(
                RestoreRefusal(
                    .unknownPartition, "--skip-bad \(PlainText.line(word))",
                    why: "it is no NAND partition that backup and board have at the same place",
                    next: "leave the option out: only NAND has bad blocks that could be skipped"))
        }
    }

    /// Whether the board has all of the flash that a partition of the backup was on.
    private func lookForFlash(of place: FlashLayout.Place, _ work: inout Work) {
        let common = (comparison.new.runs[place.space] ?? []).map(\.range)
        let gaps = PartitionMap.gaps(in: place.range, leaving: common)
        guard let gap = gaps.first else { return }
        let why =
            "no partition of the board reaches \(ByteCount.text(gaps.map(\.count).saturatingSum())) of it, from "
            + "\(ByteCount.hex(gap.lowerBound - place.range.lowerBound)) on"
        guard choice.names(place.partition) else {
            work.untouched[title(place.partition)] = (why, true)
            return
        }
        work.refuse(
            RestoreRefusal(
                .layoutChanged, title(place.partition), why: why,
                next: "start the board with the partition table that the backup was made with"))
    }

    /// All blocks that differ, and those that were begun.
    private var candidates: [Candidate] {
        let pairs = Dictionary(grouping: comparison.overlay.pairs, by: \.old.space)
        func candidate(_ place: FlashStretch, _ change: BlockChange?) -> Candidate? {
            pairs[place.space]?.first { $0.range.contains(place.range.lowerBound) }
                .map { Candidate(place: place, change: change, pair: $0) }
        }
        let known = Set(comparison.findings.map(\.stretch))
        let all =
            comparison.findings.compactMap { candidate($0.stretch, $0.change) }
            + unfinished.filter { !known.contains($0) }.compactMap { candidate($0, nil) }
        return all.sorted {
            ($0.pair.new.source, $0.place.range.lowerBound) < ($1.pair.new.source, $1.place.range.lowerBound)
        }
    }

    // MARK: One block

    /// - Parameters:
    ///   - isNamed: whether the user asked for it, so that it is refused where it must not be written.
    ///   - through: the partition to write it through; nil is the narrowest.
    func consider(
        _ candidate: Candidate, isNamed: Bool, through: FlashLayout.Place? = nil, _ work: inout Work
    ) {
        let owners = comparison.old.places.filter { $0.stretch.overlaps(candidate.place) }
        let devices = comparison.new.places.filter { $0.stretch.overlaps(candidate.place) }
        let role = strictest(owners + devices)
        let subject = subject(candidate.place)
        if RestoreChoice.guarded.contains(role) {
            if choice.isAnotherUnit {
                // Many vendors keep the MAC address in the bootloader's last bytes.
                let why = "it may hold what belongs to one unit: calibration, addresses or settings"
                if isNamed {
                    return work.refuse(
                        RestoreRefusal(.ofAnotherUnit, subject, why: why, next: "leave it out: it is never written so"))
                }
                work.untouched[subject] = (why, true)
                return
            }
            guard choice.allowed.contains(role) else {
                let isKnown = (owners + devices).contains { $0.partition.role == role }
                let why =
                    (isKnown
                        ? "it is a part of the \(Self.words(role))"
                        : "nothing tells what is where on its chip, so that it may be a part of the \(Self.words(role))")
                    + ", and a mistake there \(Self.risk(role))"
                if isNamed {
                    return work.refuse(
                        RestoreRefusal(
                            .notAllowed, subject, why: why,
                            next: "add --allow \(role.rawValue) to write it all the same"))
                }
                work.untouched[subject] = ("\(why); --allow \(role.rawValue) writes it", true)
                return
            }
        }
        guard isSound(candidate, subject, &work),
            let device = device(through.map { [$0] } ?? devices, devices, candidate, subject, &work)
        else { return }
        add(candidate, role, device, &work)
    }

    /// Whether the backup's bytes are what the flash held.
    private func isSound(_ candidate: Candidate, _ subject: String, _ work: inout Work) -> Bool {
        let image = manifest.images[candidate.pair.old.source]
        let inImage = candidate.pair.old.inSource(candidate.place.range)
        guard let damage = image.blocks.first(where: { $0.state.isDamage && $0.range.overlaps(inImage) }) else {
            return true
        }
        work.refuse(
            RestoreRefusal(
                .damagedImage, subject,
                why: "the backup's bytes at \(ByteCount.hex(damage.offset)) of \(PlainText.line(image.path)) are "
                    + "\(damage.state.rawValue)",
                next: "use another backup, or --only for the partitions that are sound"))
        return false
    }

    /// The partition of the board to write a block through.
    ///
    /// - Parameters:
    ///   - offered: those that may be taken.
    ///   - devices: all that the block belongs to.
    private func device(
        _ offered: [FlashLayout.Place], _ devices: [FlashLayout.Place], _ candidate: Candidate, _ subject: String,
        _ work: inout Work
    ) -> FlashLayout.Place? {
        if let used = devices.first(where: { !$0.partition.uses.isEmpty }) {
            work.refuse(
                RestoreRefusal(
                    .inUse, title(used.partition),
                    why:
                        "the running system uses it: \(used.partition.uses.map { PlainText.line($0) }.joined(separator: ", "))",
                    next: hints.inUse))
            return nil
        }
        let whole = offered.filter {
            $0.range.lowerBound <= candidate.place.range.lowerBound
                && $0.range.upperBound >= candidate.place.range.upperBound
        }
        guard let place = narrowest(whole.filter { $0.partition.isWritable != false }) else {
            let name = narrowest(whole).map { title($0.partition) } ?? subject
            work.refuse(
                RestoreRefusal(.readOnly, name, why: hints.readOnly.why, next: hints.readOnly.next))
            return nil
        }
        return isWritable(place, candidate, &work) ? place : nil
    }

    private func isWritable(_ place: FlashLayout.Place, _ candidate: Candidate, _ work: inout Work) -> Bool {
        let partition = place.partition
        let block = partition.eraseBlockSize
        let start = candidate.place.range.lowerBound - place.range.lowerBound
        // A guess says nothing of where it really begins; that of what is written, the board's kernel knows.
        let onChip = partition.offsetSource == .guess ? 0 : partition.offset ?? 0
        guard block > 0, start % block == 0, onChip % block == 0, candidate.place.range.count == block else {
            work.refuse(
                RestoreRefusal(
                    .unaligned, title(partition),
                    why:
                        "it does not begin and end with erase blocks of \(ByteCount.text(max(0, block))), or the backup "
                        + "has only a part of one",
                    next: "restore it through a partition that does, or from the bootloader"))
            return false
        }
        if let chip = comparison.survey.chip(partition.chip),
            let old = manifest.chip(manifest.images[candidate.pair.old.source].chip)
        {
            let differences = RestoreGuards.differences(old, chip)
            guard differences.isEmpty else {
                work.refuse(
                    RestoreRefusal(
                        .otherChip, "chip \(PlainText.line(chip.id))",
                        why: "the backup's had \(differences.joined(separator: ", "))",
                        next: "use a backup of this board, or write volumes and files by hand"))
                return false
            }
            // nil is flash that has none.
            if partition.badBlocks.map({ !$0.isComplete }) ?? chip.kind.isNAND {
                work.refuse(
                    RestoreRefusal(
                        .badBlocksUnknown, title(partition),
                        why: PlainText.line(
                            partition.badBlocks?.note ?? "nothing on the board tells which blocks are bad"),
                        next: hints.unknownBadBlocks))
                return false
            }
        }
        return true
    }

    private func add(_ candidate: Candidate, _ role: Partition.Role, _ place: FlashLayout.Place, _ work: inout Work) {
        let partition = place.partition
        let area = placement.area(of: candidate.place)
        let policy = area?.policy ?? .absolute
        let key = PartKey(partition: partition.index, role: role, policy: policy)
        if work.parts[key] == nil {
            do {
                let method = try method(partition)
                guard policy != .ubi || !method.writesBlankPages else {
                    return work.refuse(
                        RestoreRefusal(
                            .noWay, title(partition),
                            why: "\(method.name) programs blank pages too, and UBI must find those erased",
                            next: hints.betterTools))
                }
                work.parts[key] = RestorePlan.Part(
                    partition: partition, content: [], role: role, policy: policy, method: method, blocks: [],
                    ifPowerFails: aftermath(role))
            } catch {
                return work.refuse(RestoreRefusal(.noWay, title(partition), why: error.why, next: error.next))
            }
        }
        let owner = subject(candidate.place)
        if work.parts[key]?.content.contains(owner) == false { work.parts[key]?.content.append(owner) }
        let isNAND = comparison.survey.chip(partition.chip)?.kind.isNAND ?? partition.type.contains("nand")
        work.parts[key]?.blocks.append(
            RestorePlan.Block(
                offset: candidate.place.range.lowerBound - place.range.lowerBound, size: candidate.place.range.count,
                image: manifest.images[candidate.pair.old.source].path,
                imageOffset: candidate.pair.old.inSource(candidate.place.range).lowerBound,
                movedFrom: area?.moved[candidate.place.range.lowerBound].map { $0 - place.range.lowerBound },
                isBlank: candidate.change == .written,
                // A page of NAND that reads as blank may have been programmed so, with ECC bytes that are not.
                isErased: candidate.change != .erased || isNAND))
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
            if differs, written.contains(place.partition.index) || choice.only.isEmpty { continue }
            untouched.append(
                RestorePlan.Untouched(
                    subject: title(place.partition),
                    reason: differs ? "it was not asked for" : "it is the same already",
                    differs: differs))
        }
        return RestorePlan(
            backup: backup, address: address, parts: parts, untouched: untouched, warnings: warnings,
            seconds: RestoreTime.estimate(parts, rate: rate))
    }

    /// What is known of one board must not be taken for what is known of another.
    private var elsewhere: [RestoreRefusal] {
        let now = comparison.survey.board
        guard let other = openElsewhere, other.isSameUnit(as: now) == false else { return [] }
        let name = other.macAddresses.first ?? other.serialNumber ?? other.hostname ?? "another board"
        return [
            RestoreRefusal(
                .otherRestoreOpen, "the board",
                why: "a restore of this backup onto another unit, \(PlainText.line(name)), was begun and is not done",
                next:
                    "end that one first; to give it up, and with it what is known of that unit's half-written blocks, "
                    + "move \(PlainText.line(journal)) out of the way")
        ]
    }

    /// Blocks that an earlier restore had begun, and that are not asked for now.
    private func halfWritten(_ chosen: Chosen) -> [String] {
        let left = Set(unfinished.filter { !chosen.contains($0) }.map(subject)).sorted()
        guard !left.isEmpty else { return [] }
        return [
            "an earlier restore left erase blocks of \(left.joined(separator: ", ")) half written, and this one leaves them "
                + "so: restore that too"
        ]
    }

    /// What of the choice the backup cannot give.
    private func missing(_ chosen: Chosen) -> [String] {
        let unread = comparison.overlay.oldHoles.values.joined().filter {
            $0.state == .unread && chosen.contains($0.stretch)
        }
        guard !unread.isEmpty else { return [] }
        return [
            "the backup has no bytes for \(ByteCount.text(unread.map(\.range.count).saturatingSum())) of this flash, "
                + "which could not be read then; they stay as they are"
        ]
    }

    // MARK: Words and places

    func title(_ partition: Partition) -> String {
        PrintableText.partition(partition.index, partition.name)
    }

    private func subject(_ stretch: FlashStretch) -> String {
        narrowest(comparison.old.places.filter { $0.stretch.overlaps(stretch) }).map { title($0.partition) }
            ?? "the flash"
    }

    private func narrowest(_ places: [FlashLayout.Place]) -> FlashLayout.Place? {
        places.min { ($0.range.count, $0.partition.index) < ($1.range.count, $1.partition.index) }
    }

    /// The most delicate of all that a block belongs to.
    private func strictest(_ places: [FlashLayout.Place]) -> Partition.Role {
        let roles = Set(places.map(\.partition.role))
        if let guarded = [Partition.Role.bootloader, .calibration, .environment].first(where: roles.contains) {
            return guarded
        }
        // Of a chip of which nobody told what is where, any block may be the bootloader's.
        let all = comparison.old.places + comparison.new.places
        if places.allSatisfy({ $0.partition.offsetSource == .wholeChip }),
            !all.contains(where: { place in
                place.partition.role == .bootloader && places.contains { $0.space == place.space }
            })
        {
            return .bootloader
        }
        return [.firmware, .config].first(where: roles.contains) ?? .unknown
    }
}
