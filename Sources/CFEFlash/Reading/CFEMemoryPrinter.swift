import FlashAccess
import FlashModel
import LoaderConsoles

/// Prints mapped flash with `d` or `dm`, whichever the board has.
///
/// Whether `dm` takes its length as a decimal number is found out with a line of 16 bytes.
final class CFEMemoryPrinter: LoaderPrinting {
    /// The command.
    private enum Format: Hashable {
        /// `d -b`: `BC000000: 26 9F … 2B  &..` (`ui/ui_examcmds.c`, dumpmem).
        case bytes
        /// `dm`: `b8000000: 10000024 00000000 80003c38 80003c40    ...$` (`bcm63xx_ram/src/bcm63xx_cmd.c`, ui_dumpaddr).
        case memory

        var layouts: [HexDumpLine.Layout] {
            switch self {
            // Bytes above 127 are points, and DEL is not.
            case .bytes: [HexDumpLine.Layout(isUppercase: true, firstHidden: 0x80)]
            // Older builds print bytes (notes of owners: bootloader-dump-tools).
            case .memory:
                [
                    HexDumpLine.Layout(digits: 8, isUppercase: false), HexDumpLine.Layout(isUppercase: false),
                ]
            }
        }
    }

    private let session: LoaderSession
    private let base: UInt64
    private let format: Format
    private var isTried = false
    private let commands = CFECommands()

    /// - Parameter base: the address of the chip.
    /// - Returns: nil if the board has neither command.
    init?(_ session: LoaderSession, _ help: CFEHelp?, base: UInt64) {
        guard let help else { return nil }
        if help.dumpsWithD {
            format = .bytes
        } else if help.has("dm") {
            format = .memory
        } else {
            return nil
        }
        self.session = session
        self.base = base
    }

    var name: String { format == .bytes ? "d -b" : "dm" }
    var lineLength: Int { format == .bytes ? 77 : 67 }

    func locate(_ range: Range<Int>, isAgain: Bool) async throws -> LoaderPlace {
        guard let address = base.plus(range.lowerBound) else { throw CFECommandFault.badRange }
        if !isTried {
            try await tryBase(at: address)
            isTried = true
        }
        return .at(address)
    }

    func command(at address: UInt64, count: Int) throws -> String {
        switch format {
        case .bytes: try commands.dumpBytes(at: address, count: count)
        case .memory: try commands.dumpMemory(at: address, count: count)
        }
    }

    func lineStart(at address: UInt64) -> String {
        let digits = String(address, radix: 16, uppercase: format == .bytes)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits + ":"
    }

    func lines(of reply: ConsoleReply) -> [UInt64: [UInt8]] {
        format.layouts.lazy.map { HexDumpLine.lines(of: reply, $0) }.first { !$0.isEmpty } ?? [:]
    }

    /// Prints 16 bytes, and counts them: a length in the other base would print 10 or 22.
    private func tryBase(at address: UInt64) async throws {
        let command = try command(at: address, count: 16)
        let answer = try await session.ask(command) { reply in lines(of: reply).values.contains { !$0.isEmpty } }
        let bytes = lines(of: answer.reply).values.reduce(0) { $0 + $1.count }
        // A line of fewer bytes may be in no form that is known.
        let count = answer.reply.lines.count { line in
            line.before(":").map { $0.isHexadecimal(digits: 8) } == true
        }
        guard bytes == 16, count == 1 else {
            throw FlashkeepError(
                .replyNotUnderstood, what: "CFE does not print memory as expected.",
                why: "\"\(command)\" printed \(count) lines, not one of 16 bytes.",
                next: "Please report this, with a --transcript. Until then, read the flash from Linux.")
        }
    }
}
