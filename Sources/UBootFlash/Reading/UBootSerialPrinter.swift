private import BoardConsoles
internal import FlashAccess
internal import FlashModel

/// Reads serial flash that U-Boot prints by a command of its own, without a detour through memory: `spi read`.
final class UBootSerialPrinter {
    /// The bytes per command. U-Boot reads them into memory that it allocates, of which it has 256 KiB or less.
    private static let commandSize = 4 << 10
    /// The same on a line that damages replies: a shorter one is more often intact.
    private static let smallSize = 512
    /// The number of attempts after which to give up.
    private static let patience = 12
    /// The characters per byte of random data, in hundredths: one or two digits and a blank.
    static let cost = 294

    private let session: UBootSession
    private let recovery: UBootRecovery
    private let transfers: UBootTransfers
    /// Whether a reply was damaged: then two readings must agree, for nothing checks a digit.
    private var hasErred = false

    init(_ session: UBootSession, _ recovery: UBootRecovery, _ transfers: UBootTransfers) {
        self.session = session
        self.recovery = recovery
        self.transfers = transfers
    }

    /// Reads a range of the chip.
    ///
    /// - Throws: `replyNotUnderstood` if replies are repeatedly damaged, and what the line throws.
    func read(_ range: Range<Int>, each: (FlashChunk) async throws -> Void) async throws {
        var start = range.lowerBound
        while start < range.upperBound {
            let size = hasErred ? Self.smallSize : Self.commandSize
            let part = start..<min(range.upperBound, start + size)
            let bytes = try await recovery.surviving {
                try await self.transfers.prepareLine()
                return try await self.bytes(of: part)
            }
            guard let bytes else { continue }
            try await each(FlashChunk(offset: part.lowerBound, bytes: bytes))
            start = part.upperBound
        }
    }

    /// - Returns: nil if the reply was damaged, for the first time.
    private func bytes(of range: Range<Int>) async throws -> [UInt8]? {
        let command = try session.commands.printSerial(
            offset: UInt64(clamping: range.lowerBound), count: UInt64(clamping: range.count))
        session.examples.note(command)
        var earlier: [[UInt8]] = []
        var last = UBootReply(output: [])
        for attempt in 0..<Self.patience {
            if attempt > 0 { session.countRetries(1) }
            last = try await session.say(
                command, pause: session.timing.settled, isBulk: true,
                accepts: { UBootPrintedBytes.parse($0, count: range.count) != nil }
            ).reply
            guard let bytes = UBootPrintedBytes.parse(last, count: range.count) else {
                if hasErred { continue }
                hasErred = true
                session.countRetries(1)
                return nil
            }
            if !hasErred || earlier.contains(bytes) { return bytes }
            earlier.append(bytes)
        }
        throw lost(range, last.lines.first { !$0.trimmed.isEmpty }?.string(limit: 80) ?? "")
    }

    private func lost(_ range: Range<Int>, _ line: String) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood,
            what: "The flash at \(ByteCount.hex(range.lowerBound)) could not be read over the line.",
            why: line.isEmpty
                ? "U-Boot's spi read printed nothing."
                : "U-Boot's spi read did not print \(range.count) bytes twice alike, but \"\(PrintableText.escaped(line, limit: 80))\".",
            next: "Check the cable and the ground wire, or use a slower rate.")
    }
}
