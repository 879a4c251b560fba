import FlashAccess
import FlashModel

/// Reads memory that U-Boot prints, in the cheapest format that the board has and that proves to work, until it matches
/// the board's own CRC-32.
final class UBootMemoryPrinter {
    /// The bytes per dump that tests a format.
    private static let trialSize = 512

    private let session: UBootSession
    private let help: UBootHelp?
    /// How to print memory: `saves`, `md`, `md.b`; nil chooses the cheapest that works.
    private let wantedFormat: String?
    /// Whether the output currently goes over the network.
    private let printsToNetwork: () -> Bool
    private var dump: UBootLineDump
    private var hasChosenFormat = false

    init(
        _ session: UBootSession, _ help: UBootHelp?, format: String?, printsToNetwork: @escaping () -> Bool
    ) {
        self.session = session
        self.help = help
        wantedFormat = format
        self.printsToNetwork = printsToNetwork
        dump = UBootLineDump()
    }

    /// The number of repeated lines.
    var repeatedLines: Int { dump.repeatedLines }

    /// The printing command, without the width of its words.
    var formatName: String { dump.format.name.split(separator: ".").first.map(String.init) ?? "" }

    /// The characters on the line per byte of memory, in hundredths: of the chosen format, or the cheapest that the
    /// board lists.
    var charactersPerByte: Int {
        hasChosenFormat ? dump.format.cost : formats.first { $0.isListed(help) }?.cost ?? dump.format.cost
    }

    private var hasChecksum: Bool { help?.has("crc32") ?? false }

    // MARK: Bytes

    /// Memory as printed, except blank memory, which need not be transferred.
    func bytesUnlessBlank(at address: UInt64, count: Int, kept: DumpedLines) async throws -> [UInt8] {
        guard hasChecksum else { return try await bytes(at: address, count: count, sum: nil, kept: kept) }
        let blank = [UInt8](repeating: 0xFF, count: count)
        let sum = try await checksum(at: address, count: count)
        // As with all known content, a second checksum over a different range confirms it.
        if sum == CRC32.sum(of: blank),
            try await checksum(at: address, count: count / 2) == CRC32.sum(of: blank.prefix(count / 2))
        {
            return blank
        }
        return try await bytes(at: address, count: count, sum: sum, kept: kept)
    }

    /// Memory as printed by U-Boot.
    ///
    /// - Parameters:
    ///   - sum: its CRC-32, if it is known.
    ///   - kept: what was read of it before.
    /// - Throws: ``UBootSession/Interruption``; `toolMissing` if the required format does not work;
    ///   `replyNotUnderstood`, `boardSilent`.
    func bytes(at address: UInt64, count: Int, sum: UInt32?, kept: DumpedLines) async throws -> [UInt8] {
        let earlier = repeatedLines
        defer { session.countRetries(repeatedLines - earlier) }
        try await chooseFormat(at: address, count: count)
        session.examples.note(try dump.format.command(at: address, count: max(16, count), session.commands))
        guard let sum else {
            // Without a checksum, two readings of each line must agree once this line has shown errors.
            let votes = dump.hasErred ? 2 : 1
            return try await dump.bytes(at: address, count: count, votes: votes, kept: kept, session)
        }
        return try await CheckedDump.bytes(count: count, sum: sum, own: { CRC32.sum(of: $0) }) { part in
            try await checksum(at: try Self.address(address, part), count: part.count)
        } dump: { part, votes, earlier in
            // Abandon a format that is wrong repeatedly.
            if votes > 3 { useUsualFormat() }
            return try await dump.bytes(
                at: try Self.address(address, part), count: part.count, votes: votes, earlier: earlier,
                kept: earlier == nil ? kept : DumpedLines(), session)
        }
    }

    private static func address(_ start: UInt64, _ part: Range<Int>) throws -> UInt64 {
        guard let address = start.plus(part.lowerBound) else { throw UBootCommandFault.badRange }
        return address
    }

    private func checksum(at address: UInt64, count: Int) async throws -> UInt32 {
        try await session.checksum(at: address, count: count)
    }

    // MARK: Formats

    /// The formats that may be used, cheapest first.
    private var formats: [any UBootDumpFormat] { wantedFormat.map(UBootDumpFormats.named) ?? UBootDumpFormats.all }

    /// Chooses the cheapest format that works, with a small dump of the requested memory.
    private func chooseFormat(at address: UInt64, count: Int) async throws {
        // Over the network, output that is not printed in whole lines takes one packet per character.
        if wantedFormat == nil, printsToNetwork() { return dump.use(UBootDumpFormats.usual) }
        guard !hasChosenFormat, count >= Self.trialSize else { return }
        var sum: UInt32?
        for format in formats where format.isListed(help) && format.fits(address, count: Self.trialSize) {
            // The usual format is the reference for the others.
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
                .toolMissing, what: "The board does not print its memory with \(wantedFormat ?? "").",
                why: "Its help does not list it, or its output did not match the memory.",
                next: "Omit that option to let Flashkeep choose.")
        }
        hasChosenFormat = true
    }

    /// The expected checksum of a trial: the board's, or that of two equal dumps in the usual format.
    private func trialSum(at address: UInt64) async throws -> UInt32 {
        if hasChecksum { return try await checksum(at: address, count: Self.trialSize) }
        var usual = UBootLineDump()
        return CRC32.sum(of: try await usual.bytes(at: address, count: Self.trialSize, votes: 2, session))
    }

    private func isGood(_ format: any UBootDumpFormat, at address: UInt64, _ sum: UInt32?) async throws -> Bool {
        var trial = UBootLineDump(format: format)
        do {
            let bytes = try await trial.bytes(at: address, count: Self.trialSize, session)
            return !trial.isMute && CRC32.sum(of: bytes) == sum
        } catch let error as FlashkeepError where error.code == .replyNotUnderstood {
            return false
        }
    }

    /// Prints in the format that every board has from now on, unless the user chose one.
    private func useUsualFormat() {
        guard wantedFormat == nil else { return }
        dump.use(UBootDumpFormats.usual)
    }
}
