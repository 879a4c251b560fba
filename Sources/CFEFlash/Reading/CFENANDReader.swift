import BoardConsoles
import FlashAccess
import FlashModel
import LoaderConsoles

/// Reads NAND with `dn`, page by page, each with its spare area.
///
/// A page of which CFE says that its ECC failed is read again, and if that does not help, it is named as unread: what is
/// printed may be the page before.
final class CFENANDReader: LoaderChipReading {
    private let session: LoaderSession
    private let geometry: CFENANDGeometry
    private let commands = CFECommands()
    /// The number of repeated lines.
    private var repeatedLines = 0

    /// How often a page whose ECC fails is read.
    private static let attempts = 3

    init(_ session: LoaderSession, _ geometry: CFENANDGeometry) {
        self.session = session
        self.geometry = geometry
    }

    var name: String { "dn" }
    /// 66 characters a line, the spare area, and two headers a page.
    var cost: Int? { ((geometry.unit + 15) / 16 * 68 + 200) * 100 / max(1, geometry.pageSize) }
    var readsOOB: Bool { geometry.oobSize > 0 }

    func read(_ range: Range<Int>, each: (FlashChunk) async throws -> Void) async throws {
        let size = geometry.pageSize
        for part in range.cut(atMultiplesOf: geometry.blockSize) {
            var bytes: [UInt8] = []
            var findings: [BlockFinding] = []
            for number in part.lowerBound / size..<(part.upperBound + size - 1) / size {
                let onChip = number * size..<(number + 1) * size
                let inside = onChip.clamped(to: part)
                let page = try await page(number)
                bytes += page.bytes[inside.shifted(by: -onChip.lowerBound)]
                if let finding = page.finding(inside) { findings.append(finding) }
            }
            try await each(FlashChunk(offset: part.lowerBound, bytes: bytes, findings: findings))
        }
    }

    func readWithOOB(_ range: Range<Int>, each: (FlashChunk) async throws -> Void) async throws {
        let (size, unit) = (geometry.pageSize, geometry.unit)
        for part in range.cut(atMultiplesOf: geometry.blockSize) {
            var bytes: [UInt8] = []
            var findings: [BlockFinding] = []
            let first = part.lowerBound / size
            for number in first..<(part.upperBound + size - 1) / size {
                let page = try await page(number)
                bytes += page.bytes
                if let finding = page.finding(number * unit..<(number + 1) * unit) { findings.append(finding) }
            }
            try await each(FlashChunk(offset: first * unit, bytes: bytes, findings: findings))
        }
    }

    // MARK: Pages

    /// A page with its spare area.
    private struct Page {
        var bytes: [UInt8]
        var trouble: CFEPage.Trouble?

        func finding(_ range: Range<Int>) -> BlockFinding? {
            switch trouble {
            case nil: nil
            case .corrected(let line):
                BlockFinding(offset: range.lowerBound, size: range.count, state: .eccCorrected, detail: line)
            case .failed(let line):
                BlockFinding(offset: range.lowerBound, size: range.count, state: .unread, detail: "CFE says: \(line)")
            }
        }
    }

    private func page(_ number: Int) async throws -> Page {
        var last: Page?
        for _ in 0..<Self.attempts {
            let page = try await readOnce(number)
            guard case .failed = page.trouble else { return page }
            last = page
        }
        return Page(bytes: [UInt8](repeating: 0xFF, count: geometry.unit), trouble: last?.trouble)
    }

    /// A page as CFE prints it. Lines that are missing or damaged are asked for again, which prints all of the page.
    private func readOnce(_ number: Int) async throws -> Page {
        let pages = geometry.blockSize / geometry.pageSize
        let (block, page) = (number / pages, number % pages)
        let command = try commands.dumpPage(block: block, page: page)
        session.examples.note(command)
        let kept = DumpedLines()
        var trouble: CFEPage.Trouble?
        let bytes = try await session.surviving(achieved: { kept.taken }) {
            let votes = repeatedLines > 0 ? 2 : 1
            var reading = DumpReading(commandSize: geometry.unit, votes: votes)
            defer {
                repeatedLines += reading.repeatedLines
                session.countRetries(reading.repeatedLines)
            }
            return try await reading.bytes(
                at: 0, count: geometry.unit, earlier: nil, kept: kept, name: name
            ) { run, piece, start, size in
                // The command for another run has printed these lines, too.
                guard run.contains(where: { piece.settled($0, votes: votes) == nil }) else { return }
                let answer = try await session.say(command, pause: session.timing.settled, isBulk: true)
                guard let printed = CFEPage(answer.reply), printed.block == block, printed.page == page else { return }
                if case .failed = trouble {} else { trouble = printed.trouble ?? trouble }
                piece.take(printed.lines(geometry), of: 0..<piece.count, from: start, size: size)
            }
        }
        return Page(bytes: bytes, trouble: trouble)
    }
}
