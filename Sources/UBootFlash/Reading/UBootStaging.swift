private import BoardConsoles
import FlashModel

/// Brings flash to where memory can be read: nothing to do where it stands in the address space, and else erase block by
/// erase block into RAM that nothing uses.
final class UBootStaging {
    /// Bytes that are brought there at once, at most, where erase blocks are not larger.
    static let size = 1 << 20
    /// How often a read that failed is tried, until two tell the same.
    private static let mostReads = 5

    private let session: UBootSession
    private let facts: UBootFacts
    /// Where RAM is free; nil until it was needed.
    private var memory: Range<UInt64>?
    /// The chips that are selected, one for each command that has a current one.
    private var selected = PerBoot<[String: Chip.ID]>()
    /// Whether reads that say nothing of their success were seen: RAM is then filled before each.
    private var needsPoison = false
    /// What the ECC said of pages: chip → the page's offset → the finding.
    private var eccFindings: [String: [Int: BlockFinding]] = [:]

    init(_ session: UBootSession, _ facts: UBootFacts) {
        self.session = session
        self.facts = facts
    }

    /// Where the bytes of a range are.
    enum Location {
        /// From this address on.
        case at(UInt64)
        /// Nowhere, and why.
        case unread(String)
    }

    /// Brings a range of a chip into the address space.
    func locate(_ range: Range<Int>, of chip: Chip) async throws -> Location {
        guard let window = facts.windows[chip.id] else { throw Self.unreachable(chip) }
        if case .mapped(let base) = window {
            guard let address = base.plus(range.lowerBound), address.plus(range.count) != nil else {
                throw Self.unreachable(chip)
            }
            return .at(address)
        }
        try await prepare(chip, window)
        // NAND is read in whole pages only.
        let pages = Self.wholePages(range, of: chip)
        let memory = try area(for: pages.count).lowerBound
        guard let command = try window.read(pages, to: memory, session.commands),
            let wanted = memory.plus(range.lowerBound - pages.lowerBound)
        else { throw Self.unreachable(chip) }
        switch try await bring([command], to: memory, bytes: pages.count) {
        case .there: return .at(wanted)
        case .not(let why, nil): return .unread(why)
        case .not(let why, .some):
            guard chip.pageSize > 1 else { return .unread(why) }
            if let why = try await readEachPage(of: pages, chip, window, to: memory) { return .unread(why) }
            return .at(wanted)
        }
    }

    /// Whether this U-Boot can read the OOB bytes of a chip.
    func readsOOB(of chip: Chip) -> Bool {
        guard chip.kind.isNAND, chip.pageSize > 1, chip.oobSize > 0, let window = facts.windows[chip.id] else {
            return false
        }
        return window.readsOOB(facts)
    }

    /// Brings pages with their OOB bytes into RAM, each page's bytes before its OOB bytes, as the chip holds them:
    /// nothing in them was repaired by the ECC.
    ///
    /// - Parameter pages: counted from the chip's start.
    func locateWithOOB(_ pages: Range<Int>, of chip: Chip) async throws -> Location {
        guard readsOOB(of: chip), let window = facts.windows[chip.id],
            let count = pages.count.times(chip.pageSize + chip.oobSize)
        else { throw Self.unreachable(chip) }
        try await prepare(chip, window)
        let memory = try area(for: count).lowerBound
        let commands = try window.readWithOOB(pages, of: chip, to: memory, session.commands)
        switch try await bring(commands, to: memory, bytes: count) {
        case .there: return .at(memory)
        case .not(let why, _): return .unread(why)
        }
    }

    /// What became of reads into RAM.
    private enum Outcome {
        case there
        /// Why not, and what the ECC had to do with it.
        case not(String, UBootReadResult.ECCError?)
    }

    /// Runs commands that read flash into RAM, each as much as the others.
    private func bring(_ commands: [String], to memory: UInt64, bytes count: Int) async throws -> Outcome {
        var sum: UInt32?
        if needsPoison { sum = try await poison(memory, count) }
        var isSilent = false
        for command in commands {
            session.examples.note(command)
            let result = try await read(command, bytes: count / commands.count)
            guard result.skipped.isEmpty else {
                return .not("U-Boot treated the block as bad and read another one", nil)
            }
            switch result.outcome {
            case .ok(let bytes) where bytes == count / commands.count: continue
            case .ok(let bytes):
                return .not("U-Boot read \(bytes) bytes instead of \(count / commands.count)", nil)
            case .failed(let line): return .not(line, result.eccError)
            case .silent: isSilent = true
            }
        }
        guard isSilent else { return .there }
        if !needsPoison {
            // What does not say that it failed is only believed when the RAM is seen to be another than before.
            needsPoison = true
            return try await bring(commands, to: memory, bytes: count)
        }
        if let sum, try await checksum(at: memory, count: count) == sum {
            // Or the flash holds just that: then it is so over another filling, too.
            let other = try await poison(memory, count, with: 0xA5)
            for command in commands { _ = try await session.ask(command, silence: .seconds(60)) }
            if try await checksum(at: memory, count: count) == other {
                return .not("U-Boot read nothing, and did not report it", nil)
            }
        }
        return .there
    }

    /// Runs a command that reads flash into RAM. That it failed is believed when the board says so twice, since nothing
    /// in its words shows whether they were damaged on their way.
    private func read(_ command: String, bytes: Int) async throws -> UBootReadResult {
        var last: UBootReadResult?
        for _ in 0..<Self.mostReads {
            let result = UBootReadResult(try await session.ask(command, silence: .seconds(60)))
            if result == last { return result }
            last = result
            guard result.skipped.isEmpty else { continue }
            switch result.outcome {
            case .ok(let read) where read == bytes: return result
            case .silent: return result
            case .ok, .failed: continue
            }
        }
        return last ?? UBootReadResult(UBootReply(output: []))
    }

    /// Reads page by page what could not be read in one piece, since the ECC had to do with one of the pages.
    ///
    /// - Returns: why that failed; nil where all pages are in memory.
    private func readEachPage(
        of pages: Range<Int>, _ chip: Chip, _ window: UBootWindow, to memory: UInt64
    ) async throws -> String? {
        for start in stride(from: pages.lowerBound, to: pages.upperBound, by: chip.pageSize) {
            let page = start..<min(pages.upperBound, start + chip.pageSize)
            guard let target = memory.plus(start - pages.lowerBound),
                let command = try window.read(page, to: target, session.commands)
            else { throw Self.unreachable(chip) }
            let result = try await read(command, bytes: page.count)
            guard result.skipped.isEmpty else { return "U-Boot treated the block as bad and read another one" }
            guard case .failed(let line) = result.outcome else { continue }
            guard let error = result.eccError else { return line }
            // Nothing of an older finding is lost: what was damaged once is not called good later.
            if error == .corrected, eccFindings[chip.id]?[start] != nil { continue }
            eccFindings[chip.id, default: [:]][start] = BlockFinding(
                offset: start, size: page.count, state: error == .corrected ? .eccCorrected : .eccFailed, detail: line)
        }
        return nil
    }

    /// What the ECC said of a range of a chip.
    func eccFindings(in range: Range<Int>, of chip: Chip) -> [BlockFinding] {
        (eccFindings[chip.id] ?? [:]).values.compactMap { $0.clipped(to: range) }.sorted { $0.offset < $1.offset }
    }

    /// A range with the rest of its first page and of its last.
    private static func wholePages(_ range: Range<Int>, of chip: Chip) -> Range<Int> {
        guard chip.kind.isNAND, chip.pageSize > 1 else { return range }
        let start = range.lowerBound - range.lowerBound % chip.pageSize
        let end = range.upperBound.roundedUp(to: chip.pageSize) ?? range.upperBound
        return start..<max(start, min(end, max(range.upperBound, chip.leastSize)))
    }

    /// Says once since the board's last start what must be said before a chip is used.
    func prepare(_ chip: Chip) async throws {
        guard let window = facts.windows[chip.id] else { throw Self.unreachable(chip) }
        try await prepare(chip, window)
    }

    private func prepare(_ chip: Chip, _ window: UBootWindow) async throws {
        guard let command = try window.preparation(session.commands) else { return }
        let name = UBootFacts.command(of: command)
        guard selected[session]?[name] != chip.id else { return }
        _ = try await session.ask(command, silence: .seconds(20))
        selected[session] = (selected[session] ?? [:]).merging([name: chip.id]) { $1 }
    }

    /// Fills RAM with what flash seldom holds, and tells its CRC-32; nil where the board cannot.
    private func poison(_ address: UInt64, _ count: Int, with value: UInt8 = 0x5A) async throws -> UInt32? {
        guard facts.hasChecksum, facts.help?.has("mw") ?? false else { return nil }
        let command = try session.commands.memoryFill(
            at: address, value: value, count: UInt64(count), flash: facts.flash?.banks.compactMap(\.range) ?? [])
        _ = try await session.ask(command, silence: .seconds(20))
        return try await checksum(at: address, count: count)
    }

    /// The RAM that reading uses, so that nothing else is put there.
    ///
    /// It grows, and may move, when more must fit than before: an erase block read with its OOB bytes needs more than the
    /// block alone.
    ///
    /// - Parameter count: bytes that must fit.
    /// - Throws: `toolMissing` where none is known to be free.
    func area(for count: Int) throws -> Range<UInt64> {
        if let memory, memory.count >= count { return memory }
        let found = try facts.freeMemory(max(count, Self.size))
        memory = found
        return found
    }

    private func checksum(at address: UInt64, count: Int) async throws -> UInt32 {
        try await session.checksum(at: address, count: count)
    }

    // MARK: Errors

    static func unreachable(_ chip: Chip) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "U-Boot has no way to read the chip \(PrintableText.escaped(chip.id)).",
            why: "It has neither sf, nand nor mtd for it, and the chip is not memory-mapped.",
            next: "Boot an initramfs (--image), or use a programmer.")
    }
}
