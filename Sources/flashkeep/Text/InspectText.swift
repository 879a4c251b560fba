import FlashModel
import Operations

/// The text that `inspect` prints. Pure.
enum InspectText {
    /// - Parameters:
    ///   - isVerbose: whether to print all facts and all unclaimed bytes.
    ///   - width: the number of columns.
    static func text(_ report: InspectReport, style: TextStyle, isVerbose: Bool, width: Int) -> String {
        var lines: [String] = []
        for image in report.images {
            if !lines.isEmpty { lines.append("") }
            lines += InspectedImageText(image, style: style, isVerbose: isVerbose, width: width).lines
        }
        if !report.skipped.isEmpty {
            lines.append(style.doubtful("Not inspected:"))
            lines += report.skipped.map { "  \(SafeText.line($0.name)): \(SafeText.line($0.reason))" }
        }
        if report.images.isEmpty, report.skipped.isEmpty { lines.append("The backup has no images.") }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The text of one image. Pure.
private struct InspectedImageText {
    private let image: InspectReport.Image
    private let style: TextStyle
    private let isVerbose: Bool
    private let width: Int

    /// The most lines of a list, unless verbose.
    private static let most = 24
    /// The levels of findings that are shown, unless verbose.
    private static let levels = 6
    private static let longestFact = 200

    init(_ image: InspectReport.Image, style: TextStyle, isVerbose: Bool, width: Int) {
        (self.image, self.style, self.isVerbose, self.width) = (image, style, isVerbose, max(60, width))
    }

    var lines: [String] {
        let place = image.chip.map { ", chip \(SafeText.line($0))" } ?? ""
        var lines = [style.strong(SafeText.line(image.name)) + ": \(ByteCount.text(image.size))\(place)"]
        lines += found
        lines += unclaimed
        lines += image.overlaps.prefix(isVerbose ? .max : Self.most).map { overlap in
            style.doubtful("Overlap: ") + overlap.formats.map { SafeText.line($0) }.joined(separator: " and ")
                + ", \(ByteCount.text(overlap.size)) at \(ByteCount.hex(overlap.offset))"
        }
        lines += image.tables.flatMap { table($0) }
        lines += image.notes.map { "Note: \(SafeText.line($0))" }
        return lines
    }

    // MARK: Findings

    /// The findings, under the partitions in which they begin.
    private var found: [String] {
        var lines: [String] = []
        var headings = image.partitions[...]
        var findings = image.findings[...]
        while let heading = headings.popFirst() {
            let end = headings.first?.offset ?? .max
            while let finding = findings.first, finding.offset < heading.offset {
                findings = findings.dropFirst()
                lines += item(finding, level: 1)
            }
            lines.append(title(heading))
            while let finding = findings.first, finding.offset < end {
                findings = findings.dropFirst()
                lines += item(finding, level: 1)
            }
        }
        for finding in findings { lines += item(finding, level: 1) }
        if image.findings.isEmpty { lines.append("  No known format was found.") }
        return lines
    }

    private func title(_ partition: InspectReport.Partition) -> String {
        let role = partition.role == .unknown ? "" : ", \(partition.role.rawValue)"
        return style.strong(PrintableText.partition(partition.label, partition.name))
            + ": \(ByteCount.text(partition.size)) at \(ByteCount.hex(partition.offset))\(role)"
    }

    private func item(_ item: InspectReport.Item, level: Int) -> [String] {
        let indent = String(repeating: "  ", count: level)
        let size = item.size.map { ByteCount.text($0) } ?? "size unknown"
        var lines = [
            indent + style.faint(ByteCount.hex(item.offset)) + " " + style.strong(SafeText.line(item.format))
                + ", \(size), "
                + grade(item.grade)
        ]
        let inner = indent + "  "
        lines += facts(item.facts, inner)
        lines += item.notes.map { inner + style.doubtful("note: ") + SafeText.line($0) }
        guard isVerbose || level < Self.levels else {
            let hidden = item.children.count + item.contents.map(\.findings.count).reduce(0, +)
            return lines + (hidden > 0 ? [inner + style.faint("and \(hidden) more inside")] : [])
        }
        lines += list(item.children, level: level + 1)
        for content in item.contents {
            lines.append(
                inner + style.faint("inside: ") + SafeText.line(content.name) + ", \(ByteCount.text(content.size))"
                    + (content.findings.isEmpty ? ", no known format" : ""))
            lines += content.notes.map { inner + "  " + style.doubtful("note: ") + SafeText.line($0) }
            lines += list(content.findings, level: level + 2)
        }
        return lines
    }

    private func list(_ items: [InspectReport.Item], level: Int) -> [String] {
        let shown = items.prefix(isVerbose ? .max : Self.most)
        let rest = items.count - shown.count
        let more = rest > 0 ? [String(repeating: "  ", count: level) + style.faint("and \(rest) more")] : []
        return shown.flatMap { item($0, level: level) } + more
    }

    private func grade(_ grade: String) -> String {
        switch grade {
        case "proven": style.good(grade)
        case "hint": style.faint(grade)
        default: grade
        }
    }

    /// Facts in folded lines; each in its own if verbose.
    private func facts(_ facts: [InspectReport.FactItem], _ indent: String) -> [String] {
        guard !facts.isEmpty else { return [] }
        let texts = facts.map { fact -> String in
            "\(SafeText.line(fact.name)): \(value(fact))"
        }
        if isVerbose { return texts.map { indent + $0 } }
        return Paragraphs.folded(texts.joined(separator: "; "), width: width, first: indent)
    }

    private func value(_ fact: InspectReport.FactItem) -> String {
        let limit = isVerbose ? 4000 : Self.longestFact
        switch fact.value {
        case .text(let text): return SafeText.line(PrintableText.escaped(text, limit: limit), limit: limit)
        case .texts(let texts):
            let shown = isVerbose ? texts[...] : texts.prefix(12)
            let more = texts.count > shown.count ? ", and \(texts.count - shown.count) more" : ""
            return shown.map { PrintableText.escaped($0, limit: limit) }.joined(separator: ", ") + more
        case .number(let number): return fact.kind == .size ? ByteCount.text(number) : "\(number)"
        case .flag(let flag): return flag ? "yes" : "no"
        }
    }

    // MARK: Partition tables

    /// Disagreements with the system; of a file, or if verbose, the whole table.
    private func table(_ table: InspectReport.Table) -> [String] {
        let head = "Partition table in \(SafeText.line(table.source)) at \(ByteCount.hex(table.offset))"
        let isListed = isVerbose || table.isSame == nil
        let shown = table.entries.filter { isListed || $0.agreement != .same }
        guard !shown.isEmpty else { return [head + ": \(style.good("as the system reported"))"] }
        var rows = TextTable([("Name", .left), ("Offset", .left), ("Size", .right), ("", .left)])
        for entry in shown.prefix(isVerbose ? .max : Self.most) {
            rows.add([
                PrintableText.escaped(entry.name, limit: 40), ByteCount.hex(entry.offset),
                entry.size.map { ByteCount.text($0) } ?? "the rest", entry.agreement.map { words($0) } ?? "",
            ])
        }
        let verdict = table.isSame == false ? ": \(style.doubtful("the system reported something else"))" : ":"
        return [head + verdict] + rows.lines(style: style)
    }

    private func words(_ agreement: InspectReport.Table.Agreement) -> String {
        switch agreement {
        case .same: "as reported"
        case .renamed: "has another name in the system"
        case .resized: "has another size in the system"
        case .moved: "is elsewhere in the system"
        case .missing: "is unknown to the system"
        }
    }

    // MARK: What nobody claims

    private var unclaimed: [String] {
        let open = image.segments.filter { $0.kind == .dense || $0.kind == .unknown || $0.kind == .repeated }
        let blank = image.segments.filter { $0.kind == .blank }
        var lines: [String] = []
        if !open.isEmpty {
            let total = open.map(\.size).saturatingSum()
            lines.append("Not claimed by any format: \(ByteCount.text(total)) of \(ByteCount.text(image.size))")
            // The largest ones matter most, in their order.
            let limit = isVerbose ? Int.max : Self.most
            let least = open.map(\.size).sorted(by: >).dropFirst(limit - 1).first ?? 0
            let shown = open.filter { $0.size >= least }.prefix(limit)
            lines += table(shown).lines(style: style)
            if shown.count < open.count { lines.append("  and \(open.count - shown.count) smaller ones") }
        }
        let sums = Dictionary(grouping: blank, by: \.byte).compactMap { byte, segments in
            byte.map { (byte: $0, size: segments.map(\.size).saturatingSum()) }
        }
        if !sums.isEmpty {
            let texts = sums.sorted { $0.size > $1.size }.map {
                "\(ByteCount.text($0.size)) of \(ByteCount.hex($0.byte, digits: 2))"
            }
            lines.append("Blank: " + texts.joined(separator: ", "))
        }
        return lines
    }

    private func table(_ segments: some Sequence<InspectReport.Segment>) -> TextTable {
        var table = TextTable([("Offset", .left), ("Size", .right), ("Bytes", .left), ("Partition", .left)])
        for segment in segments {
            // Of nested partitions, the innermost.
            let partition = image.partitions.last {
                $0.offset <= segment.offset && segment.offset - $0.offset < $0.size
            }
            table.add([
                ByteCount.hex(segment.offset), ByteCount.text(segment.size), bytes(segment),
                partition.map { PrintableText.partition($0.label, $0.name) } ?? "",
            ])
        }
        return table
    }

    private func bytes(_ segment: InspectReport.Segment) -> String {
        let entropy = segment.entropy.map { ", entropy \($0)" } ?? ""
        switch segment.kind {
        case .dense: return "compressed, encrypted or random\(entropy)"
        case .repeated: return "a pattern of \(segment.period.map { "\($0)" } ?? "some") bytes, repeated"
        default: return "unknown data\(entropy)"
        }
    }
}
