import FlashAccess
import FlashModel

/// Memory as U-Boot prints it: by the cheapest format that the board has and that is seen to work, and read again until
/// it has the board's own CRC-32.
final class UBootMemoryPrinter {
    /// Bytes of the dump by which a format is tried.
    private static let trialSize = 512
    /// How many of its readings must be the same in the end, for a line of a dump that the checksum contradicts.
    private static let mostVotes = 5

    private let session: UBootSession
    private let help: UBootHelp?
    /// How memory must be printed: `saves`, `md`, `md.b`; nil takes the cheapest that works.
    private let wantedFormat: String?
    /// Whether what is printed comes over the network now.
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

    /// How many lines were asked for again.
    var repeatedLines: Int { dump.repeatedLines }

    /// The command that prints, without the width of its words.
    var formatName: String { dump.format.name.split(separator: ".").first.map(String.init) ?? "" }

    /// Characters on the line for a byte of memory, in hundredths, by what the board has.
    var charactersPerByte: Int {
        hasChosenFormat ? dump.format.cost : formats.first { $0.isListed(help) }?.cost ?? dump.format.cost
    }

    private var hasChecksum: Bool { help?.has("crc32") ?? false }

    // MARK: Bytes

    /// Memory as it is dumped, but for what is blank: that need not cross.
    func bytesUnlessBlank(at address: UInt64, count: Int, kept: DumpedLines) async throws -> [UInt8] {
        guard hasChecksum else { return try await bytes(at: address, count: count, sum: nil, kept: kept) }
        let blank = [UInt8](repeating: 0xFF, count: count)
        let sum = try await checksum(at: address, count: count)
        // As with all that is known, a second sum that is cut differently confirms it.
        if sum == CRC32.sum(of: blank),
            try await checksum(at: address, count: count / 2) == CRC32.sum(of: blank.prefix(count / 2))
        {
            return blank
        }
        return try await bytes(at: address, count: count, sum: sum, kept: kept)
    }

    /// Memory as U-Boot prints it.
    ///
    /// - Parameters:
    ///   - sum: its CRC-32, where it is known.
    ///   - kept: what was read of it before.
    /// - Throws: ``UBootSession/Interruption``; `toolMissing` where the format that must be used does not work;
    ///   `replyNotUnderstood`, `boardSilent`.
    func bytes(at address: UInt64, count: Int, sum: UInt32?, kept: DumpedLines) async throws -> [UInt8] {
        let earlier = repeatedLines
        defer { session.countRetries(repeatedLines - earlier) }
        try await chooseFormat(at: address, count: count)
        session.examples.note(try dump.format.command(at: address, count: max(16, count), session.commands))
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
            guard let target = address.plus(start) else { break }
            bytes.replaceSubrange(part, with: try await settled(Array(bytes[part]), target))
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

    private func checksum(at address: UInt64, count: Int) async throws -> UInt32 {
        try await session.checksum(at: address, count: count)
    }

    // MARK: Formats

    /// The formats that may be used, the cheapest first.
    private var formats: [any UBootDumpFormat] { wantedFormat.map(UBootDumpFormats.named) ?? UBootDumpFormats.all }

    /// Chooses the cheapest format that works, by a small dump of what is wanted anyway.
    private func chooseFormat(at address: UInt64, count: Int) async throws {
        // There each character that is not printed in lines is a packet for itself.
        if wantedFormat == nil, printsToNetwork() { return dump.use(UBootDumpFormats.usual) }
        guard !hasChosenFormat, count >= Self.trialSize else { return }
        var sum: UInt32?
        for format in formats where format.isListed(help) && format.fits(address, count: Self.trialSize) {
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
                .toolMissing, what: "The board does not print its memory with \(wantedFormat ?? "").",
                why: "Its help does not list it, or its output did not match the memory.",
                next: "Omit that option to let Flashkeep choose.")
        }
        hasChosenFormat = true
    }

    /// What the trial must give: by the board's own checksum, or by what the usual format gave twice.
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

    /// Prints by the format that every board has from now on, unless another one was asked for.
    private func useUsualFormat() {
        guard wantedFormat == nil else { return }
        dump.use(UBootDumpFormats.usual)
    }
}
