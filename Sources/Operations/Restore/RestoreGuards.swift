import BackupBags
import FlashModel

/// Checks whether a board is the one in a backup. Pure.
enum RestoreGuards {
    /// Refusals that apply to the whole board, and warnings.
    static func identity(
        _ manifest: Manifest, _ survey: Survey, _ choice: RestoreChoice
    ) -> (refusals: [RestoreRefusal], warnings: [String]) {
        var refusals: [RestoreRefusal] = []
        var warnings: [String] = []
        let (old, new) = (manifest.board, survey.board)
        if let before = old.model, let now = new.model {
            if before != now {
                refusals.append(
                    RestoreRefusal(
                        .otherModel, "the board",
                        why: "the backup is from a \(PlainText.line(before)), and this is a \(PlainText.line(now))",
                        next: "use a backup of this model; the contents of the backup can be restored by hand, with "
                            + "RESTORE.md"))
            }
        } else if let name = old.compatible.first, let other = new.compatible.first {
            if name != other {
                refusals.append(
                    RestoreRefusal(
                        .otherModel, "the board",
                        why: "the backup is from \(PlainText.line(name)), and this is \(PlainText.line(other))",
                        next: "use a backup of this model"))
            }
        } else {
            warnings.append("the models could not be compared: check that this is the right board")
        }
        if !choice.isAnotherUnit {
            switch old.isSameUnit(as: new) {
            case false?:
                refusals.append(
                    RestoreRefusal(
                        .otherUnit, "the board",
                        why: "its MAC addresses or serial number are not those in the backup: it is another unit",
                        next: "use a backup of this unit; --another-unit allows one of the same model, and then leaves "
                            + "bootloader, environment and calibration as they are"))
            case nil: warnings.append("it is unknown whether this is the unit that the backup is from")
            case true?: break
            }
        }
        return (refusals, warnings)
    }

    /// The differences in a chip's geometry; empty if there are none. Each affects where bytes belong, or how their ECC
    /// is computed.
    static func differences(_ old: Chip, _ new: Chip) -> [String] {
        var found: [String] = []
        func compare(_ name: String, _ before: Int, _ now: Int) {
            if before != now { found.append("\(name) of \(before), now \(now)") }
        }
        if let before = old.exactSize, let now = new.exactSize { compare("a size", before, now) }
        if old.kind == .unknown, new.kind.isNAND {
            // As in dumps from web pages: their bad blocks are unknown too, and so is what was read of them.
            found.append("an unknown type, now NAND")
        } else if old.kind.isNAND || new.kind.isNAND {
            compare("an erase block", old.eraseBlockSize, new.eraseBlockSize)
            compare("a page", old.pageSize, new.pageSize)
            compare("OOB bytes", old.oobSize, new.oobSize)
        }
        let key = "jedec_id"
        if let before = old.identification[key], let now = new.identification[key], before != now {
            found.append("a JEDEC ID of \(PlainText.line(before)), now \(PlainText.line(now))")
        }
        return found
    }
}
