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
                plan.untouched.contains(where: \.differs)
                    ? "\(style.doubtful("Nothing is written")): all that differs is left as it is."
                    : "\(style.good("Nothing is to be written")): all is as in the backup.")
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
                    style.doubtful("Other partitions than in the backup")
                        + ": bytes go to the place on the chip that they came from.")
                for part in plan.parts where part.content != [title(part.partition)] {
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
            lines.append("If the power fails meanwhile:")
            var told: Set<String> = []
            for part in plan.parts where told.insert(part.ifPowerFails).inserted {
                lines.append("  \(part.role.rawValue): \(part.ifPowerFails)")
            }
            if isVerbose { lines += details(plan) }
        }
        let differing = plan.untouched.filter(\.differs)
        if !differing.isEmpty {
            lines.append(style.doubtful("Left as it is, though it differs:"))
            lines += differing.map { "  \(SafeText.line($0.subject)): \(SafeText.line($0.reason))" }
        }
        let same = plan.untouched.count { !$0.differs }
        if same > 0 { lines.append("The same already: \(CountText.text(same, "partition")).") }
        lines += plan.warnings.map { "Note: \(SafeText.line($0))" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func details(_ plan: RestorePlan) -> [String] {
        plan.parts.flatMap { part -> [String] in
            ["\(title(part.partition)), \(part.policy.rawValue), by \(SafeText.line(part.method.name)):"]
                + part.blocks.map { block in
                    let act = block.isBlank ? "erase" : block.isErased ? "erase, write" : "write"
                    let from = block.movedFrom.map { ", in place of \(ByteCount.hex($0)), which is bad there" } ?? ""
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
            "\(style.strong("Restored")) \(CountText.text(report.blocksWritten, "erase block")): each was read back and holds what "
                + "the backup has. \(CountText.text(report.erases, "erase")), \(ByteCount.text(report.bytesWritten)) written."
        ]
        if report.setAside > 0 {
            lines.append(
                style.doubtful("Failing: ")
                    + "\(CountText.text(report.setAside, "erase block")) did not take what belongs there, "
                    + "and others have it now. UBI will find out by itself that they are worn.")
        }
        if report.reconnects > 0 {
            lines.append("The board was reached again \(CountText.text(report.reconnects, "time")).")
        }
        let left = report.plan.untouched.filter(\.differs)
        if !left.isEmpty {
            lines.append(style.doubtful("Left as it is, though it differs:"))
            lines += left.map { "  \(SafeText.line($0.subject)): \(SafeText.line($0.reason))" }
        }
        lines += earlier(report.backupBefore, report.backupsSince)
        if report.unfinished > 0 {
            lines.append(
                style.bad("Half written")
                    + " by an earlier restore, and not asked for now: \(CountText.text(report.unfinished, "erase block")); "
                    + "restore --status names them.")
        }
        lines.append("Next: restart the board when you are ready; it was not restarted.")
        return lines.joined(separator: "\n") + "\n"
    }

    static func text(_ status: RestoreStatus, style: TextStyle) -> String {
        guard let address = status.address else {
            return "\(SafeText.line(status.backup)) was never restored from here.\n"
        }
        var lines = [
            "\(SafeText.line(status.backup)) onto \(SafeText.line(address)), begun \(SafeText.line(status.begunAt ?? "?")): "
                + (status.isEnded ? style.good("done") : style.doubtful("not done")) + "."
        ]
        for part in status.parts {
            lines.append("  \(SafeText.line(part.partition)): \(part.done) of \(part.planned) erase blocks done")
            lines += part.unfinished.map {
                "    \(style.bad("half written")): \(SafeText.line($0.image)) at \(ByteCount.hex($0.offset)), "
                    + ByteCount.text($0.size)
            }
            lines += part.setAside.map {
                "    \(style.doubtful("set aside")), it does not take its bytes: \(SafeText.line($0.image)) at "
                    + "\(ByteCount.hex($0.offset))"
            }
        }
        lines += earlier(status.backupBefore, status.backupsSince)
        if status.backupBefore == nil, !status.isEnded {
            lines.append("What was on the board is not backed up yet, and nothing was written.")
        }
        if status.isEnded, !status.isWhole {
            lines.append("Next: restore what is half written; it is erased and written anew.")
        }
        if !status.isEnded { lines.append("Next: run the same restore again; it goes on where it was.") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func earlier(_ before: String?, _ since: [String]) -> [String] {
        guard let before else { return [] }
        return ["What was on the board before is in \(SafeText.line(before))."]
            + since.map { "What was written to it meanwhile is in \(SafeText.line($0))." }
    }

    private static func title(_ partition: Partition) -> String {
        PrintableText.partition(partition.index, partition.name)
    }

    private static func blocks(_ partition: Partition) -> Int {
        partition.eraseBlockSize > 0 ? partition.size / partition.eraseBlockSize : 1
    }
}
