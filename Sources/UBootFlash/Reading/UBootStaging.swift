private import BoardConsoles
import FlashAccess
import FlashModel

/// Makes flash readable as memory. Mapped flash already is; other flash is copied to unused RAM, one erase block at a
/// time.
final class UBootStaging {
    /// The most bytes copied at once, unless erase blocks are larger.
    static let size = 1 << 20
    /// The most attempts at a failed read, until two results agree.
    private static let mostReads = 5

    private let session: UBootSession
    private let facts: UBootFacts
    /// The free RAM; nil until it is needed.
    private var memory: Range<UInt64>?
    /// The selected chip of each command that has a current one.
    private var selected = PerBoot<[String: Chip.ID]>()
    /// The RAM that ``checkMemory(_:_:)`` has tested.
    private var testedMemory: Range<UInt64>?
    /// Whether reads that report no result have been seen: RAM is then filled before each.
    private var needsPoison = false
    /// The ECC findings, by chip and offset of the page.
    private var eccFindings: [String: [Int: BlockFinding]] = [:]

    init(_ session: UBootSession, _ facts: UBootFacts) {
        self.session = session
        self.facts = facts
    }

    /// The location of a range's bytes.
    enum Location {
        /// In memory from this address on.
        case at(UInt64)
        /// Unreadable, with the reason.
        case unread(String)
    }

    /// Makes a range of a chip readable in the address space.
    func locate(_ range: Range<Int>, of chip: Chip) async throws -> Location {
        guard let window = facts.windows[chip.id] else { throw Self.unreachable(chip) }
        if case .mapped(let base) = window {
            guard let address = base.plus(range.lowerBound), address.plus(range.count) != nil else {
                throw Self.unreachable(chip)
            }
            return .at(address)
        }
        if let why = try await select(chip, window) { return .unread(why) }
        // NAND is read only in whole pages.
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

    /// Copies raw pages to RAM, each followed by its OOB bytes, without ECC correction.
    ///
    /// - Parameter pages: counted from the chip's start.
    func locateWithOOB(_ pages: Range<Int>, of chip: Chip) async throws -> Location {
        guard readsOOB(of: chip), let window = facts.windows[chip.id],
            let count = pages.count.times(chip.pageSize + chip.oobSize)
        else { throw Self.unreachable(chip) }
        if let why = try await select(chip, window) { return .unread(why) }
        let memory = try area(for: count).lowerBound
        let commands = try window.readWithOOB(pages, of: chip, to: memory, session.commands)
        switch try await bring(commands, to: memory, bytes: count) {
        case .there: return .at(memory)
        case .not(let why, _): return .unread(why)
        }
    }

    /// The result of reads into RAM.
    private enum Outcome {
        case there
        /// The reason for the failure, and the ECC error behind it.
        case not(String, UBootReadResult.ECCError?)
    }

    /// Runs commands that read equal amounts of flash into RAM.
    private func bring(_ commands: [String], to memory: UInt64, bytes count: Int) async throws -> Outcome {
        try await checkMemory(memory, count)
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
            // A read that does not report failure is believed only if the RAM has changed.
            needsPoison = true
            return try await bring(commands, to: memory, bytes: count)
        }
        if let sum, try await checksum(at: memory, count: count) == sum {
            // Or the flash holds exactly the fill value; then another fill value changes, too.
            let other = try await poison(memory, count, with: 0xA5)
            for command in commands { _ = try await session.ask(command, silence: .seconds(60)) }
            if try await checksum(at: memory, count: count) == other {
                return .not("U-Boot read nothing, and did not report it", nil)
            }
        }
        return .there
    }

    /// Runs a command that reads flash into RAM. A failure is believed if the board reports it twice, because its text
    /// does not show whether it was damaged in transit.
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

    /// Reads page by page what could not be read in one command because of an ECC error in one of the pages.
    ///
    /// - Returns: the reason for a failure; nil if all pages are in memory.
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
            // Keep older findings: a page that was damaged once is not called good later.
            if error == .corrected, eccFindings[chip.id]?[start] != nil { continue }
            eccFindings[chip.id, default: [:]][start] = BlockFinding(
                offset: start, size: page.count, state: error == .corrected ? .eccCorrected : .eccFailed, detail: line)
        }
        return nil
    }

    /// The ECC findings in a range of a chip.
    func eccFindings(in range: Range<Int>, of chip: Chip) -> [BlockFinding] {
        (eccFindings[chip.id] ?? [:]).values.compactMap { $0.clipped(to: range) }.sorted { $0.offset < $1.offset }
    }

    /// A range extended to whole pages.
    private static func wholePages(_ range: Range<Int>, of chip: Chip) -> Range<Int> {
        guard chip.kind.isNAND, chip.pageSize > 1 else { return range }
        let start = range.lowerBound - range.lowerBound % chip.pageSize
        let end = range.upperBound.roundedUp(to: chip.pageSize) ?? range.upperBound
        return start..<max(start, min(end, max(range.upperBound, chip.leastSize)))
    }

    /// Sends the command that selects a chip, once per start of the board.
    ///
    /// - Throws: `commandFailed` if U-Boot does not select it.
    func prepare(_ chip: Chip) async throws {
        guard let window = facts.windows[chip.id] else { throw Self.unreachable(chip) }
        guard let why = try await select(chip, window) else { return }
        throw FlashkeepError(
            .commandFailed, what: "U-Boot cannot select the chip \(PrintableText.escaped(chip.id)).", why: why,
            next: "Boot an initramfs (--image), or use a programmer.")
    }

    /// - Returns: why the chip was not selected; nil if it was.
    private func select(_ chip: Chip, _ window: UBootWindow) async throws -> String? {
        guard let command = try window.preparation(session.commands) else { return nil }
        let name = UBootFacts.command(of: command)
        guard selected[session]?[name] != chip.id else { return nil }
        let why = window.refusal(try await session.ask(command, silence: .seconds(20)))
        // After a refusal it is not known which one is selected.
        var known = selected[session] ?? [:]
        known[name] = why == nil ? chip.id : nil
        selected[session] = known
        return why
    }

    /// Checks that an address is RAM, if only variables or the user say so: what is read into no memory would look like flash of
    /// one value, with the right checksum.
    ///
    /// - Throws: `toolMissing` if it is not.
    func checkMemory(_ address: UInt64, _ count: Int) async throws {
        guard !facts.isMemoryKnown, testedMemory != address..<address + UInt64(count) else { return }
        for value: UInt8 in [0x5A, 0xA5] {
            guard let sum = try await poison(address, count, with: value) else { break }
            guard sum == CRC32.sum(of: [UInt8](repeating: value, count: count)) else {
                throw FlashkeepError(
                    .toolMissing, what: "There is no RAM at 0x\(String(address, radix: 16)).",
                    why: "What is written there cannot be read back.",
                    next: "Give free RAM: --ram START+SIZE, such as --ram 0x82000000+16M.")
            }
        }
        testedMemory = address..<address + UInt64(count)
    }

    /// Fills RAM with a value that is rare in flash, and returns its CRC-32; nil if the board cannot do this.
    private func poison(_ address: UInt64, _ count: Int, with value: UInt8 = 0x5A) async throws -> UInt32? {
        guard facts.hasChecksum, facts.help?.has("mw") ?? false else { return nil }
        let command = try session.commands.memoryFill(
            at: address, value: value, count: UInt64(count), flash: facts.mappedFlash)
        _ = try await session.ask(command, silence: .seconds(20))
        return try await checksum(at: address, count: count)
    }

    /// The RAM that reading uses, so that nothing else is put there.
    ///
    /// It grows, and may move, if more must fit than before: an erase block with OOB bytes needs more than without.
    ///
    /// - Parameter count: the number of bytes that must fit.
    /// - Throws: `toolMissing` if no RAM is known to be free.
    func area(for count: Int) throws -> Range<UInt64> {
        if let memory, memory.count >= count { return memory }
        let found = try (try? facts.freeMemory(max(count, Self.size))) ?? facts.freeMemory(count)
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
