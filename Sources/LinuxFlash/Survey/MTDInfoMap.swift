import FlashAccess

/// The map of erase blocks that `mtdinfo -M` of mtd-utils prints.
///
/// Four entries per line, each a number, a colon, an address in hexadecimal, then `RO ` or three spaces and `BAD ` or
/// four spaces (mtd-utils, `misc-utils/mtdinfo.c`, print_map). Only the number is used: the address wraps beyond 4 GiB
/// on 32-bit boards. `BAD` also marks blocks reserved for the bad-block table.
package struct MTDInfoMap: Sendable, Hashable {
    /// `Amount of eraseblocks`: whole ones only.
    package var count: Int
    /// The numbers of the blocks that the driver calls bad, ascending.
    package var bad: [Int]
    /// Whether there was an entry for every block.
    package var isComplete: Bool
    /// `Type`: `nand`, `nor`, …
    package var type: String?
    /// The page size in bytes: `Minimum input/output unit size`.
    package var pageSize: Int?
    /// OOB bytes per page.
    package var oobSize: Int?
    /// `Device is writable`.
    package var isWritable: Bool?

    /// Parses the reply to the probe `mtdinfo-map.txt`.
    ///
    /// - Returns: the maps by MTD number.
    package static func maps(_ reply: LinuxProbeReply) -> [Int: MTDInfoMap] {
        var result: [Int: MTDInfoMap] = [:]
        var index: Int?
        var seen: Set<Int> = []
        var bad: Set<Int> = []
        var count: Int?
        var map = MTDInfoMap(count: 0, bad: [], isComplete: false)
        func finish() {
            guard let index, let count, result[index] == nil, result.count < BoardLimits.devices else { return }
            map.count = count
            map.bad = bad.filter { $0 < count }.sorted()
            map.isComplete = seen.count == count && seen.max() == (count == 0 ? nil : count - 1)
            result[index] = map
        }
        for line in reply.lines {
            if let title = line.dropping("== ") {
                finish()
                index = SysfsMTD.index(title.trimmed.string())
                seen = []
                bad = []
                count = nil
                map = MTDInfoMap(count: 0, bad: [], isComplete: false)
            } else if let value = line.dropping("Type:") {
                map.type = value.trimmed.string(limit: 32)
            } else if let value = line.dropping("Minimum input/output unit size:") {
                map.pageSize = value.words.first?.decimal
            } else if let value = line.dropping("OOB size:") {
                map.oobSize = value.words.first?.decimal
            } else if let value = line.dropping("Device is writable:") {
                map.isWritable = value.trimmed.bytes.elementsEqual("true".utf8)
            } else if var rest = line.dropping("Amount of eraseblocks:") {
                rest.takeBlanks()
                count = rest.takeDecimal()
            } else if line.contains(": "), count != nil, seen.count < 1 << 20 {
                entries(line, seen: &seen, bad: &bad)
            }
        }
        finish()
        return result
    }

    private static func entries(_ line: ByteText, seen: inout Set<Int>, bad: inout Set<Int>) {
        var rest = line
        while true {
            rest.takeBlanks()
            guard let number = rest.takeDecimal(), rest.take(": "), rest.takeHexadecimal() != nil else { return }
            seen.insert(number)
            rest.takeBlanks()
            if rest.take("RO") { rest.takeBlanks() }
            if rest.take("BAD") { bad.insert(number) }
        }
    }
}
