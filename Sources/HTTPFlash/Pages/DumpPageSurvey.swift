internal import FlashAccess
internal import FlashModel

/// What a page of dumps shows of a board's flash, and the file for each partition. Pure.
struct DumpPageSurvey {
    private(set) var survey: Survey
    /// By MTD number.
    private(set) var sources: [Int: DumpFileSource] = [:]

    private var doubts: [String] = []
    /// Partitions of the table without a file.
    private var missing: [CoverSkip] = []
    private var warnings: [String] = []

    /// The most missing numbers that are listed.
    private static let listed = 8

    /// - Throws: `noPartitions` if no file can be used; `replyNotUnderstood` if all of them are pages.
    init(_ page: DumpPage) throws(FlashkeepError) {
        let table = page.table.map { ProcMTD($0) }
        survey = Survey(table: .complete)
        let files = Dictionary(grouping: page.files, by: \.name.index)
        let devices = if let table { devices(of: table, files) } else { devices(files) }
        guard !sources.isEmpty else { throw Self.nothing(page, doubts + missing.map(\.reason)) }
        if page.isCut { doubts.append("the page has more links than are looked at; the rest are left out") }
        let flash = FlashTable(
            devices, source: table == nil ? "guess" : "proc-mtd",
            badBlocks: "the type of flash is unknown, and NAND has bad blocks")
        if !page.unnamed.isEmpty {
            warnings.append(
                "not used, because their names do not say of which partition they are: "
                    + page.unnamed.prefix(Self.listed).joined(separator: ", ")
                    + (page.unnamed.count > Self.listed ? " and others" : ""))
        }
        warnings.append(
            "the dumps were made earlier, by something else: reading them twice proves the transfer, not that the flash "
                + "still holds the same")
        survey = Survey(
            chips: flash.chips, partitions: flash.partitions, unreadable: missing,
            table: TableKnowledge(doubts: doubts),
            warnings: Array(warnings.prefix(BoardLimits.warnings)))
    }

    // MARK: With a table

    private mutating func devices(
        of table: ProcMTD, _ files: [Int: [DumpFile]]
    ) -> [FlashTable.Device] {
        doubts += table.doubts
        var devices: [FlashTable.Device] = []
        for entry in table.entries {
            let title = PrintableText.partition("mtd\(entry.index)", entry.name)
            let choice = choose(files[entry.index] ?? [], size: entry.size, title)
            if let found = choice.chosen {
                warnings += choice.unused
                check(found.file, entry, table)
                if found.size < entry.size {
                    warnings.append("\(found.file.title) has only \(found.size) of the \(entry.size) bytes of \(title)")
                }
            } else if entry.size > 0 {
                missing.append(
                    CoverSkip(
                        partition: entry.index,
                        reason: choice.unused.isEmpty
                            ? "the page has no file of it" : choice.unused.joined(separator: "; ")))
            }
            devices.append(
                FlashTable.Device(
                    index: entry.index, name: entry.name, size: entry.size, eraseSize: entry.eraseSize, isLive: false))
        }
        let known = Set(table.entries.map(\.index))
        for index in files.keys.sorted() where !known.contains(index) {
            guard let file = files[index]?.first else { continue }
            doubts.append("the page has \(file.title), but /proc/mtd lists no mtd\(index)")
        }
        return devices
    }

    /// Compares the name in a file's name with those of the table.
    private mutating func check(_ file: DumpFile, _ entry: ProcMTD.Entry, _ table: ProcMTD) {
        guard let rest = file.name.rest else { return }
        let shown = ImageName.sanitized(rest)
        // `backup` in `mtd0_backup.bin` is no partition's name.
        let others = table.entries.filter { $0.index != entry.index && ImageName.sanitized($0.name) == shown }
        guard ImageName.sanitized(entry.name) != shown, let other = others.first else { return }
        doubts.append(
            "\(file.title) is named after \(PrintableText.partition("mtd\(other.index)", other.name)), but its number is "
                + "that of \(PrintableText.partition("mtd\(entry.index)", entry.name))")
    }

    // MARK: Without one

    private mutating func devices(_ files: [Int: [DumpFile]]) -> [FlashTable.Device] {
        doubts.append(
            "there is no copy of /proc/mtd beside the dumps, so it is unknown whether these are all partitions, and how "
                + "large each of them is")
        var devices: [FlashTable.Device] = []
        for index in files.keys.sorted() {
            guard devices.count < BoardLimits.devices else {
                doubts.append("there are more than \(BoardLimits.devices) dumps; the rest are left out")
                break
            }
            let choice = choose(files[index] ?? [], size: nil, "mtd\(index)")
            doubts += choice.unused
            guard let found = choice.chosen else { continue }
            devices.append(
                FlashTable.Device(
                    index: index, name: found.file.name.rest ?? "", size: found.size, eraseSize: nil, isLive: false))
        }
        let missing = (0..<(files.keys.max() ?? 0)).lazy.filter { files[$0] == nil }
        let first = missing.prefix(Self.listed).map { "mtd\($0)" }
        if !first.isEmpty {
            doubts.append(
                "the page has no file of \(first.joined(separator: ", "))"
                    + (missing.dropFirst(Self.listed).isEmpty ? "" : " and others")
                    + ", although there are higher numbers")
        }
        return devices
    }

    // MARK: Files

    /// Chooses the file of a partition: the only one that can be used, or the one with the right size.
    ///
    /// - Returns: the file, nil if none can be used; and why others are not used, a clause each.
    private mutating func choose(
        _ files: [DumpFile], size: Int?, _ title: String
    ) -> (chosen: (file: DumpFile, size: Int)?, unused: [String]) {
        var unused: [String] = []
        var usable: [(file: DumpFile, size: Int)] = []
        for file in files {
            switch file.use(for: size) {
            case .dump(let count): usable.append((file, count))
            case .none(let why): unused.append("the file \(file.title) is not used because \(why)")
            }
        }
        guard let chosen = usable.first(where: { $0.size == size }) ?? usable.first else {
            return (nil, unused)
        }
        if usable.count > 1 {
            doubts.append(
                "\(usable.map(\.file.title).joined(separator: " and ")) are both named after \(title); "
                    + "\(chosen.file.title) is used")
        }
        sources[chosen.file.name.index] = DumpFileSource(
            address: chosen.file.address, title: chosen.file.title, size: chosen.size,
            tag: chosen.file.head.flatMap(DumpFile.tag), isPage: chosen.file.isPage)
        return (chosen, unused)
    }

    private static func nothing(_ page: DumpPage, _ doubts: [String]) -> FlashkeepError {
        let isLogin = page.files.allSatisfy { $0.isPage }
        return FlashkeepError(
            isLogin ? .replyNotUnderstood : .noPartitions,
            what: "None of the dumps on \(PrintableText.escaped(page.page.address.url, limit: 100)) can be used.",
            why: doubts.prefix(3).joined(separator: "; ") + (doubts.count > 3 ? "; and others." : "."),
            next: isLogin
                ? "The server seems to ask for a login that only a browser can give: serve the files without one."
                : "Make the dumps again, and look with a browser whether they can be downloaded.")
    }
}
