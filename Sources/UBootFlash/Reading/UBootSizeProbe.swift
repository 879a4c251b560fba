import FlashAccess
import FlashModel

/// Finds the size of a chip that U-Boot does not report, by reads that U-Boot refuses because they lie outside, and
/// checks what others report: whether it ends there, and whether it repeats itself. It reads only.
struct UBootSizeProbe {
    private let session: UBootSession
    private let facts: UBootFacts
    private let staging: UBootStaging

    init(_ session: UBootSession, _ facts: UBootFacts) {
        self.session = session
        self.facts = facts
        staging = UBootStaging(session, facts)
    }

    /// The sizes to try, in bytes: of half the smallest chip in use, which lies inside, to the largest.
    private static let nandSizes = (21...33).map { 1 << $0 }
    private static let serialSizes = (15...28).map { 1 << $0 }

    /// The size of each chip of which only a minimum is known, as far as it can be found.
    ///
    /// - Throws: ``UBootSession/Interruption``, and what the line throws; `toolMissing` if the RAM that the user gives
    ///   is none.
    func sizes(of chips: [Chip]) async throws -> [Chip.ID: Int] {
        var result: [Chip.ID: Int] = [:]
        for chip in chips where chip.exactSize == nil {
            guard let place = try await place(of: chip) else { continue }
            result[chip.id] = try await size(of: chip, place)
        }
        return result
    }

    /// How a chip that is copied to RAM is read.
    private struct Place {
        var window: UBootWindow
        /// The address of free RAM.
        var memory: UInt64
    }

    /// Selects a chip; nil if it is mapped, cannot be selected, or there is no RAM to read it into.
    private func place(of chip: Chip) async throws -> Place? {
        guard let window = facts.windows[chip.id], window.isStaged,
            let memory = try? facts.freeMemory(Self.probe).lowerBound
        else { return nil }
        do {
            try await staging.checkMemory(memory, Self.probe)
            try await staging.prepare(chip)
        } catch let error as FlashkeepError where error.code == .commandFailed {
            return nil
        } catch let error as FlashkeepError where error.code == .toolMissing && facts.given.freeRAM == nil {
            return nil
        }
        return Place(window: window, memory: memory)
    }

    /// Bytes of one read: a page of any NAND with pages of up to 4 KiB.
    private static let probe = 4 << 10

    /// The first size at which a read lies outside, if one at half of that does not.
    private func size(of chip: Chip, _ place: Place) async throws -> Int? {
        var inside: Int?
        for size in chip.kind.isNAND ? Self.nandSizes : Self.serialSizes where size >= chip.leastSize {
            switch try await position(size, chip, place) {
            case .inside: inside = size
            case .outside(let told):
                if let told { return told }
                if let inside { return try await end(between: inside, and: size, of: chip, place) }
                return size == chip.leastSize ? size : nil
            case .unclear: return nil
            }
        }
        return nil
    }

    /// The end of a chip: usually a power of two, but a layer that remaps bad blocks keeps some blocks for itself.
    ///
    /// - Parameters:
    ///   - inside: an offset within the chip.
    ///   - outside: one that is not.
    private func end(between inside: Int, and outside: Int, of chip: Chip, _ place: Place) async throws -> Int? {
        let block = chip.eraseBlockSize
        guard block > 0, inside % block == 0, outside % block == 0 else { return outside }
        var (low, high) = (inside, outside)
        // The last block first: then one read suffices.
        var next = outside - block
        while high - low > block {
            switch try await position(next, chip, place) {
            case .inside: low = next
            case .outside: high = next
            case .unclear: return nil
            }
            next = low + (high - low) / block / 2 * block
        }
        return high
    }

    private enum Position: Equatable {
        case inside
        /// With the chip's size, if the refusal tells it.
        case outside(Int?)
        case unclear
    }

    /// Whether an offset lies outside of a chip, by what U-Boot says twice.
    ///
    /// A listed bad block lies inside. It is not read: U-Boot would read the next good block, and if there is none, as
    /// behind the table of bad blocks at a chip's end, report `Attempt to read outside the flash area`.
    private func position(_ offset: Int, _ chip: Chip, _ place: Place) async throws -> Position {
        if let bad = facts.badBlocks[chip.id]?.offsets,
            bad.contains(where: { $0 <= offset && offset - $0 < chip.eraseBlockSize })
        {
            return .inside
        }
        let count = chip.kind.isNAND ? max(chip.pageSize > 1 ? chip.pageSize : 2_048, 512) : 16
        guard let command = try place.window.read(offset..<offset + count, to: place.memory, session.commands) else {
            return .unclear
        }
        var last: Position?
        for _ in 0..<3 {
            let found = Self.position(try await session.ask(command, silence: .seconds(20)))
            if found == last { return found }
            last = found
        }
        return .unclear
    }

    /// Judges a reply (`cmd/nand.c`, `cmd/sf.c`, `drivers/mtd/nand/raw/nand_util.c`).
    private static func position(_ reply: UBootReply) -> Position {
        for line in reply.lines.prefix(40) {
            let text = line.lowercased
            if let size = text.after("past flash size (0x")?.before(")")?.hexadecimal, size > 0 {
                return .outside(size)
            }
            if ["exceeds device limit", "exceeds partition or device limit", "outside the flash area"]
                .contains(where: text.contains)
            {
                return .outside(nil)
            }
        }
        let result = UBootReadResult(reply)
        switch result.outcome {
        case .ok: return .inside
        case .failed where result.eccError != nil: return .inside
        case .failed, .silent: return result.skipped.isEmpty ? .unclear : .inside
        }
    }

    // MARK: Checking sizes

    /// Why a size may be wrong, as far as reads show; nil if they do not.
    ///
    /// A size that U-Boot itself prints for a chip that it reads is not checked: its own commands use it.
    ///
    /// - Throws: as ``sizes(of:)``.
    func doubt(about chip: Chip) async throws -> String? {
        guard let size = chip.exactSize else { return nil }
        let isGiven = chip.identification["given"] != nil
        let isLogged = chip.identification["size"] != nil && facts.found.sizes[chip.id] == nil
        guard isGiven || isLogged || chip.source == "bdinfo" || chip.source == "start log" else { return nil }
        let source = isGiven ? "--flash gives" : chip.source == "bdinfo" ? "bdinfo reports" : "the start log reports"
        let name = PrintableText.escaped(chip.id, limit: 40)
        if case .mapped? = facts.windows[chip.id] {
            guard try await repeats(chip, size, nil) else { return nil }
            return "\(name) holds the same bytes at its start and at half its size: it may be half as large as "
                + source + (isGiven ? "" : " (give --flash)")
        }
        guard let place = try await place(of: chip) else { return nil }
        if case .outside = try await position(max(0, size - max(chip.pageSize, 4_096)), chip, place) {
            return "\(name) ends before the \(ByteCount.text(size)) that \(source)"
        }
        if try await repeats(chip, size, place) {
            return "\(name) holds the same bytes at its start and at half of the \(ByteCount.text(size)) that "
                + "\(source): it may be smaller"
        }
        guard case .inside = try await position(size, chip, place) else { return nil }
        // Many an `sf read` begins again at the start.
        let (start, beyond) = (try await sum(at: 0, chip, place), try await sum(at: size, chip, place))
        if let start, start == beyond, start != Self.blankSum { return nil }
        return "reads beyond the \(ByteCount.text(size)) that \(source) for \(name) succeed: it may be larger"
    }

    /// Whether flash holds the same bytes at half its size as at its start: it may be half as large as reported, with an
    /// address line that leads nowhere.
    ///
    /// - Parameter place: nil for mapped flash.
    private func repeats(_ chip: Chip, _ size: Int, _ place: Place?) async throws -> Bool {
        guard size >= Self.sample * 4 else { return false }
        for offset in [0, Self.sample, size / 2 - Self.sample] {
            guard let low = try await sum(at: offset, chip, place),
                let high = try await sum(at: size / 2 + offset, chip, place)
            else { return false }
            if offset == 0, low == Self.blankSum { return false }
            guard low == high else { return false }
        }
        return true
    }

    /// Whether mapped flash and the chip that `sf` reads hold the same bytes: they are then one chip. nil if that cannot
    /// be found out.
    ///
    /// - Throws: as ``sizes(of:)``.
    func isSerial(_ chip: Chip) async throws -> Bool? {
        guard facts.hasChecksum, case .mapped? = facts.windows[chip.id], let size = chip.exactSize,
            let memory = try? facts.freeMemory(Self.probe).lowerBound
        else { return nil }
        try await staging.checkMemory(memory, Self.probe)
        _ = try await session.ask(session.commands.spiProbe(), silence: .seconds(20))
        let place = Place(window: .spi, memory: memory)
        for step in 0..<Self.samples {
            let offset = size / Self.samples * step / Self.sample * Self.sample
            guard let mapped = try await sum(at: offset, chip, nil), let read = try await sum(at: offset, chip, place)
            else { return nil }
            if mapped != read { return false }
        }
        return true
    }

    private static let samples = 8
    /// Bytes.
    private static let sample = probe
    private static let blankSum = CRC32.sum(of: [UInt8](repeating: 0xFF, count: sample))

    /// The CRC-32 of a sample of a chip; nil if it cannot be read.
    ///
    /// - Parameter place: nil for mapped flash.
    private func sum(at offset: Int, _ chip: Chip, _ place: Place?) async throws -> UInt32? {
        guard facts.hasChecksum else { return nil }
        guard let place else {
            guard case .mapped(let base)? = facts.windows[chip.id], let address = base.plus(offset) else { return nil }
            return try await session.checksum(at: address, count: Self.sample)
        }
        guard
            let command = try place.window.read(offset..<offset + Self.sample, to: place.memory, session.commands)
        else { return nil }
        let result = UBootReadResult(try await session.ask(command, silence: .seconds(20)))
        if case .failed = result.outcome, result.eccError == nil { return nil }
        return try await session.checksum(at: place.memory, count: Self.sample)
    }
}
