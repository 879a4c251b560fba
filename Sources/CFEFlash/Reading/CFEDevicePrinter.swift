import FlashAccess
import LoaderConsoles

/// Prints a flash device with `fdump` (help and logs of owners of BCM47xx boards).
///
/// `00000400  26 9f b4 20 93 4b 11 48  81 25 33 35 c7 f6 cd 2b  |&....K.H.%35...+|`: the offset in the device; builds differ
/// in the gap in the middle and the characters.
final class CFEDevicePrinter: LoaderPrinting {
    private static let layout = HexDumpLine.Layout(mark: "", isUppercase: false, needsCharacters: false)

    private let device: String
    private let commands = CFECommands()

    init(_ device: String) {
        self.device = device
    }

    var name: String { "fdump" }
    var lineLength: Int { 80 }

    func locate(_ range: Range<Int>, isAgain: Bool) async throws -> LoaderPlace {
        .at(UInt64(max(0, range.lowerBound)))
    }

    func command(at address: UInt64, count: Int) throws -> String {
        try commands.dumpDevice(device, at: address, count: count)
    }

    func lineStart(at address: UInt64) -> String {
        let digits = String(address, radix: 16)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits + " "
    }

    func lines(of reply: ConsoleReply) -> [UInt64: [UInt8]] { HexDumpLine.lines(of: reply, Self.layout) }
}
