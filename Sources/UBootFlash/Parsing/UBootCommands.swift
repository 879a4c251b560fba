package import ImageFormats

/// The reason why a command line was refused.
package enum UBootCommandFault: Error, Sendable, Hashable {
    /// A word contains what U-Boot would not take literally: a blank, `;`, quotes, `$`, a newline.
    case unsafeWord(String)
    /// The line's length in bytes, which exceeds U-Boot's buffer.
    case lineTooLong(Int)
    /// The number of words, which exceeds U-Boot's limit.
    case tooManyWords(Int)
    /// The variable would disable the console or ask for Enter: `stdin`, `stdout`, `stderr`, `silent`, `baudrate`.
    case cutsTheConsole(String)
    /// The command would write into this memory-mapped flash.
    case writesFlash(Range<UInt64>)
    /// The numbers are invalid: a range that ends beyond the address space, or a count of zero.
    case badRange
    /// The command would do harm; the reason, as a sentence.
    case refused(String)
}

/// Builds command lines for U-Boot. None of them writes to flash, saves the environment or resets.
///
/// Numbers are hexadecimal without `0x`, which every version reads (`simple_strtoul(…, 16)`), except rates in bits per
/// second, which are decimal. Lines have no quotes, because parsers before hush keep them as part of the word.
package struct UBootCommands: Sendable, Hashable {
    /// The most bytes in a line: CONFIG_SYS_CBSIZE, 256 in the smallest builds, minus the final zero.
    package var lineLimit: Int
    /// The most words in a line: CONFIG_SYS_MAXARGS, 16 in the smallest builds.
    package var wordLimit: Int

    package init(lineLimit: Int = 255, wordLimit: Int = 16) {
        self.lineLimit = lineLimit
        self.wordLimit = wordLimit
    }

    /// Joins words to a line.
    func line(_ words: [String]) throws(UBootCommandFault) -> String {
        for word in words where !Self.isSafe(word) { throw .unsafeWord(word) }
        guard words.count <= wordLimit else { throw .tooManyWords(words.count) }
        let line = words.joined(separator: " ")
        guard line.utf8.count <= lineLimit else { throw .lineTooLong(line.utf8.count) }
        return line
    }

    /// Whether all parsers, old and new, take the word literally.
    static func isSafe(_ word: String) -> Bool {
        !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                // . _ - / : , + @ = ( ) % *
                case 0x2E, 0x5F, 0x2D, 0x2F, 0x3A, 0x2C, 0x2B, 0x40, 0x3D, 0x28, 0x29, 0x25, 0x2A: true
                default: false
                }
            }
    }

    /// A number in U-Boot's notation.
    static func hex(_ value: UInt64) -> String { String(value, radix: 16) }

    /// The same for a number that is known not to be negative.
    static func hex(_ value: Int) -> String { hex(UInt64(max(0, value))) }

    private static func check(_ address: UInt64, _ count: UInt64) throws(UBootCommandFault) {
        guard count > 0, !address.addingReportingOverflow(count - 1).overflow else { throw .badRange }
    }

    /// Checks that a range can be written without touching flash.
    private static func checkMemory(
        _ address: UInt64, _ count: UInt64, _ flash: [Range<UInt64>]
    ) throws(UBootCommandFault) {
        try check(address, count)
        let (end, reachesTop) = address.addingReportingOverflow(count)
        guard !reachesTop else { throw .badRange }
        if let hit = flash.first(where: { $0.overlaps(address..<end) }) { throw .writesFlash(hit) }
    }

    // MARK: Identification

    package func version() -> String { "version" }
    package func help() -> String { "help" }
    package func help(_ command: String) throws(UBootCommandFault) -> String { try line(["help", command]) }
    package func boardInfo() -> String { "bdinfo" }
    package func flashInfo() -> String { "flinfo" }
    package func printEnvironment() -> String { "printenv" }
    package func printEnvironment(_ names: [String]) throws(UBootCommandFault) -> String {
        try line(["printenv"] + names)
    }

    // MARK: Memory

    /// `md.b 80000000 100`: prints `count` words from `address` on.
    package func memoryDisplay(
        _ width: UBootMemoryDump.Width, at address: UInt64, count: UInt64
    ) throws(UBootCommandFault) -> String {
        guard let bytes = UInt64(exactly: width.rawValue),
            case let (size, overflow) = count.multipliedReportingOverflow(by: bytes), !overflow
        else { throw .badRange }
        try Self.check(address, size)
        return try line(["md" + width.suffix, Self.hex(address), Self.hex(count)])
    }

    /// `crc32 80000000 10000`. With `storeAt`, it also writes the 4 bytes of the sum to that address.
    package func crc32(
        at address: UInt64, count: UInt64, storeAt: UInt64? = nil
    ) throws(UBootCommandFault) -> String {
        try Self.check(address, count)
        return try line(["crc32", Self.hex(address), Self.hex(count)] + (storeAt.map { [Self.hex($0)] } ?? []))
    }

    /// `crc32 -v 80000000 10000 deab7e4e` (CONFIG_CRC32_VERIFY): prints nothing if the sum is equal.
    package func crc32(
        at address: UInt64, count: UInt64, verify expected: UInt32
    ) throws(UBootCommandFault) -> String {
        try Self.check(address, count)
        let digits = Self.hex(UInt64(expected))
        let sum = String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        return try line(["crc32", "-v", Self.hex(address), Self.hex(count), sum])
    }

    /// `crc32 -v 80000000 10000 *81000000`: compares with the four bytes at that address (`common/hash.c`,
    /// parse_verify_sum).
    package func crc32(
        at address: UInt64, count: UInt64, verifyStoredAt stored: UInt64
    ) throws(UBootCommandFault) -> String {
        try Self.check(address, count)
        return try line(["crc32", "-v", Self.hex(address), Self.hex(count), "*" + Self.hex(stored)])
    }

    /// `hash sha256 80000000 10000` (`cmd/hash.c`, since 2013.04).
    package func hash(
        _ algorithm: String, at address: UInt64, count: UInt64
    ) throws(UBootCommandFault) -> String {
        try Self.check(address, count)
        return try line(["hash", algorithm, Self.hex(address), Self.hex(count)])
    }

    /// `cp.b 9f000000 80000000 10000`: copies `count` words. If the target is memory-mapped flash, `cp` writes to the
    /// chip, so the target must not overlap flash.
    ///
    /// - Parameter flash: the ranges where flash is mapped. A target that overlaps one, even in part, is refused.
    package func copy(
        _ width: UBootMemoryDump.Width, from source: UInt64, to target: UInt64, count: UInt64,
        flash: [Range<UInt64>]
    ) throws(UBootCommandFault) -> String {
        guard let bytes = UInt64(exactly: width.rawValue),
            case let (size, overflow) = count.multipliedReportingOverflow(by: bytes), !overflow
        else { throw .badRange }
        try Self.check(source, size)
        try Self.checkMemory(target, size, flash)
        return try line(["cp" + width.suffix, Self.hex(source), Self.hex(target), Self.hex(count)])
    }

    /// `mw.b 80000000 5a 10000`: fills memory. The target must not overlap flash.
    package func memoryFill(
        at address: UInt64, value: UInt8, count: UInt64, flash: [Range<UInt64>]
    ) throws(UBootCommandFault) -> String {
        try Self.checkMemory(address, count, flash)
        return try line(["mw.b", Self.hex(address), Self.hex(UInt64(value)), Self.hex(count)])
    }

    /// `mw.l 80000000 5a5a5a5a 100`: fills `count` 32-bit words, in the processor's byte order.
    package func memoryFill(
        at address: UInt64, word: UInt32, count: UInt64, flash: [Range<UInt64>]
    ) throws(UBootCommandFault) -> String {
        guard case let (size, overflow) = count.multipliedReportingOverflow(by: 4), !overflow else { throw .badRange }
        try Self.checkMemory(address, size, flash)
        return try line(["mw.l", Self.hex(address), Self.hex(UInt64(word)), Self.hex(count)])
    }

    // MARK: Flash into memory

    /// `sf probe` or `sf probe 0:1`.
    package func spiProbe(bus: Int? = nil, chipSelect: Int = 0) throws(UBootCommandFault) -> String {
        guard let bus else { return "sf probe" }
        guard (0...255).contains(bus), (0...255).contains(chipSelect) else { throw .badRange }
        return try line(["sf", "probe", "\(bus):\(chipSelect)"])
    }

    /// `spi read 1d940 78` of Ralink's: prints the bytes.
    package func printSerial(offset: UInt64, count: UInt64) throws(UBootCommandFault) -> String {
        try Self.check(offset, count)
        return try line(["spi", "read", Self.hex(offset), Self.hex(count)])
    }

    /// `sf read 80000000 0 10000`.
    package func spiRead(
        to memory: UInt64, offset: UInt64, count: UInt64
    ) throws(UBootCommandFault) -> String {
        try Self.check(memory, count)
        try Self.check(offset, count)
        return try line(["sf", "read", Self.hex(memory), Self.hex(offset), Self.hex(count)])
    }

    package func nandDevice(_ index: Int) throws(UBootCommandFault) -> String {
        guard (0...15).contains(index) else { throw .badRange }
        return try line(["nand", "device", Self.hex(UInt64(index))])
    }

    /// `nand read 80000000 0 20000`. It skips bad blocks, so read one block at a time, and only good ones.
    package func nandRead(
        to memory: UInt64, offset: UInt64, count: UInt64
    ) throws(UBootCommandFault) -> String {
        try Self.check(memory, count)
        try Self.check(offset, count)
        return try line(["nand", "read", Self.hex(memory), Self.hex(offset), Self.hex(count)])
    }

    /// `nand read.raw 80000000 0 40`: reads whole pages with their OOB bytes, without ECC (since 2011.12).
    package func nandReadRaw(
        to memory: UInt64, offset: UInt64, pages: UInt64
    ) throws(UBootCommandFault) -> String {
        guard pages > 0 else { throw .badRange }
        return try line(["nand", "read.raw", Self.hex(memory), Self.hex(offset), Self.hex(pages)])
    }

    package func mtdBad(_ name: String) throws(UBootCommandFault) -> String { try line(["mtd", "bad", name]) }

    /// `mtd read nor0 80000000 0 20000`. On NAND it skips bad blocks, as `nand read` does.
    package func mtdRead(
        _ name: String, to memory: UInt64, offset: UInt64, count: UInt64
    ) throws(UBootCommandFault) -> String {
        try mtdRead("read", name, to: memory, offset: offset, count: count)
    }

    /// `mtd read.raw.oob nand0 80000000 0 800`: reads raw pages without ECC, then their OOB bytes (`cmd/mtd.c`, since
    /// 2018.11). It skips bad blocks, too.
    ///
    /// - Parameter count: the number of data bytes.
    package func mtdReadRawWithOOB(
        _ name: String, to memory: UInt64, offset: UInt64, count: UInt64
    ) throws(UBootCommandFault) -> String {
        try mtdRead("read.raw.oob", name, to: memory, offset: offset, count: count)
    }

    private func mtdRead(
        _ command: String, _ name: String, to memory: UInt64, offset: UInt64, count: UInt64
    ) throws(UBootCommandFault) -> String {
        try Self.check(memory, count)
        try Self.check(offset, count)
        return try line(["mtd", command, name, Self.hex(memory), Self.hex(offset), Self.hex(count)])
    }

    // MARK: The environment in memory

    /// `setenv serverip 192.168.1.2`: in memory only. An empty value deletes the variable. Blanks in the value must be
    /// single.
    package func setEnvironment(_ name: String, _ value: String) throws(UBootCommandFault) -> String {
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x2E: true
            default: false
            }
        }
        guard isName, !name.hasPrefix("-"), name.utf8.count <= 64 else { throw .unsafeWord(name) }
        if ["stdin", "stdout", "stderr", "silent", "baudrate"].contains(name) { throw .cutsTheConsole(name) }
        let words = value.isEmpty ? [] : value.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        return try line(["setenv", name] + words)
    }

    /// `setenv baudrate 921600`: waits for Enter at the new rate (`drivers/serial/serial-uclass.c`, on_baudrate).
    package func setBaudRate(_ bitsPerSecond: Int) throws(UBootCommandFault) -> String {
        guard (300...4_000_000).contains(bitsPerSecond) else { throw .badRange }
        return try line(["setenv", "baudrate", "\(bitsPerSecond)"])
    }

    /// `setenv stdout nc`: in memory only. Redirects the output; input stays where it is.
    package func standardOutput(_ devices: String) throws(UBootCommandFault) -> String {
        try line(["setenv", "stdout", devices])
    }

    // MARK: Over the network

    /// `ping 192.168.1.2`.
    package func ping(_ host: String) throws(UBootCommandFault) -> String { try line(["ping", host]) }

    /// `tftp 82000000 file 1000000`: uploads with HiSilicon's U-Boots of 2010 (``VendorTFTPCommand``).
    func vendorTFTPPut(
        from memory: UInt64, count: UInt64, file: String
    ) throws(UBootCommandFault) -> String {
        try Self.check(memory, count)
        return try line(["tftp", "0x" + Self.hex(memory), file, "0x" + Self.hex(count)])
    }

    /// `tftpboot 80000000 [host:]file`; some builds call it `tftp`.
    package func tftpGet(
        to memory: UInt64, file: String, host: String? = nil, command: String = "tftpboot"
    ) throws(UBootCommandFault) -> String {
        try line([command, Self.hex(memory), (host.map { $0 + ":" } ?? "") + file])
    }

    /// `tftpput 80000000 10000 [host:]file` (CONFIG_CMD_TFTPPUT, since 2011.12).
    package func tftpPut(
        from memory: UInt64, count: UInt64, file: String, host: String? = nil
    ) throws(UBootCommandFault) -> String {
        try Self.check(memory, count)
        return try line(["tftpput", Self.hex(memory), Self.hex(count), (host.map { $0 + ":" } ?? "") + file])
    }

    /// `saves 80000000 10000`: prints memory as S-records after Enter is pressed (`cmd/load.c`, do_save_serial). The
    /// third number is omitted, because it would change the line's rate.
    package func saveRecords(at address: UInt64, count: UInt64) throws(UBootCommandFault) -> String {
        try Self.check(address, count)
        return try line(["saves", Self.hex(address), Self.hex(count)])
    }

    // MARK: Over the serial line

    package func loadY(to memory: UInt64) throws(UBootCommandFault) -> String { try line(["loady", Self.hex(memory)]) }

    // MARK: Starting an image

    /// `bootm 80000000`, or with a device tree `bootz 80000000 - 83000000`.
    package func start(
        _ command: BootCommand, at memory: UInt64, deviceTree: UInt64? = nil
    ) throws(UBootCommandFault) -> String {
        guard command != .go || deviceTree == nil else { throw .badRange }
        return try line(
            [command.rawValue, Self.hex(memory)] + (deviceTree.map { ["-", Self.hex($0)] } ?? []))
    }
}
