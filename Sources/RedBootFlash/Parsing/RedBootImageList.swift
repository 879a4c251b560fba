package import FlashAccess
import FlashModel

/// The reply to `fis list`, `fis list -c` or `fis list -d` (`redboot/current/src/flash.c`, fis_list).
///
/// Names may hold blanks, and nothing separates them but blanks, so a row is read from its end. There is no checksum over
/// the directory: a damaged one prints whatever it holds.
package struct RedBootImageList: Sendable, Hashable {
    package struct Row: Sendable, Hashable {
        package let name: String
        package let flashAddress: UInt64
        /// The checksum in place of the address in RAM, if that was asked for.
        package let memoryAddress: UInt64
        /// The length of the data in place of that of the image, if that was asked for.
        package let length: UInt64
        package let entryPoint: UInt64
    }

    package private(set) var rows: [Row] = []
    /// Whether the third column has checksums.
    package let hasChecksums: Bool
    /// Whether the fourth column has the lengths of the data.
    package let hasDataLengths: Bool
    /// Lines that are no rows.
    package private(set) var strayLines: [String] = []

    /// nil if the reply has no heading.
    package init?(_ reply: ConsoleReply) {
        var lines = reply.lines[...]
        while let line = lines.first, !line.hasPrefix("Name ") { lines = lines.dropFirst() }
        guard let heading = lines.popFirst()?.trimmed, heading.hasSuffix("Entry point"),
            heading.contains("FLASH addr")
        else { return nil }
        hasChecksums = heading.contains("Checksum")
        hasDataLengths = heading.contains("Datalen")
        for line in lines where !line.trimmed.isEmpty {
            if let row = Self.row(line), rows.count < BoardLimits.devices {
                rows.append(row)
            } else {
                strayLines.append(line.string(limit: 120))
            }
        }
    }

    private static func row(_ line: ByteText) -> Row? {
        var rest = line.bytes
        while let last = rest.last, ByteText.isBlank(last) { rest.removeLast() }
        var numbers: [UInt64] = []
        for _ in 0..<4 {
            let word = ByteText(rest.suffix(10))
            guard rest.count > 12, let digits = word.dropping("0x"), digits.isHexadecimal(digits: 8),
                let number = digits.address
            else { return nil }
            rest.removeLast(10)
            guard rest.suffix(2).elementsEqual([0x20, 0x20]) else { return nil }
            rest.removeLast(2)
            numbers.append(number)
        }
        let name = ByteText(rest).trimmed
        guard !name.isEmpty, name.bytes.count <= 16 else { return nil }
        return Row(
            name: name.name(), flashAddress: numbers[3], memoryAddress: numbers[2], length: numbers[1],
            entryPoint: numbers[0])
    }

    /// The first row with a name.
    package func row(_ name: String) -> Row? { rows.first { $0.name == name } }
}
