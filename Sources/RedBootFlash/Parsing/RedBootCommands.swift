import FlashAccess
import FlashModel
package import Transfers

/// Why a command line is not sent.
package enum RedBootCommandFault: Error, Sendable, Hashable {
    /// A word contains what RedBoot would not take literally, or what would lose its console: a blank, `;`, quotes,
    /// `$`, `+`, `%`, a control character.
    case unsafeWord(String)
    /// The line's length in bytes, which exceeds what all RedBoots take.
    case lineTooLong(Int)
    /// The number of words, which exceeds RedBoot's limit.
    case tooManyWords(Int)
    /// The command would write into this memory-mapped flash.
    case writesFlash(Range<UInt64>)
    /// The numbers are invalid: a range that ends beyond the 32-bit address space, or a count of zero.
    case badRange
}

/// Builds command lines for RedBoot.
///
/// Command words are complete and in lower case: RedBoot takes any beginning of a word, and `fis i` is `fis init`.
/// Numbers have `0x`; without it they are decimal. Each option is a word of its own, before its value.
///
/// The addresses come before the lengths: a line that noise ends early then lacks a length, and does nothing or less.
package struct RedBootCommands: Sendable, Hashable {
    /// The most bytes in a line: at 255, RedBoot runs it without an Enter (`redboot/current/src/io.c`, _rb_gets, and
    /// CYGPKG_REDBOOT_MAX_CMD_LINE, 256).
    static let lineLimit = 249
    /// The most words in a line (`redboot/current/src/parse.c`, MAX_ARGV).
    static let wordLimit = 16
    /// The end of the address space: all boards with RedBoot have 32 bits.
    static let addressLimit: UInt64 = 1 << 32

    package init() {}

    /// Joins words to a line.
    func line(_ words: [String]) throws(RedBootCommandFault) -> String {
        for word in words where !Self.isSafe(word) { throw .unsafeWord(word) }
        guard words.count <= Self.wordLimit else { throw .tooManyWords(words.count) }
        let line = words.joined(separator: " ")
        guard line.utf8.count <= Self.lineLimit else { throw .lineTooLong(line.utf8.count) }
        return line
    }

    /// Whether RedBoot takes the word literally.
    static func isSafe(_ word: String) -> Bool {
        !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                // . _ - / : , =
                case 0x2E, 0x5F, 0x2D, 0x2F, 0x3A, 0x2C, 0x3D: true
                default: false
                }
            }
    }

    /// A number in RedBoot's notation.
    static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    /// The digits of an address, as RedBoot prints it: at least eight.
    static func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, 8 - text.utf8.count)) + text
    }

    private static func check(_ address: UInt64, _ count: UInt64) throws(RedBootCommandFault) {
        let (end, overflow) = address.addingReportingOverflow(count)
        guard count > 0, !overflow, end <= addressLimit else { throw .badRange }
    }

    /// Checks that a range can be written without touching flash.
    private static func checkMemory(
        _ address: UInt64, _ count: UInt64, _ flash: [Range<UInt64>]
    ) throws(RedBootCommandFault) {
        try check(address, count)
        if let hit = flash.first(where: { $0.overlaps(address..<address + count) }) { throw .writesFlash(hit) }
    }

    // MARK: Questions

    package func version() -> String { "version" }
    package func help() -> String { "help" }
    package func help(_ command: String) throws(RedBootCommandFault) -> String { try line(["help", command]) }
    package func imageList() -> String { "fis list" }
    package func imageChecksums() -> String { "fis list -c" }
    package func imageDataLengths() -> String { "fis list -d" }
    package func configuration() -> String { "fconfig -l" }
    package func configurationKeys() -> String { "fconfig -l -n" }
    package func addresses() -> String { "ip_address" }

    // MARK: Memory

    /// `dump -b 0xbe100000 -l 0x1000 -s`: prints S-records. A last record of fewer than 16 bytes would have 16, so the
    /// count must be at most 16, or a multiple of it.
    package func dumpRecords(at address: UInt64, count: UInt64) throws(RedBootCommandFault) -> String {
        try Self.check(address, count)
        guard count <= 16 || count % 16 == 0 else { throw .badRange }
        return try line(["dump", "-b", Self.hex(address), "-l", Self.hex(count), "-s"])
    }

    /// `dump -b 0xbe100000 -l 0x1000 -1`: prints bytes. The width of the last dump would stay.
    package func dumpBytes(at address: UInt64, count: UInt64) throws(RedBootCommandFault) -> String {
        try Self.check(address, count)
        return try line(["dump", "-b", Self.hex(address), "-l", Self.hex(count), "-1"])
    }

    /// `cksum -b 0xbe100000 -l 0x10000`.
    package func checksum(at address: UInt64, count: UInt64) throws(RedBootCommandFault) -> String {
        try Self.check(address, count)
        return try line(["cksum", "-b", Self.hex(address), "-l", Self.hex(count)])
    }

    /// `mfill -b 0x80100000 -l 0x10000 -p 0xff -1`: fills RAM. The target must not overlap flash.
    package func fill(
        at address: UInt64, count: UInt64, value: UInt8, flash: [Range<UInt64>]
    ) throws(RedBootCommandFault) -> String {
        try Self.checkMemory(address, count, flash)
        return try line(
            ["mfill", "-b", Self.hex(address), "-l", Self.hex(count), "-p", Self.hex(UInt64(value)), "-1"])
    }

    // MARK: Loading

    /// `load -r -b 0x80100000 -m ymodem`.
    package func loadYMODEM(
        to memory: UInt64, count: UInt64, flash: [Range<UInt64>]
    ) throws(RedBootCommandFault) -> String {
        try Self.checkMemory(memory, count, flash)
        return try line(["load", "-r", "-b", Self.hex(memory), "-m", "ymodem"])
    }

    /// `load -r -b 0x80100000 -m tftp -h 192.168.1.2 FILE`.
    package func loadTFTP(
        to memory: UInt64, count: UInt64, file: String, host: IPv4Address, flash: [Range<UInt64>]
    ) throws(RedBootCommandFault) -> String {
        try Self.checkMemory(memory, count, flash)
        return try line(["load", "-r", "-b", Self.hex(memory), "-m", "tftp", "-h", "\(host)", file])
    }

    /// `ip_address -l 192.168.1.1/24 -h 192.168.1.2`: in RAM only. RedBoots of 2003 take no mask.
    ///
    /// - Parameter bits: the length of the network mask; nil gives none.
    package func setAddresses(
        board: IPv4Address, bits: Int?, host: IPv4Address
    ) throws(RedBootCommandFault) -> String {
        try line(["ip_address", "-l", bits.map { "\(board)/\($0)" } ?? "\(board)", "-h", "\(host)"])
    }

    // MARK: Flash

    /// `fis write -f 0xbe300000 -b 0x80100000 -l 0x10000`: erases whole blocks and writes them, after a question.
    func write(at flash: UInt64, from memory: UInt64, count: UInt64) throws(RedBootCommandFault) -> String {
        try Self.check(flash, count)
        try Self.check(memory, count)
        return try line(["fis", "write", "-f", Self.hex(flash), "-b", Self.hex(memory), "-l", Self.hex(count)])
    }

    /// `fis erase -f 0xbe300000 -l 0x10000`: without a question.
    func erase(at flash: UInt64, count: UInt64) throws(RedBootCommandFault) -> String {
        try Self.check(flash, count)
        return try line(["fis", "erase", "-f", Self.hex(flash), "-l", Self.hex(count)])
    }

    /// `fis unlock -f 0xbe300000 -l 0x10000`, or `lock`.
    func lock(_ isLocked: Bool, at flash: UInt64, count: UInt64) throws(RedBootCommandFault) -> String {
        try Self.check(flash, count)
        return try line(
            ["fis", isLocked ? "lock" : "unlock", "-f", Self.hex(flash), "-l", Self.hex(count)])
    }

    // MARK: Starting an image

    /// `go 0x80100000`.
    package func go(to entry: UInt64) throws(RedBootCommandFault) -> String {
        try Self.check(entry, 1)
        return try line(["go", Self.hex(entry)])
    }

    /// `exec -b 0x80100000 -l 0x200000`, as on ARM: the image's address and size.
    package func execute(at memory: UInt64, count: UInt64) throws(RedBootCommandFault) -> String {
        try Self.check(memory, count)
        return try line(["exec", "-b", Self.hex(memory), "-l", Self.hex(count)])
    }

    /// `exec 0x80100000`, as on MIPS: the entry point.
    package func execute(entry: UInt64) throws(RedBootCommandFault) -> String {
        try Self.check(entry, 1)
        return try line(["exec", Self.hex(entry)])
    }
}
