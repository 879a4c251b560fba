package import BoardChannels
private import BoardConsoles
package import FlashModel

/// The flash of a board that waits at U-Boot's prompt.
///
/// Nothing is written but RAM that nothing uses. What the flash holds stands in the address space, or is brought into
/// RAM erase block by erase block, since U-Boot's reads of NAND skip bad blocks and would shift what follows. Then its
/// CRC-32 says whether the bytes need to cross at all, and whether they did so well.
package final class UBootFlashAccess: FlashSurveying, FlashReading, FlashChecksumming {
    private let session: UBootSession
    private let lines = UBootCommands()
    private let store: ContentStore
    /// How memory must be printed: `saves`, `md`, `md.b`; nil takes the cheapest that works.
    private let wantedFormat: String?
    private var hasChosenFormat = false
    /// The faster rate of the line, where one is wanted.
    private let lineRate: UBootLineRate?
    /// The lines that were asked for again, as of the last look at them.
    private var repeatedLines = 0
    private var facts: UBootFacts?
    private var survey: Survey?
    private var dump: UBootLineDump
    /// Brings flash to where it can be read; nil before the survey.
    private var staging: UBootStaging?
    private let examples = UBootExamples()
    /// The ways over the network; nil where there is only the line.
    private let transfers: UBootTransfers?
    /// Pieces that the network brought otherwise than the board's checksum says.
    private var refetched = 0

    /// Bytes of a chunk where erase blocks are smaller or unknown.
    private static let chunkSize = 64 << 10
    /// Bytes of one CRC, so that none takes long.
    private static let checkSize = UBootStaging.size
    /// Bytes of the dump by which a format is tried.
    private static let trialSize = 512
    /// How many of its readings must be the same in the end, for a line of a dump that the checksum contradicts.
    private static let mostVotes = 5
    /// How often the board may be reset without anything achieved in between.
    private static let resets = 4

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
        dump = UBootLineDump(commands: lines)
        transfers = network.map { [examples] in
            UBootTransfers(session, host: $0.host, settings: $0.settings, lines: UBootCommands(), examples: examples)
        }
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
        session.retries + dump.repeatedLines + refetched + (transfers?.repeats ?? 0)
    }

    /// How bulk data crosses.
    package var transferName: String {
        let ways = transfers?.used ?? []
        let names = (ways.isEmpty ? [.line] : ways).map { $0.transferName ?? formatName }.joined(separator: " and ")
        guard hasChecksum else { return names }
        let isUploaded = !ways.isEmpty && !ways.contains(.line) && !ways.contains(.netconsole)
        return names + (isUploaded ? ", checked by crc32" : ", known content by crc32")
    }

    /// Without the width of its words.
    private var formatName: String { dump.format.name.split(separator: ".").first.map(String.init) ?? "" }

    /// Characters on the line for a byte of memory, in hundredths, by what the board has.
    package var charactersPerByte: Int {
        hasChosenFormat ? dump.format.cost : formats.first { $0.isListed(facts?.help) }?.cost ?? dump.format.cost
    }

    /// Whether bytes came over the network.
    package var usesNetwork: Bool { transfers?.used.contains(where: \.needsNetwork) ?? false }

    /// Command lines that do by hand what was done here: the first of each kind.
    package var commands: [String] { examples.all }

    private var hasChecksum: Bool { facts?.help.map { $0.has("crc32") } ?? false }

    // MARK: Survey

    package func survey() async throws -> (survey: Survey, evidence: [Evidence]) {
        var replies: [String: UBootReply] = [:]
        var evidence: [Evidence] = []
        var lost: [String] = []
        func ask(_ question: String) async throws {
            let agreed = try await surviving { try await self.session.agreed(on: question) }
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
        let nand = (replies["mtd list"].flatMap(UBootMTDList.init)?.devices ?? []).filter {
            ByteText($0.type).lowercased.contains("nand")
        }
        for device in nand {
            if let question = try? lines.mtdBad(device.name) { try await ask(question) }
        }
        if !nand.isEmpty, help?.has("mtd") ?? false { try await ask("help mtd") }
        let facts = UBootFacts(replies)
        var survey = try UBootSurvey.assemble(facts: facts)
        survey.warnings += lost.map { "U-Boot's reply to \($0) never came through the same twice and is left out" }
        self.facts = facts
        self.survey = survey
        staging = UBootStaging(session, facts, lines: lines, examples: examples)
        return (survey, evidence)
    }

    private static func evidenceName(_ question: String) -> String {
        "uboot-" + question.replacing(" ", with: "-").filter { $0.isLetter || $0.isNumber || $0 == "-" }.lowercased()
            + ".txt"
    }

    // MARK: Reading

    package var readsOOB: Bool {
        survey?.chips.contains { chip in staging?.readsOOB(of: chip) ?? false } ?? false
    }

    package func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let chip = try chip(of: partition)
        guard let staging, staging.readsOOB(of: chip) else { throw noOOB(partition) }
        let base = partition.offset ?? 0
        let page = chip.pageSize
        let unit = page + chip.oobSize
        for range in ranges {
            // Erase block by erase block: one of them fits into RAM, and none is bad.
            for part in Self.cut((base + range.lowerBound)..<(base + range.upperBound), by: chunkSize(of: chip)) {
                let pages = part.lowerBound / page..<part.upperBound / page
                let first = (pages.lowerBound - base / page) * unit
                let place = { try await staging.placeWithOOB(pages, of: chip) }
                if let chunk = try await uploaded(first..<first + pages.count * unit, place) {
                    try await each(chunk)
                    continue
                }
                let kept = DumpedLines()
                try await each(
                    try await surviving(achieved: { kept.taken }) {
                        try await self.prepareLine()
                        switch try await place() {
                        case .at(let address):
                            return FlashChunk(
                                offset: first, bytes: try await self.unlessBlank(address, pages.count * unit, kept))
                        case .unread(let why): return Self.unread(first..<first + pages.count * unit, why)
                        }
                    })
            }
        }
    }

    /// Memory as it is dumped, but for what is blank: that need not cross.
    private func unlessBlank(_ address: UInt64, _ count: Int, _ kept: DumpedLines) async throws -> [UInt8] {
        guard hasChecksum else { return try await dumped(address, count, nil, kept) }
        let blank = [UInt8](repeating: 0xFF, count: count)
        let sum = try await checksum(at: address, count: count)
        // As with all that is known, a second sum that is cut differently confirms it.
        if sum == CRC32.sum(of: blank),
            try await checksum(at: address, count: count / 2) == CRC32.sum(of: blank.prefix(count / 2))
        {
            return blank
        }
        return try await dumped(address, count, sum, kept)
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
        let chip = try chip(of: partition)
        let base = partition.offset ?? 0
        for range in ranges {
            let onChip = (base + range.lowerBound)..<(base + range.upperBound)
            // A part before the first whole chunk is planned for itself, so that no chunk lies in two erase blocks.
            let size = chunkSize(of: chip)
            let whole = min(onChip.upperBound, (onChip.lowerBound + size - 1) / size * size)
            for part in [onChip.lowerBound..<whole, whole..<onChip.upperBound] where !part.isEmpty {
                try await read(part, of: chip, size: size) { chunk in
                    let findings = chunk.findings + (self.staging?.eccFindings(in: chunk.range, of: chip) ?? [])
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
        _ range: Range<Int>, of chip: Chip, size: Int, each: (FlashChunk) async throws -> Void
    ) async throws {
        var start = range.lowerBound
        // Whole erase blocks of NAND, since bad ones are skipped; else much at a time, for each upload begins with a
        // link that comes up.
        for part in Self.cut(range, by: chip.kind.isNAND ? size : max(size, Self.checkSize)) {
            guard try await upload(part, of: chip, size: size, each: each) else { break }
            start = part.upperBound
        }
        guard start < range.upperBound else { return }
        try await readOverLine(start..<range.upperBound, of: chip, size: size, each: each)
    }

    /// Reads a range of a chip by uploads.
    ///
    /// - Returns: false where there is no such way (any more): nothing of the range was given then.
    private func upload(
        _ range: Range<Int>, of chip: Chip, size: Int, each: (FlashChunk) async throws -> Void
    ) async throws -> Bool {
        guard let chunk = try await uploaded(range, { try await self.place(range, of: chip) }) else { return false }
        guard !chunk.findings.isEmpty, range.count > size else {
            try await each(chunk)
            return true
        }
        // Not all of it need be unreadable.
        var chunks: [FlashChunk] = []
        for part in Self.cut(range, by: size) {
            guard let chunk = try await uploaded(part, { try await self.place(part, of: chip) }) else { return false }
            chunks.append(chunk)
        }
        for chunk in chunks { try await each(chunk) }
        return true
    }

    /// What one upload brings, compared; nil where there is no such way (any more).
    ///
    /// - Parameters:
    ///   - range: of the chunk that it becomes.
    ///   - place: brings its bytes to where they can be sent from.
    private func uploaded(
        _ range: Range<Int>, _ place: () async throws -> UBootStaging.Place
    ) async throws -> FlashChunk? {
        guard let transfers, let facts else { return nil }
        while true {
            do {
                return try await surviving {
                    guard let (upload, plan) = try await transfers.upload(facts) else { return nil }
                    switch try await place() {
                    case .at(let address): return try await self.uploaded(range, address, upload, plan)
                    case .unread(let why): return Self.unread(range, why)
                    }
                }
            } catch let failure as UBootWayFailure {
                try transfers.giveUp(failure)
            }
        }
    }

    private func uploaded(
        _ range: Range<Int>, _ address: UInt64, _ upload: UBootUpload, _ plan: UBootNetworkPlan
    ) async throws -> FlashChunk {
        var checksum: UBootCheckedUpload.Checksum?
        if hasChecksum { checksum = { try await self.checksum(at: $0, count: $1) } }
        let fetch: UBootCheckedUpload.Fetch = { try await upload.bytes(at: $0, count: $1, plan) }
        var checked = UBootCheckedUpload(fetch: fetch, checksum: checksum)
        defer { refetched += checked.repeats }
        let bytes = try await checked.bytes(at: address, count: range.count)
        examples.note(try upload.command.line(lines, from: address, count: UInt64(range.count), file: "FILE"))
        transfers?.noteUse(upload.command.way)
        return FlashChunk(offset: range.lowerBound, bytes: bytes)
    }

    /// Reads a range of a chip over the line, chunk by chunk: what is known is not sent.
    private func readOverLine(
        _ range: Range<Int>, of chip: Chip, size: Int, each: (FlashChunk) async throws -> Void
    ) async throws {
        guard hasChecksum else {
            for part in Self.cut(range, by: size) {
                try await each(try await withBytes(part, of: chip) { try await self.dumped($0, part.count, nil, $1) })
            }
            return
        }
        var plan = ChunkPlan(
            range, sizes: Self.sizes(from: size), costs: ChunkPlan.Costs(dumpedLine: charactersPerByte * 16 / 100))
        while let step = store.next(&plan) {
            switch step {
            case .checksum(let part):
                let chunk = Self.chunk(of: part, in: range, size: size)
                let sum = try await surviving { () async throws -> UInt32? in
                    guard case .at(let address) = try await self.place(chunk, of: chip),
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
                let dumped = try await withBytes(part, in: chunk, of: chip) {
                    try await self.dumped($0, part.count, sum, $1)
                }
                if dumped.findings.isEmpty { store.remember(dumped.bytes) }
                try await each(dumped)
                plan.dumped()
            }
        }
    }

    /// A range of a chip by way of its address: its bytes, or what stands in their place.
    ///
    /// - Parameter body: gets the address, and what was read of the range before the board was reset.
    private func withBytes(
        _ range: Range<Int>, in chunk: Range<Int>? = nil, of chip: Chip,
        body: (UInt64, DumpedLines) async throws -> [UInt8]
    ) async throws -> FlashChunk {
        let chunk = chunk ?? range
        let kept = DumpedLines()
        return try await surviving(achieved: { kept.taken }) {
            try await self.prepareLine()
            switch try await self.place(chunk, of: chip) {
            case .at(let address):
                guard let start = address.plus(range.lowerBound - chunk.lowerBound) else {
                    throw UBootStaging.unreachable(chip)
                }
                let bytes = try await body(start, kept)
                let repeated = self.dump.repeatedLines - self.repeatedLines
                self.repeatedLines += repeated
                try await self.lineRate?.judge(dumped: (range.count + 15) / 16, repeated: repeated)
                return FlashChunk(offset: range.lowerBound, bytes: bytes)
            case .unread(let why): return Self.unread(range, why)
            }
        }
    }

    private static func unread(_ range: Range<Int>, _ why: String) -> FlashChunk {
        FlashChunk(
            offset: range.lowerBound, bytes: [UInt8](repeating: 0xFF, count: range.count),
            findings: [BlockFinding(offset: range.lowerBound, size: range.count, state: .unread, detail: why)])
    }

    /// Sees that what is printed comes the best way that there is.
    private func prepareLine() async throws {
        if let facts { try await transfers?.prepareLine(facts) }
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

    // MARK: Over the line

    /// The formats that may be used, the cheapest first.
    private var formats: [any UBootDumpFormat] { wantedFormat.map(UBootDumpFormats.named) ?? UBootDumpFormats.all }

    /// Chooses the cheapest format that works, by a small dump of what is wanted anyway.
    private func chooseFormat(at address: UInt64, count: Int) async throws {
        // There each character that is not printed in lines is a packet for itself.
        if wantedFormat == nil, transfers?.printsToNetwork ?? false { return dump.use(UBootDumpFormats.usual) }
        guard !hasChosenFormat, count >= Self.trialSize else { return }
        var sum: UInt32?
        for format in formats where format.isListed(facts?.help) && format.fits(address, count: Self.trialSize) {
            // The usual one is what others are measured by.
            if wantedFormat == nil, format.name == UBootDumpFormats.usual.name { break }
            if sum == nil { sum = try await trialSum(at: address) }
            if try await isGood(format, at: address, sum) {
                dump.use(format)
                hasChosenFormat = true
                return
            }
        }
        guard wantedFormat == nil else {
            throw FlashkeepError(
                .toolMissing, what: "The board does not print its memory by \(wantedFormat ?? "").",
                why: "Its help does not list it, or what it printed was not what the memory holds.",
                next: "Let the way be chosen, without that option.")
        }
        hasChosenFormat = true
    }

    /// What the trial must give: by the board's own checksum, or by what the usual format gave twice.
    private func trialSum(at address: UInt64) async throws -> UInt32 {
        if hasChecksum { return try await checksum(at: address, count: Self.trialSize) }
        var usual = UBootLineDump(commands: lines)
        return CRC32.sum(of: try await usual.bytes(at: address, count: Self.trialSize, votes: 2, session))
    }

    private func isGood(_ format: any UBootDumpFormat, at address: UInt64, _ sum: UInt32?) async throws -> Bool {
        var trial = UBootLineDump(commands: lines, format: format)
        do {
            let bytes = try await trial.bytes(at: address, count: Self.trialSize, session)
            return !trial.isMute && CRC32.sum(of: bytes) == sum
        } catch let error as FlashkeepError where error.code == .replyNotUnderstood {
            return false
        }
    }

    /// Prints by the format that every board has from now on, unless another one was asked for.
    private func useUsualFormat() {
        guard wantedFormat == nil else { return }
        dump.use(UBootDumpFormats.usual)
    }

    /// The bytes as U-Boot prints them.
    ///
    /// - Parameters:
    ///   - sum: their CRC-32, where it is known.
    ///   - kept: what was read of them before.
    private func dumped(
        _ address: UInt64, _ count: Int, _ sum: UInt32?, _ kept: DumpedLines
    ) async throws -> [UInt8] {
        try await chooseFormat(at: address, count: count)
        examples.note(try dump.format.command(at: address, count: max(16, count), lines))
        guard let sum else {
            // Without a checksum only a line that says the same twice is believed, where this line was seen to err.
            let votes = dump.hasErred ? 2 : 1
            return try await dump.bytes(at: address, count: count, votes: votes, kept: kept, session)
        }
        var bytes = try await dump.bytes(at: address, count: count, kept: kept, session)
        // A digit of either may have been flipped into another one on its way.
        if CRC32.sum(of: bytes) == sum { return bytes }
        if try await checksum(at: address, count: count) == CRC32.sum(of: bytes) { return bytes }
        for start in stride(from: 0, to: count, by: KnownContent.step) {
            let part = start..<min(count, start + KnownContent.step)
            guard let place = address.plus(start) else { break }
            bytes.replaceSubrange(part, with: try await settled(Array(bytes[part]), place))
        }
        return bytes
    }

    /// A part of a dump, read again until it has the board's checksum.
    private func settled(_ first: [UInt8], _ address: UInt64) async throws -> [UInt8] {
        var bytes = first
        for votes in 2...Self.mostVotes {
            // A format that is wrong again and again is not used again.
            if votes > 3 { useUsualFormat() }
            if try await checksum(at: address, count: bytes.count) == CRC32.sum(of: bytes) { return bytes }
            bytes = try await dump.bytes(at: address, count: bytes.count, votes: votes, earlier: bytes, session)
        }
        // The flash gives something else each time. What is kept is shown to be so by the proof.
        return bytes
    }

    // MARK: Checksums

    package var checksumAlgorithms: [ChecksumAlgorithm] { hasChecksum ? [.crc32] : [] }

    package func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        guard algorithm == .crc32 else { throw noAlgorithm(algorithm) }
        let chip = try chip(of: partition)
        let base = partition.offset ?? 0
        let size = isMapped(chip) ? Self.checkSize : chunkSize(of: chip)
        var whole: UInt32 = 0
        for range in ranges {
            for onChip in Self.cut((base + range.lowerBound)..<(base + range.upperBound), by: size) {
                let sum = try await surviving { () async throws -> UInt32? in
                    guard case .at(let address) = try await self.place(onChip, of: chip) else { return nil }
                    return try await self.checksum(at: address, count: onChip.count)
                }
                guard let sum else {
                    throw FlashkeepError(
                        .unreadable, what: "A part of \(PrintableText.escaped(partition.name)) can no longer be read.",
                        why: "It was read a moment ago, \(ByteCount.hex(onChip.lowerBound - base)) from its start.",
                        next: "Run the same command again; if it stays, the flash is failing.")
                }
                whole = CRC32Shift(bytes: onChip.count).joined(whole, sum)
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

    private func place(_ range: Range<Int>, of chip: Chip) async throws -> UBootStaging.Place {
        guard let staging else { throw UBootStaging.unreachable(chip) }
        return try await staging.place(range, of: chip)
    }

    private func checksum(at address: UInt64, count: Int) async throws -> UInt32 {
        try await session.checksum(at: address, count: count, lines, examples)
    }

    /// Repeats what a reset of the board broke off.
    ///
    /// - Parameter achieved: grows with what need not be done again.
    private func surviving<Result>(
        achieved: () -> Int = { 0 }, _ body: () async throws -> Result
    ) async throws -> Result {
        var resets = 0
        var before = achieved()
        while true {
            do {
                return try await body()
            } catch let interruption as UBootSession.Interruption {
                let now = achieved()
                resets = now > before ? 1 : resets + 1
                before = now
                guard resets <= Self.resets else {
                    throw FlashkeepError(
                        .boardLost, what: "The board restarts again and again.", why: interruption.why,
                        next: "A watchdog may run, or the power is weak; what was read is kept.")
                }
                await transfers?.wasReset()
                try await session.getBackIn()
                try await lineRate?.raise()
            } catch let error as FlashkeepError {
                // What does not come over the network may come over the line.
                guard try await transfers?.retreat(from: error) ?? false else { throw error }
            }
        }
    }

    private func chip(of partition: Partition) throws -> Chip {
        guard let chip = survey?.chip(partition.chip) else {
            throw FlashkeepError(
                .internalFault, what: "The chip of \(PrintableText.escaped(partition.name)) is not known.",
                why: "It was not in the survey.", next: "Please report this.")
        }
        return chip
    }

    private func isMapped(_ chip: Chip) -> Bool {
        guard let facts, let window = UBootWindow(chip, facts) else { return false }
        return !window.isStaged
    }

    private func chunkSize(of chip: Chip) -> Int {
        chip.kind.isNAND ? max(1, chip.eraseBlockSize) : Self.chunkSize
    }

    /// A range in parts that begin at multiples of a size.
    private static func cut(_ range: Range<Int>, by size: Int) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(range.upperBound, start + size - start % size)
            parts.append(start..<end)
            start = end
        }
        return parts
    }

    private func noAlgorithm(_ algorithm: ChecksumAlgorithm) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "U-Boot was asked for \(algorithm.rawValue).", why: "Only its crc32 is used.",
            next: "Please report this.")
    }
}
