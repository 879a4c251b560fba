import BackupBags
import FlashAccess
import FlashModel

/// Decides whether an erase block may be written, and through which partition.
extension RestorePlanner {
    /// Adds a block to the plan, or notes why it is not written.
    ///
    /// - Parameters:
    ///   - isNamed: whether the user requested it, so that it is refused if it must not be written.
    ///   - through: the partition to write it through; nil means the smallest.
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
                let why = "it may contain data specific to one unit: calibration, addresses or settings"
                if isNamed {
                    return work.refuse(
                        RestoreRefusal(
                            .ofAnotherUnit, subject, why: why,
                            next: "exclude it: with --another-unit it is never written"))
                }
                work.untouched[subject] = (why, true)
                return
            }
            guard choice.allowed.contains(role) else {
                let isKnown = (owners + devices).contains { $0.partition.role == role }
                let why =
                    (isKnown
                        ? "it is part of the \(Self.words(role))"
                        : "the layout of its chip is unknown, so it may be part of the \(Self.words(role))")
                    + ", and a mistake there \(Self.risk(role))"
                if isNamed {
                    return work.refuse(
                        RestoreRefusal(
                            .notAllowed, subject, why: why,
                            next: "add --allow \(role.rawValue) to write it anyway"))
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
                next: "use another backup, or --only for the intact partitions"))
        return false
    }

    /// Chooses the partition of the board to write a block through.
    ///
    /// - Parameters:
    ///   - offered: the partitions to choose from.
    ///   - devices: all partitions that contain the block.
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
        // A guess says nothing about where the partition begins, but the board knows when it writes.
        let onChip = partition.offsetSource == .guess ? 0 : partition.offset ?? 0
        guard block > 0 else {
            work.refuse(
                RestoreRefusal(
                    .unaligned, title(partition), why: "the board does not report the size of its erase blocks",
                    next: hints.betterTools))
            return false
        }
        guard start % block == 0, onChip % block == 0, candidate.place.range.count == block else {
            work.refuse(
                RestoreRefusal(
                    .unaligned, title(partition),
                    why:
                        "it does not begin and end at boundaries of erase blocks of \(ByteCount.text(block)), "
                        + "or the backup has only a part of one",
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
                        why: "that of the backup had \(differences.joined(separator: ", "))",
                        next: "use a backup of this board, or write volumes and files by hand"))
                return false
            }
            // nil means flash without bad blocks.
            if partition.badBlocks.map({ !$0.isComplete }) ?? chip.kind.isNAND {
                work.refuse(
                    RestoreRefusal(
                        .badBlocksUnknown, title(partition),
                        why: PlainText.line(
                            partition.badBlocks?.note ?? "the board does not report which blocks are bad"),
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
                            why: "\(method.name) also programs blank pages, but UBI needs them erased",
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
        let isNAND = comparison.survey.chip(partition.chip)?.kind.isNAND ?? partition.kind.isNAND
        work.parts[key]?.blocks.append(
            RestorePlan.Block(
                offset: candidate.place.range.lowerBound - place.range.lowerBound, size: candidate.place.range.count,
                image: manifest.images[candidate.pair.old.source].path,
                imageOffset: candidate.pair.old.inSource(candidate.place.range).lowerBound,
                movedFrom: area?.moved[candidate.place.range.lowerBound].map { $0 - place.range.lowerBound },
                isBlank: candidate.change == .written,
                // A NAND page that reads as blank may have been programmed with 0xFF, and so have other ECC bytes.
                isErased: candidate.change != .erased || isNAND))
    }
}
