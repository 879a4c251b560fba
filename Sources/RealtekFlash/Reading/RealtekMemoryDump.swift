import BoardConsoles
import FlashAccess
import FlashModel
import LoaderConsoles

/// Prints memory with DW or DB.
///
/// DW needs 47 characters for 16 bytes, and DB 81, whose last 16 repeat most of the bytes. What DW counts differs between
/// builds, and so it is found out with a line of both, which must show the same bytes.
final class RealtekMemoryDump {
    private enum Format: Hashable {
        case bytes
        /// With the bytes that one counts for.
        case words(unit: Int)
    }

    private let session: LoaderSession
    private let help: RealtekHelp
    private let commands = RealtekCommands()
    private var format: Format?

    /// `80500000: 00 00 …     ....` (`utility.c`, ddump).
    private static let bytes = HexDumpLine.Layout(isUppercase: false, hasUppercaseAddress: true)
    /// `80500000:⇥00000000⇥…` (`monitor.c`, CmdDumpWord); the processors are big-endian.
    private static let words = HexDumpLine.Layout(digits: 8, isUppercase: true, needsCharacters: false)

    init(_ session: LoaderSession, _ help: RealtekHelp) {
        self.session = session
        self.help = help
    }

    /// The command, for display.
    var name: String {
        switch format {
        case .bytes: "DB"
        case .words: "DW"
        case nil: help.has("DW") ? "DW" : "DB"
        }
    }

    /// The characters of a line, with its end.
    var lineLength: Int { name == "DW" ? 47 : 81 }

    /// Finds out how memory is printed best.
    ///
    /// - Parameter address: where there is memory.
    /// - Throws: `replyNotUnderstood` if it is not printed as expected.
    func prepare(at address: UInt64) async throws {
        guard format == nil else { return }
        guard help.has("DB") else {
            // Without DB there is nothing to compare with; the count must be that of the sources.
            let lines = try await printed(.words(unit: 4), at: address)
            guard lines.count == 1 else { throw misprinted("DW", lines.count * 16) }
            format = .words(unit: 4)
            return
        }
        let bytes = try await printed(.bytes, at: address)
        let count = bytes.values.reduce(0) { $0 + $1.count }
        guard count == 16 else { throw misprinted("DB", count) }
        guard help.has("DW") else {
            format = .bytes
            return
        }
        // A count of 4 prints four words, or four lines of them.
        let words = try await printed(.words(unit: 4), at: address)
        let isSame = words[address] == bytes[address]
        format = isSame && words.count == 1 ? .words(unit: 4) : isSame && words.count == 4 ? .words(unit: 16) : .bytes
    }

    private func printed(_ format: Format, at address: UInt64) async throws -> [UInt64: [UInt8]] {
        let answer = try await session.ask(try command(format, at: address, count: 16)) { reply in
            !Self.lines(of: reply, format).isEmpty
        }
        return Self.lines(of: answer.reply, format)
    }

    private func misprinted(_ command: String, _ count: Int) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "Realtek's loader does not print memory as expected.",
            why: "\(command) printed \(count) bytes, not 16.",
            next: "Please report this, with a --transcript. Until then, read the flash from Linux.")
    }

    // MARK: Lines

    private func command(_ format: Format, at address: UInt64, count: Int) throws -> String {
        switch format {
        case .bytes: try commands.dumpBytes(at: address, count: count)
        case .words(let unit): try commands.dumpWords(at: address, count: count, unit: unit)
        }
    }

    private static func lines(of reply: ConsoleReply, _ format: Format) -> [UInt64: [UInt8]] {
        HexDumpLine.lines(of: reply, format == .bytes ? bytes : words)
    }

    func command(at address: UInt64, count: Int) throws -> String {
        try command(known(), at: address, count: count)
    }

    func lineStart(at address: UInt64) -> String {
        let digits = String(address, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits + ":"
    }

    func lines(of reply: ConsoleReply) -> [UInt64: [UInt8]] {
        guard let format else { return [:] }
        return Self.lines(of: reply, format)
    }

    private func known() throws -> Format {
        guard let format else {
            throw FlashkeepError(
                .internalFault, what: "Memory was to be printed before it was known how.", why: "A step was left out.",
                next: "Please report this.")
        }
        return format
    }

    /// One line of memory.
    ///
    /// - Throws: ``FlashAccess/BoardInterruption``, `replyNotUnderstood`, `boardSilent`.
    func line(at address: UInt64) async throws -> [UInt8] {
        let format = try known()
        let answer = try await session.ask(try command(format, at: address, count: 16)) { reply in
            Self.lines(of: reply, format)[address]?.count == 16
        }
        guard let bytes = Self.lines(of: answer.reply, format)[address] else { throw misprinted(name, 0) }
        return bytes
    }
}
