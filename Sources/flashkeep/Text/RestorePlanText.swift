import BackupBags
import FlashAccess
import FlashModel
import Operations

/// The text that `restore` prints. Pure.
enum RestorePlanText {
    // MARK: The plan

    static func text(_ plan: RestorePlan, style: TextStyle, isVerbose: Bool) -> String {
        var lines: [String] = []
        if plan.blockCount == 0 {
            lines.append(
                plan.untouched.contains { $0.differs == true }
                    ? "\(style.doubtful("Nothing is written")): everything that differs is left as it is."
                    : "\(style.good("Nothing to write")): everything is as in the backup.")
        } else {
            lines.append(
                "\(style.strong("Plan")): \(CountText.text(plan.blockCount, "erase block")) of "
                    + "\(SafeText.line(plan.address)), \(CountText.text(plan.eraseCount, "erase")), "
                    + "\(ByteCount.text(plan.bytesToSend)) to send, about \(DurationText.text(seconds: plan.seconds)).")
            var table = TextTable([
                ("Order", .right), ("Partition", .left), ("Role", .left), ("Erase blocks", .right), ("Method", .left),
            ])
            for (number, part) in plan.parts.enumerated() {
                table.add([
                    "\(number + 1)", title(part.partition), part.role.rawValue,
                    "\(part.blocks.count) of \(blocks(part.partition))", part.method.name,
                ])
            }
            lines += table.lines(style: style)
            if plan.changesPartitions {
                lines.append(
                    style.doubtful("Partitions that differ from the backup's")
                        + ": bytes return to their original place on the chip.")
                for part in plan.parts where !part.isUnchanged {
                    lines.append(
                        "  \(title(part.partition)) is now where the backup has "
                            + part.content.map { SafeText.line($0) }.joined(separator: ", "))
                }
            }
            let moved = plan.parts.flatMap(\.blocks).count { $0.movedFrom != nil }
            if moved > 0 {
                lines.append(
                    "\(CountText.text(moved, "erase block")) of them \(moved == 1 ? "moves" : "move") past bad ones.")
            }
            lines.append("If the power fails during the restore:")
            var told: Set<String> = []
            for part in plan.parts where told.insert(part.ifPowerFails).inserted {
                lines.append("  \(part.role.rawValue): \(part.ifPowerFails)")
            }
            if isVerbose { lines += details(plan) }
        }
        let differing = plan.untouched.filter { $0.differs == true }
        if !differing.isEmpty {
            lines.append(style.doubtful("Left as it is, although it differs:"))
            lines += differing.map { "  \(SafeText.line($0.subject)): \(SafeText.line($0.reason))" }
        }
        lines += partitions("Already as in the backup", plan.untouched.filter { $0.differs == false }.map(\.subject))
        lines += partitions(
            "Not requested, and not compared", plan.untouched.filter { $0.differs == nil }.map(\.subject))
        lines += plan.warnings.map { "Note: \(SafeText.line($0))" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Partitions by name, unless that would fill the screen.
    private static func partitions(_ what: String, _ subjects: [String]) -> [String] {
        guard !subjects.isEmpty else { return [] }
        let names = subjects.prefix(mostNames).map { SafeText.line($0) }.joined(separator: ", ")
        let more = subjects.count - mostNames
        return ["\(what): \(names)\(more > 0 ? " and \(more) more" : "")."]
    }

    private static let mostNames = 8

    private static func details(_ plan: RestorePlan) -> [String] {
        plan.parts.flatMap { part -> [String] in
            ["\(title(part.partition)), \(part.policy.rawValue), by \(SafeText.line(part.method.name)):"]
                + part.blocks.map { block in
                    let act = block.isBlank ? "erase" : block.isErased ? "erase, write" : "write"
                    let from = block.movedFrom.map { ", instead of \(ByteCount.hex($0)), which is bad there" } ?? ""
                    return "  \(ByteCount.hex(block.offset)): \(act)\(from)"
                }
        }
    }

    // MARK: Refusals

    static func refusals(_ planning: RestorePlanning, style: TextStyle) -> String {
        let number = planning.refusals.count
        var lines = ["\(style.bad("Refused")), and nothing was written: \(CountText.text(number, "reason"))."]
        for refusal in planning.refusals {
            lines.append("\(SafeText.line(refusal.subject)): \(SafeText.line(refusal.why))")
            lines.append("  next: \(SafeText.line(refusal.next))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: The result

    static func text(_ report: RestoreReport, style: TextStyle) -> String {
        var lines = [
            "\(style.strong("Restored")) \(CountText.text(report.blocksWritten, "erase block")): each was read back "
                + "and equals the backup. \(CountText.text(report.erases, "erase")), "
                + "\(ByteCount.text(report.bytesWritten)) written."
        ]
        if report.setAside > 0 {
            lines.append(
                style.doubtful("Failing: ")
                    + "\(CountText.text(report.setAside, "erase block")) failed to program, "
                    + "and the content moved to others. UBI will detect by itself that they are worn.")
        }
        if report.reconnects > 0 {
            lines.append("Reconnected to the board \(CountText.text(report.reconnects, "time")).")
        }
        let left = report.plan.untouched.filter { $0.differs == true }
        if !left.isEmpty {
            lines.append(style.doubtful("Left as it is, although it differs:"))
            lines += left.map { "  \(SafeText.line($0.subject)): \(SafeText.line($0.reason))" }
        }
        lines += earlier(report.backupBefore, report.backedUpOnly, report.backupsSince)
        if report.unfinished > 0 {
            lines.append(
                style.bad("Half written")
                    + " by an earlier restore, and not part of this one: "
                    + "\(CountText.text(report.unfinished, "erase block")); restore --status lists them.")
        }
        lines.append("Next: restart the board when you are ready; Flashkeep has not restarted it.")
        return lines.joined(separator: "\n") + "\n"
    }

    static func text(_ status: RestoreStatus, style: TextStyle) -> String {
        guard let address = status.address else {
            return "\(SafeText.line(status.backup)) has never been restored from this computer.\n"
        }
        var lines = [
            "\(SafeText.line(status.backup)) to \(SafeText.line(address)), begun "
                + "\(SafeText.line(status.begunAt ?? "?")): "
                + (status.isEnded ? style.good("done") : style.doubtful("not done")) + "."
        ]
        for part in status.parts {
            lines.append("  \(SafeText.line(part.partition)): \(part.done) of \(part.planned) erase blocks done")
            lines += part.unfinished.map {
                "    \(style.bad("half written")): \(SafeText.line($0.image)) at \(ByteCount.hex($0.offset)), "
                    + ByteCount.text($0.size)
            }
            lines += part.setAside.map {
                "    \(style.doubtful("set aside")), failed to program: \(SafeText.line($0.image)) at "
                    + "\(ByteCount.hex($0.offset))"
            }
        }
        lines += earlier(status.backupBefore, status.backedUpOnly, status.backupsSince)
        if status.backupBefore == nil, !status.isEnded {
            lines.append("The old contents of the board are not backed up yet, and nothing was written.")
        }
        if status.isEnded, !status.isWhole {
            lines.append("Next: restore the half-written blocks; they are erased and written again.")
        }
        if !status.isEnded { lines.append("Next: run the same restore again; it resumes.") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func earlier(_ before: String?, _ only: [String]?, _ since: [String]) -> [String] {
        guard let before else { return [] }
        let saved = only.map { $0.map { SafeText.line($0) }.joined(separator: ", ") } ?? "the board"
        return ["The old contents of \(saved) are in \(SafeText.line(before))."]
            + since.map { "Data written to it in the meantime is in \(SafeText.line($0))." }
    }

    private static func title(_ partition: Partition) -> String {
        PrintableText.partition(partition.label, partition.name)
    }

    private static func blocks(_ partition: Partition) -> Int {
        partition.eraseBlockSize > 0 ? partition.size / partition.eraseBlockSize : 1
    }
}
