package import FlashAccess

/// Serial NOR of Ralink's and MediaTek's U-Boot 1.1.3, whose command `spi` prints it (`drivers/spi_flash.c`,
/// ralink_spi_command). Other U-Boots have a command of that name with other arguments.
package struct UBootPrintedSerialFlash: Sendable, Hashable {
    /// The chip's id; nil if none was printed.
    package var id: SPINORID?

    /// The size in bytes by the chip's id.
    package var size: Int? { id?.size }

    /// - Parameters:
    ///   - usage: the output of `help spi`.
    ///   - id: that of `spi id`.
    init?(usage: UBootReply?, id: UBootReply?) {
        guard Self.isOffered(usage) else { return nil }
        // `device id: c2 20 17 0 0`, without leading zeros; the driver reads five bytes.
        let line = id?.lines.lazy.compactMap { $0.trimmed.dropping("device id:") }.first
        let bytes = line?.words.prefix(3).compactMap { word in
            word.bytes.count <= 2 ? word.hexadecimal.flatMap(UInt8.init(exactly:)) : nil
        }
        self.id = bytes.flatMap { SPINORID($0) }
    }

    /// Whether the command has these arguments: `  spi id` and `  spi read <addr> <len>`. The form with another number
    /// before the length reads into memory.
    static func isOffered(_ usage: UBootReply?) -> Bool {
        let lines = usage?.lines.map { $0.trimmed } ?? []
        return lines.contains(ByteText("spi id")) && lines.contains(ByteText("spi read <addr> <len>"))
    }
}

/// The output of `spi read 1d940 78`: `read len: 120`, and then all bytes in one line, each in hexadecimal without a
/// leading zero. Nothing checks a digit, but a lost blank or byte changes their number.
enum UBootPrintedBytes {
    /// Parses a reply; nil if it does not have exactly this many bytes.
    static func parse(_ reply: UBootReply, count: Int) -> [UInt8]? {
        let lines = reply.lines
        guard let start = lines.firstIndex(where: { $0.trimmed.dropping("read len: ")?.decimal == count }) else {
            return nil
        }
        guard let line = lines[(start + 1)...].first(where: { !$0.trimmed.isEmpty }) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for word in line.words {
            guard bytes.count < count, (1...2).contains(word.bytes.count), word.bytes.allSatisfy(isDigit),
                word.bytes.count == 1 || word.bytes.first != 0x30, let value = word.hexadecimal
            else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: value))
        }
        return bytes.count == count ? bytes : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }
}
