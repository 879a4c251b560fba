import FlashAccess
import FlashModel
import LoaderConsoles

/// Prints a flash device with `md -b -s`, which reads it like a file:
///
///     00000010: c6 92 17 03 7e 9a c7 ad  85 6a 63 40 18 2c a3 c4   ....~....jc@.,..
///
/// Bytes that the processor cannot read are `xx`, and a point each (`common/memory_display.c`).
final class BareboxDevicePrinter: LoaderPrinting {
    private let session: LoaderSession
    private let device: BareboxDeviceName
    private let checksum: BareboxDeviceChecksum?
    private let commands = BareboxCommands()
    let chunkSize: Int
    /// The bytes that were printed as `xx`.
    private var unreadable: [Range<Int>] = []

    /// - Parameters:
    ///   - page: of NAND, in bytes: a page that the ECC cannot repair ends the output, so each is tried by itself. nil for
    ///     flash without ECC.
    ///   - checksum: tries a page.
    init(_ session: LoaderSession, _ device: BareboxDeviceName, page: Int?, checksum: BareboxDeviceChecksum?) {
        self.session = session
        self.device = device
        self.checksum = page == nil ? nil : checksum
        let line = DumpedLines.lineSize
        chunkSize = page.map { max(line, $0 / line * line) } ?? 64 << 10
    }

    let name = "md -b -s"
    let lineLength = 79

    func locate(_ range: Range<Int>, isAgain: Bool) async throws -> LoaderPlace {
        guard range.lowerBound >= 0 else { throw BareboxCommandFault.badRange }
        if let checksum, checksum.readable.map({ range.clamped(to: $0) == range }) != true,
            case .unreadable(let words) = try await checksum.answer(range)
        {
            return .unread("barebox cannot read it: \(PrintableText.escaped(words))")
        }
        return .at(UInt64(range.lowerBound))
    }

    func command(at address: UInt64, count: Int) throws -> String {
        try commands.dump(device, at: address, count: count)
    }

    func lineStart(at address: UInt64) -> String {
        let digits = String(address, radix: 16)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits + ":"
    }

    func lines(of reply: ConsoleReply) -> [UInt64: [UInt8]] {
        let layout = HexDumpLine.Layout(isUppercase: false)
        var lines = HexDumpLine.lines(of: reply, layout)
        for text in reply.lines where text.contains(" xx") {
            guard let (line, holes) = Self.withHoles(text, layout), lines[line.address] == nil,
                let start = Int(exactly: line.address)
            else { continue }
            lines[line.address] = line.bytes
            unreadable = PartitionMap.merged(
                unreadable + holes.compactMap { hole in start.plus(hole).map { $0..<$0 + 1 } })
        }
        return lines
    }

    func holes(in range: Range<Int>) -> [Range<Int>] {
        unreadable.map { $0.clamped(to: range) }.filter { !$0.isEmpty }
    }

    /// Reads a line with `xx` as if it had `ff`, whose character is a point, too.
    ///
    /// - Returns: the line, and which of its bytes are `xx`.
    private static func withHoles(_ text: ByteText, _ layout: HexDumpLine.Layout) -> (HexDumpLine, holes: [Int])? {
        var bytes = Array(text.bytes)
        var holes: [Int] = []
        for number in 0..<DumpedLines.lineSize {
            // The address and its colon; three characters a byte, and one more in the middle.
            let column = 10 + number * 3 + (number < 8 ? 0 : 1)
            guard column + 1 < bytes.count, bytes[column] == UInt8(ascii: "x"), bytes[column + 1] == UInt8(ascii: "x")
            else { continue }
            bytes[column] = UInt8(ascii: "f")
            bytes[column + 1] = UInt8(ascii: "f")
            holes.append(number)
        }
        guard !holes.isEmpty, let line = HexDumpLine(ByteText(bytes[...]), layout) else { return nil }
        return (line, holes)
    }
}
