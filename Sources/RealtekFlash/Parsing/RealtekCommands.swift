import FlashModel
package import LoaderConsoles
package import Transfers

/// Why a command line is not sent.
package enum RealtekCommandFault: Error, Sendable, Hashable {
    /// The numbers are invalid: a range that ends beyond the 32-bit address space, or a count that is not a multiple of
    /// 16.
    case badRange
}

/// Builds command lines for Realtek's loader. It can build none that writes flash: `FLR` copies flash to RAM, `AUTOBURN` is
/// only ever switched off, `LOADADDR` and `IPCONFIG` set variables in RAM, and everything else prints.
///
/// Addresses are hexadecimal without `0x`, which old builds refuse (`utility.c`, _atoi); lengths are decimal in DB and DW,
/// and hexadecimal in FLR (`monitor.c`, CmdDumpByte, CmdDumpWord, CmdFlr).
package struct RealtekCommands: Sendable, Hashable {
    package init() {}

    /// `HELP` is listed as well, and is unknown.
    package func help() -> String { "?" }

    /// `DB 80500000 4096`.
    package func dumpBytes(at address: UInt64, count: Int) throws(RealtekCommandFault) -> String {
        try Self.check(address, count)
        return "DB \(Self.hex(address)) \(count)"
    }

    /// `DW 80500000 1024`.
    ///
    /// - Parameter unit: the bytes that one counts for: 4 for a word, 16 in builds that count lines.
    package func dumpWords(at address: UInt64, count: Int, unit: Int) throws(RealtekCommandFault) -> String {
        try Self.check(address, count)
        guard unit > 0, count % unit == 0 else { throw .badRange }
        return "DW \(Self.hex(address)) \(count / unit)"
    }

    /// `FLR 80500000 180000 8000`, with the question that it must ask.
    package func readFlash(
        to memory: UInt64, at offset: Int, count: Int
    ) throws(RealtekCommandFault) -> (command: String, question: LoaderQuestion) {
        try Self.check(memory, count)
        guard let offset = UInt64(exactly: offset) else { throw .badRange }
        try Self.check(offset, count)
        let (source, target, size) = (Self.hex(offset), Self.hex(memory), Self.hex(UInt64(count)))
        let numbers = { (pad: (String) -> String) in
            [
                "Flash read from \(pad(source)) to \(pad(target)) with \(pad(size)) bytes ?", "(Y)es , (N)o ? -->",
            ]
        }
        // `%X` of this loader pads to eight digits; its source does not say so.
        return (
            "FLR \(target) \(source) \(size)",
            LoaderQuestion(
                alternatives: [
                    numbers { String(repeating: "0", count: max(0, 8 - $0.utf8.count)) + $0.lowercased() },
                    numbers { String(repeating: "0", count: max(0, 8 - $0.utf8.count)) + $0 }, numbers { $0 },
                ], answer: "Y")
        )
    }

    // MARK: The network

    /// `AUTOBURN 0`: files that anybody sends to the loader's TFTP server are not written to flash, until the next reset
    /// (`monitor.c`, CmdAuto). Its reply shows the variable: `AutoBurning=0`. There is no other form: without an argument,
    /// old builds read the last line's.
    package func noAutomaticWriting() -> String { "AUTOBURN 0" }

    /// `LOADADDR 80500000`: where the TFTP server reads from (`monitor.c`, CmdLoad), with the reply.
    package func setLoadAddress(
        _ memory: UInt64
    ) throws(RealtekCommandFault) -> (command: String, reply: String) {
        try Self.check(memory, 16)
        return ("LOADADDR \(Self.hex(memory))", "Set TFTP Load Addr 0x\(String(memory, radix: 16))")
    }

    /// `IPCONFIG 192.168.1.6`: the board's address, until the next reset (`monitor.c`, CmdCfn).
    package func setAddress(_ board: IPv4Address) -> String { "IPCONFIG \(board)" }

    private static func hex(_ value: UInt64) -> String { String(value, radix: 16, uppercase: true) }

    private static func check(_ address: UInt64, _ count: Int) throws(RealtekCommandFault) {
        guard count > 0, count % 16 == 0, let end = address.plus(count), end <= 1 << 32 else { throw .badRange }
    }
}
