import FlashAccess
import FlashModel

/// Finds the size of a chip that U-Boot does not report, by reads that U-Boot refuses because they lie outside, and tells
/// whether memory-mapped flash repeats itself. It reads only.
struct UBootSizeProbe {
    private let session: UBootSession
    private let facts: UBootFacts

    init(_ session: UBootSession, _ facts: UBootFacts) {
        self.session = session
        self.facts = facts
    }

    /// The sizes to try, in bytes: of the smallest chip in use to the largest.
    private static let nandSizes = (22...33).map { 1 << $0 }
    private static let serialSizes = (16...28).map { 1 << $0 }

    /// The size of each chip of which only a minimum is known, as far as it can be found.
    ///
    /// - Throws: ``UBootSession/Interruption``, and what the line throws.
    func sizes(of chips: [Chip]) async throws -> [Chip.ID: Int] {
        var result: [Chip.ID: Int] = [:]
        for chip in chips where chip.exactSize == nil {
            guard let window = facts.windows[chip.id], window.isStaged,
                let memory = try? facts.freeMemory(Self.probe).lowerBound
            else { continue }
            if let command = try window.preparation(session.commands) {
                _ = try await session.ask(command, silence: .seconds(20))
            }
            result[chip.id] = try await size(of: chip, window, memory)
        }
        return result
    }

    /// Bytes of one read: a page of any NAND with pages of up to 4 KiB.
    private static let probe = 4 << 10

    /// The first size at which a read lies outside, if one at half of that does not.
    private func size(of chip: Chip, _ window: UBootWindow, _ memory: UInt64) async throws -> Int? {
        var isHalfInside = false
        for size in chip.kind.isNAND ? Self.nandSizes : Self.serialSizes where size >= chip.leastSize {
            switch try await position(size, chip, window, memory) {
            case .inside: isHalfInside = true
            case .outside(let told): return told ?? (isHalfInside || size == chip.leastSize ? size : nil)
            case .unclear: return nil
            }
        }
        return nil
    }

    private enum Position: Equatable {
        case inside
        /// With the chip's size, if the refusal tells it.
        case outside(Int?)
        case unclear
    }

    /// Whether an offset lies outside of a chip, by what U-Boot says twice.
    private func position(
        _ offset: Int, _ chip: Chip, _ window: UBootWindow, _ memory: UInt64
    ) async throws -> Position {
        let count = chip.kind.isNAND ? max(chip.pageSize > 1 ? chip.pageSize : 2_048, 512) : 16
        guard let command = try window.read(offset..<offset + count, to: memory, session.commands) else {
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

    // MARK: Mirrors

    /// Whether memory-mapped flash holds the same bytes at half its size as at its start: it may be half as large as
    /// reported, with an address line that leads nowhere.
    ///
    /// - Throws: as ``sizes(of:)``.
    func repeats(_ chip: Chip) async throws -> Bool {
        guard facts.hasChecksum, case .mapped(let base)? = facts.windows[chip.id], let size = chip.exactSize,
            size >= Self.sample * 4, let middle = base.plus(size / 2)
        else { return false }
        let blank = CRC32.sum(of: [UInt8](repeating: 0xFF, count: Self.sample))
        for offset in [0, Self.sample, size / 2 - Self.sample] {
            guard let low = base.plus(offset), let high = middle.plus(offset) else { return false }
            let sum = try await session.checksum(at: low, count: Self.sample)
            if offset == 0, sum == blank { return false }
            guard try await session.checksum(at: high, count: Self.sample) == sum else { return false }
        }
        return true
    }

    private static let sample = 16 << 10
}
