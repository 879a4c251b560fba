import FlashAccess

/// The board's memory and U-Boot's location in it, as printed by `bdinfo` (`cmd/bdinfo.c`, `lib/lmb.c`).
///
/// Until 2020 each processor family had its own list; `memstart` and `memsize` are those of MIPS and PowerPC. Since
/// 2019 boards with `lmb` also print the reserved ranges.
package struct UBootBoardInfo: Sendable, Hashable {
    /// The `label = value` lines; the first for each label.
    package var values: [String: String]
    /// The memory banks as printed: on MIPS physical or kseg0 addresses.
    package var banks: [Range<UInt64>]
    /// The ranges that `lmb` protects from being overwritten.
    package var reserved: [Range<UInt64>]
    /// The hardware addresses that are set (`ethaddr`, `eth1addr`), in lower case.
    package var ethernetAddresses: [String]

    /// The start of the running U-Boot, which extends to the end of memory or to a frame buffer.
    package var relocationAddress: UInt64? { address("relocaddr") }
    /// The start of the stack, which grows downwards.
    package var stackPointer: UInt64? { address("sp start") }
    package var interruptStackPointer: UInt64? { address("irq_sp") }
    /// The start of parallel flash in the address space; 0 may also mean that there is none.
    package var flashStart: UInt64? { address("flashstart") }
    /// The total size in bytes of all banks of parallel flash.
    package var flashSize: UInt64? { address("flashsize") }
    /// The line's rate in bits per second.
    package var baudRate: Int? { values["baudrate"].flatMap { ByteText($0).words.first?.decimal } }

    /// The address with a label.
    package func address(_ label: String) -> UInt64? {
        values[label].flatMap { ByteText($0).hasPrefix("0x") ? ByteText($0).address : nil }
    }

    /// Parses the output of `bdinfo`; nil if it reports no memory.
    package init?(_ reply: UBootReply) {
        values = [:]
        banks = []
        reserved = []
        ethernetAddresses = []
        var start: UInt64?
        for line in reply.lines.prefix(1000) {
            let text = line.trimmed
            if let range = Self.lmb(text) {
                // `memory[n]` repeats the banks.
                if text.hasPrefix("reserved"), reserved.count < 256 { reserved.append(range) }
                continue
            }
            guard let key = text.before("=")?.trimmed.string(limit: 40), let value = text.after("=")?.trimmed else {
                continue
            }
            if key == "-> start" {
                start = value.address
            } else if key == "-> size" {
                if let first = start, let size = value.address { add(first, size) }
                start = nil
            } else {
                let shown = value.string(limit: 80)
                if values[key] == nil { values[key] = shown }
                if key.hasPrefix("eth"), key.hasSuffix("addr"), let mac = Self.hardwareAddress(value),
                    !ethernetAddresses.contains(mac), ethernetAddresses.count < 32
                {
                    ethernetAddresses.append(mac)
                }
            }
        }
        if banks.isEmpty, let first = address("memstart"), let size = address("memsize") { add(first, size) }
        if banks.isEmpty { return nil }
    }

    private mutating func add(_ start: UInt64, _ size: UInt64) {
        let (end, overflow) = start.addingReportingOverflow(size)
        if size > 0, !overflow, banks.count < 64 { banks.append(start..<end) }
    }

    /// Parses `reserved[0]\t[0x4ddf3000-0x4fffffff], 0x0220d000 bytes flags: 0`.
    private static func lmb(_ line: ByteText) -> Range<UInt64>? {
        guard line.hasPrefix("memory[") || line.hasPrefix("reserved["), let rest = line.after("]")?.trimmed,
            let inner = rest.dropping("[")?.before("]"), let first = inner.before("-")?.address,
            let last = inner.after("-")?.address, first <= last, last < .max
        else { return nil }
        return first..<(last + 1)
    }

    private static func hardwareAddress(_ text: ByteText) -> String? {
        let parts = text.split(0x3A, most: 8)
        guard parts.count == 6, parts.allSatisfy({ $0.isHexadecimal(digits: 2) }) else { return nil }
        let result = text.lowercased.string()
        return result == "00:00:00:00:00:00" ? nil : result
    }
}
