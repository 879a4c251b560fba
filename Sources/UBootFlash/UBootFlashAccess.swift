package import BoardChannels
private import BoardConsoles
package import FlashAccess
package import FlashModel

/// The flash of a board that waits at U-Boot's prompt.
///
/// Reading writes nothing but RAM that nothing uses. What the flash holds stands in the address space, or is brought into
/// RAM erase block by erase block, since U-Boot's reads of NAND skip bad blocks and would shift what follows. Then its
/// CRC-32 says whether the bytes need to cross at all, and whether they did so well.
package final class UBootFlashAccess: FlashSurveying, FlashReading, FlashChecksumming {
    private let session: UBootSession
    private let lines = UBootCommands()
    private let store: ContentStore
    /// How memory must be printed: `saves`, `md`, `md.b`; nil takes the cheapest that works.
    private let wantedFormat: String?
    /// The faster rate of the line, where one is wanted.
    private let lineRate: UBootLineRate?
    private let examples = UBootExamples()
    /// The ways over the network; nil where there is only the line.
    private let transfers: UBootTransfers?
    private let recovery: UBootRecovery
    private var board: SurveyedBoard?
    /// The lines that were asked for again, as of the last look at them.
    private var repeatedLines = 0

    /// Bytes of a chunk where erase blocks are smaller or unknown.
    private static let chunkSize = 64 << 10
    /// Bytes of one CRC, so that none takes long.
    private static let checkSize = UBootStaging.size

    /// What reads a board, once it has told what it has.
    private struct SurveyedBoard {
        var survey: Survey
        /// By question.
        var replies: [String: UBootReply]
        var facts: UBootFacts
        /// Brings flash to where it can be read.
        var staging: UBootStaging
        /// Reads over the line.
        var printer: UBootMemoryPrinter
        /// Reads over the network; nil where there is only the line.
        var uploads: UBootUploadReader?
        var writer: UBootFlashWriter
    }

    /// - Parameters:
    ///   - store: what need not cross again; it learns what is read.
    ///   - format: how memory is printed: `saves`, `md.l`, or `md` for any of its widths; nil takes the cheapest that the
    ///     board has and that is seen to work.
    ///   - lineRate: goes up again after a reset, and down where the line is too bad for it.
    ///   - network: what this computer does for uploads; nil reads over the line alone.
    package init(
        _ session: UBootSession, store: ContentStore, format: String? = nil, lineRate: UBootLineRate? = nil,
        network: (host: any UBootNetworkHost, settings: UBootNetworkSettings)? = nil
    ) {
        wantedFormat = format
        self.lineRate = lineRate
        self.session = session
        self.store = store
        let transfers = network.map { [examples, lines] in
            UBootTransfers(session, host: $0.host, settings: $0.settings, lines: lines, examples: examples)
        }
        self.transfers = transfers
        recovery = UBootRecovery(session, lineRate: lineRate, transfers: transfers)
    }

    /// Leaves the board's console as it was found. Never throws: the board may be gone.
    package func end() async { await transfers?.end() }

    // MARK: For people

    /// Of the channel to U-Boot.
    package var channelTraits: ChannelTraits { session.console.channel.traits }

    /// Bits a second of the line; nil where it is not known.
    package var lineBitRate: Int? { session.console.channel.lineRate }

    /// How often a command, a line or the whole board had to be asked again.
    package var retries: Int {
        session.retries + (board?.printer.repeatedLines ?? 0) + (board?.uploads?.refetched ?? 0)
            + (transfers?.repeats ?? 0) + (board?.writer.repeats ?? 0)
    }

    /// How bulk data crosses.
    package var transferName: String {
        let ways = transfers?.used ?? []
        let printed = board?.printer.formatName ?? ""
        let names = (ways.isEmpty ? [.line] : ways).map { $0.transferName ?? printed }.joined(separator: " and ")
        guard hasChecksum else { return names }
        let isUploaded = !ways.isEmpty && !ways.contains(.line) && !ways.contains(.netconsole)
        return names + (isUploaded ? ", checked by crc32" : ", known content by crc32")
    }

    /// Characters on the line for a byte of memory, in hundredths, by what the board has.
    package var charactersPerByte: Int { board?.printer.charactersPerByte ?? UBootDumpFormats.usual.cost }

    /// Whether bytes came over the network.
    package var usesNetwork: Bool { transfers?.used.contains(where: \.needsNetwork) ?? false }

    /// Command lines that do by hand what was done here: the first of each kind.
    package var commands: [String] { examples.all }

    private var hasChecksum: Bool { board?.facts.hasChecksum ?? false }

    // MARK: Survey

    package func survey() async throws -> (survey: Survey, evidence: [Evidence]) {
        var replies: [String: UBootReply] = [:]
        var evidence: [Evidence] = []
        var lost: [String] = []
        func ask(_ question: String) async throws {
            let agreed = try await recovery.surviving { try await self.session.agreed(on: question) }
            guard let reply = agreed else {
                lost.append(question)
                return
            }
            replies[question] = reply
            evidence.append(Evidence(name: Self.evidenceName(question), bytes: reply.output))
        }
        // `help` first: what it does not list is not said, since some parsers of vendors take it for something else.
        try await ask("help")
        let help = replies["help"].flatMap(UBootHelp.init)
        for question in UBootFacts.questions where question != "help" {
            // Usage is asked for only of what is known to be there.
            let isUsage = question.hasPrefix("help ")
            if help?.has(UBootFacts.command(of: question)) ?? !isUsage { try await ask(question) }
        }
        let nand = (replies["mtd list"].flatMap(UBootMTDList.init)?.devices ?? []).filter(\.kind.isNAND)
        for device in nand {
            if let question = try? lines.mtdBad(device.name) { try await ask(question) }
        }
        if !nand.isEmpty, help?.has("mtd") ?? false { try await ask("help mtd") }
        let facts = UBootFacts(replies)
        var survey = try UBootSurvey.assemble(facts: facts)
        let lostWords = { (question: String) in
            "U-Boot's reply to \(question) never came through the same twice and is left out"
        }
        // Without one of these there may be chips and partitions that nobody heard of.
        survey.table = survey.table.adding(lost.filter { UBootFacts.layoutQuestions.contains($0) }.map(lostWords))
        survey.warnings += lost.filter { !UBootFacts.layoutQuestions.contains($0) }.map(lostWords)
        let staging = UBootStaging(session, facts, lines: lines, examples: examples)
        board = SurveyedBoard(
            survey: survey, replies: replies, facts: facts, staging: staging,
            printer: UBootMemoryPrinter(
                session, facts.help, format: wantedFormat,
                printsToNetwork: { [transfers] in transfers?.printsToNetwork ?? false }, lines: lines,
                examples: examples),
            uploads: transfers.map {
                UBootUploadReader(session, facts, $0, recovery, lines: lines, examples: examples)
            },
            writer: UBootFlashWriter(
                session, recovery, survey, facts, staging, transfers, lines: lines, examples: examples))
        return (survey, evidence)
    }

    package func layoutChanges() async throws -> [LayoutChange] {
        guard let board else { throw FlashkeepError.notSurveyed }
        var replies = board.replies
        for question in UBootFacts.layoutQuestions where replies[question] != nil {
            let reply = try await recovery.surviving { try await self.session.agreed(on: question) }
            // What never comes the same twice says nothing new.
            if let reply { replies[question] = reply }
        }
        return LayoutChange.between(board.survey, try UBootSurvey.assemble(facts: UBootFacts(replies)))
    }

    private static func evidenceName(_ question: String) -> String {
        "uboot-" + question.replacing(" ", with: "-").filter { $0.isLetter || $0.isNumber || $0 == "-" }.lowercased()
            + ".txt"
    }

    // MARK: Reading

    package var readsOOB: Bool {
        board.map { board in board.survey.chips.contains { board.staging.readsOOB(of: $0) } } ?? false
    }

    package func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let (board, chip) = try place(of: partition)
        guard board.staging.readsOOB(of: chip) else { throw noOOB(partition) }
        let base = partition.offset ?? 0
        let page = chip.pageSize
        let unit = page + chip.oobSize
        for range in ranges {
            // Erase block by erase block: one of them fits into RAM, and none is bad.
            let onChip = (base + range.lowerBound)..<(base + range.upperBound)
            for part in onChip.cut(atMultiplesOf: chunkSize(of: chip)) {
                let pages = part.lowerBound / page..<part.upperBound / page
                let first = (pages.lowerBound - base / page) * unit
                let units = first..<first + pages.count * unit
                let place = { try await board.staging.placeWithOOB(pages, of: chip) }
                if let chunk = try await board.uploads?.chunk(of: units, place) {
                    try await each(chunk)
                    continue
                }
                let kept = DumpedLines()
                try await each(
                    try await recovery.surviving(achieved: { kept.taken }) {
                        try await self.transfers?.prepareLine(board.facts)
                        switch try await place() {
                        case .at(let address):
                            return FlashChunk(
                                offset: first,
                                bytes: try await board.printer.bytesUnlessBlank(
                                    at: address, count: units.count, kept: kept))
                        case .unread(let why): return .unread(units, why)
                        }
                    })
            }
        }
    }

    private func noOOB(_ partition: Partition) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "The OOB bytes of \(PrintableText.escaped(partition.name)) cannot be read from here.",
            why: "It needs NAND, and a U-Boot that has nand read.raw or mtd read.raw.oob.",
            next: "Leave --oob out, or back up from Linux.")
    }

    package func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let (board, chip) = try place(of: partition)
        let base = partition.offset ?? 0
        for range in ranges {
            let onChip = (base + range.lowerBound)..<(base + range.upperBound)
            // A part before the first whole chunk is planned for itself, so that no chunk lies in two erase blocks.
            let size = chunkSize(of: chip)
            let whole = min(onChip.upperBound, (onChip.lowerBound + size - 1) / size * size)
            for part in [onChip.lowerBound..<whole, whole..<onChip.upperBound] where !part.isEmpty {
                try await read(part, of: chip, on: board, size: size) { chunk in
                    let findings = chunk.findings + board.staging.eccFindings(in: chunk.range, of: chip)
                    try await each(
                        FlashChunk(
                            offset: chunk.offset - base, bytes: chunk.bytes,
                            findings: findings.map { $0.shifted(by: -base) }))
                }
            }
        }
    }

    /// Reads a range of a chip: by uploads as far as they go, and the rest over the line.
    private func read(
        _ range: Range<Int>, of chip: Chip, on board: SurveyedBoard, size: Int,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        var start = range.lowerBound
        // Whole erase blocks of NAND, since bad ones are skipped; else much at a time, for each upload begins with a
        // link that comes up.
        for part in range.cut(atMultiplesOf: chip.kind.isNAND ? size : max(size, Self.checkSize)) {
            let place = { (part: Range<Int>) in try await board.staging.place(part, of: chip) }
            guard let chunks = try await board.uploads?.chunks(of: part, size: size, place) else { break }
            for chunk in chunks { try await each(chunk) }
            start = part.upperBound
        }
        guard start < range.upperBound else { return }
        try await readOverLine(start..<range.upperBound, of: chip, on: board, size: size, each: each)
    }

    /// Reads a range of a chip over the line, chunk by chunk: what is known is not sent.
    private func readOverLine(
        _ range: Range<Int>, of chip: Chip, on board: SurveyedBoard, size: Int,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        guard hasChecksum else {
            for part in range.cut(atMultiplesOf: size) {
                try await each(try await printed(part, in: part, of: chip, on: board, sum: nil))
            }
            return
        }
        var plan = ChunkPlan(
            range, sizes: Self.sizes(from: size), costs: ChunkPlan.Costs(dumpedLine: charactersPerByte * 16 / 100))
        while let step = store.next(&plan) {
            switch step {
            case .checksum(let part):
                let chunk = Self.chunk(of: part, in: range, size: size)
                let sum = try await recovery.surviving { () async throws -> UInt32? in
                    guard case .at(let address) = try await board.staging.place(chunk, of: chip),
                        let start = address.plus(part.lowerBound - chunk.lowerBound)
                    else { return nil }
                    return try await self.checksum(at: start, count: part.count)
                }
                plan.answer(sum)
            case .known(let part, let candidates, let sum, let half):
                let bytes = store.bytes(of: candidates, count: part.count, sum: sum, half: half)
                if let bytes { try await each(FlashChunk(offset: part.lowerBound, bytes: bytes)) }
                plan.settle(isKnown: bytes != nil)
            case .dump(let part, let sum):
                let chunk = Self.chunk(of: part, in: range, size: size)
                let dumped = try await printed(part, in: chunk, of: chip, on: board, sum: sum)
                if dumped.findings.isEmpty { store.remember(dumped.bytes) }
                try await each(dumped)
                plan.dumped()
            }
        }
    }

    /// A range of a chip as U-Boot prints it, or what stands in its place.
    ///
    /// - Parameters:
    ///   - chunk: what is brought to where it can be read, with the range in it.
    ///   - sum: its CRC-32, where it is known.
    private func printed(
        _ range: Range<Int>, in chunk: Range<Int>, of chip: Chip, on board: SurveyedBoard, sum: UInt32?
    ) async throws -> FlashChunk {
        let kept = DumpedLines()
        return try await recovery.surviving(achieved: { kept.taken }) {
            try await self.transfers?.prepareLine(board.facts)
            switch try await board.staging.place(chunk, of: chip) {
            case .at(let address):
                guard let start = address.plus(range.lowerBound - chunk.lowerBound) else {
                    throw UBootStaging.unreachable(chip)
                }
                let bytes = try await board.printer.bytes(at: start, count: range.count, sum: sum, kept: kept)
                let repeated = board.printer.repeatedLines - self.repeatedLines
                self.repeatedLines += repeated
                try await self.lineRate?.judge(dumped: (range.count + 15) / 16, repeated: repeated)
                return FlashChunk(offset: range.lowerBound, bytes: bytes)
            case .unread(let why): return .unread(range, why)
            }
        }
    }

    /// The chunk, counted from the start of the range, in which a part of it lies.
    private static func chunk(of part: Range<Int>, in range: Range<Int>, size: Int) -> Range<Int> {
        let start = part.lowerBound - (part.lowerBound - range.lowerBound) % size
        return start..<min(range.upperBound, start + size)
    }

    /// Sizes of chunks and of the pieces that they are cut into.
    private static func sizes(from size: Int) -> [Int] {
        var sizes = [size]
        while let last = sizes.last, last % 2 == 0, last / 2 >= KnownContent.step { sizes.append(last / 2) }
        return sizes
    }

    /// What writes flash here; nil before ``survey()``.
    package var writer: (any FlashWriting)? { board?.writer }

    // MARK: Checksums

    package var checksumAlgorithms: [ChecksumAlgorithm] { hasChecksum ? [.crc32] : [] }

    package func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        guard algorithm == .crc32 else { throw noAlgorithm(algorithm) }
        let (board, chip) = try place(of: partition)
        let base = partition.offset ?? 0
        let size = isMapped(chip, on: board) ? Self.checkSize : chunkSize(of: chip)
        var whole: UInt32 = 0
        for range in ranges {
            let onChip = (base + range.lowerBound)..<(base + range.upperBound)
            for part in onChip.cut(atMultiplesOf: size) {
                let sum = try await recovery.surviving { () async throws -> UInt32? in
                    guard case .at(let address) = try await board.staging.place(part, of: chip) else { return nil }
                    return try await self.checksum(at: address, count: part.count)
                }
                guard let sum else {
                    throw FlashkeepError(
                        .unreadable, what: "A part of \(PrintableText.escaped(partition.name)) can no longer be read.",
                        why: "It was read a moment ago, \(ByteCount.hex(part.lowerBound - base)) from its start.",
                        next: "Run the same command again; if it stays, the flash is failing.")
                }
                whole = CRC32Shift(bytes: part.count).joined(whole, sum)
            }
        }
        return Digest(algorithm: .crc32, hex: Hexadecimal.text(whole))
    }

    package func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        var digests: [Digest] = []
        for range in ranges { digests.append(try await checksum(algorithm, of: partition, ranges: [range])) }
        return digests
    }

    // MARK: Helpers

    private func checksum(at address: UInt64, count: Int) async throws -> UInt32 {
        try await session.checksum(at: address, count: count, lines, examples)
    }

    private func place(of partition: Partition) throws -> (SurveyedBoard, Chip) {
        guard let board, let chip = board.survey.chip(partition.chip) else {
            throw FlashkeepError(
                .internalFault, what: "The chip of \(PrintableText.escaped(partition.name)) is not known.",
                why: "It was not in the survey.", next: "Please report this.")
        }
        return (board, chip)
    }

    private func isMapped(_ chip: Chip, on board: SurveyedBoard) -> Bool {
        guard let window = board.facts.windows[chip.id] else { return false }
        return !window.isStaged
    }

    private func chunkSize(of chip: Chip) -> Int {
        chip.kind.isNAND ? max(1, chip.eraseBlockSize) : Self.chunkSize
    }

    private func noAlgorithm(_ algorithm: ChecksumAlgorithm) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "U-Boot was asked for \(algorithm.rawValue).", why: "Only its crc32 is used.",
            next: "Please report this.")
    }
}
