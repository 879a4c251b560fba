import FlashModel
package import Transfers

/// Why a command line is not sent.
package enum CFECommandFault: Error, Sendable, Hashable {
    /// A device's name contains what CFE would not take literally.
    case unsafeName(String)
    /// The numbers are invalid: a range that ends beyond the 32-bit address space, or a count of zero.
    case badRange
}

/// Builds command lines for CFE. It can build none that writes.
///
/// Many of CFE's commands on BCM63xx are single letters, and most of these write flash: `e`, `f`, `i`, `w`. The letter `d`
/// prints memory on BCM47xx. It is sent only if the board's help explains it so.
package struct CFECommands: Sendable, Hashable {
    package init() {}

    package func help() -> String { "help" }
    /// Lists devices (`ui/ui_devcmds.c`, ui_cmd_devnames).
    package func devices() -> String { "show devices" }
    /// Lists the partitions of NAND (notes of owners of NB6VAC).
    package func partitions() -> String { "fi" }
    /// Lists the bad blocks of NAND (`bcm63xx_ram/src/bcm63xx_cmd.c`, ui_cmd_find_bad_blocks).
    package func badBlocks() -> String { "fb" }

    /// `d -b 0xbc000000 0x1000`: both numbers are hexadecimal in any case, and the width of the last dump would stay
    /// (`ui/ui_examcmds.c`, getaddrargs).
    package func dumpBytes(at address: UInt64, count: Int) throws(CFECommandFault) -> String {
        try Self.check(address, count)
        return "d -b \(Self.hex(address)) \(Self.hex(UInt64(count)))"
    }

    /// `dm b8000000 4096`: the address is hexadecimal and the length decimal (`bcm63xx_ram/src/bcm63xx_cmd.c`,
    /// ui_cmd_dump_mem).
    package func dumpMemory(at address: UInt64, count: Int) throws(CFECommandFault) -> String {
        try Self.check(address, count)
        return "dm \(String(address, radix: 16)) \(count)"
    }

    /// `fdump -offset=0x0 -size=0x1000 flash0`: offsets count from the start of the device (help of bcm47xx' CFE).
    package func dumpDevice(
        _ device: String, at offset: UInt64, count: Int
    ) throws(CFECommandFault) -> String {
        try Self.check(offset, count)
        guard Self.isSafe(device) else { throw .unsafeName(device) }
        return "fdump -offset=\(Self.hex(offset)) -size=\(Self.hex(UInt64(count))) \(device)"
    }

    /// `dn 0 0 1`: one page of NAND with its spare area; all numbers are decimal (`bcm63xx_ram/src/bcm63xx_cmd.c`,
    /// ui_cmd_dump_nand).
    package func dumpPage(block: Int, page: Int) throws(CFECommandFault) -> String {
        guard block >= 0, page >= 0 else { throw .badRange }
        return "dn \(block) \(page) 1"
    }

    // MARK: The network

    /// Shows the network interface (`ui/ui_netcmds.c`, ui_cmd_ifconfig, without arguments).
    package func interface() -> String { "ifconfig" }

    /// `ifconfig eth0 -addr=192.168.1.1 -mask=255.255.255.0`: until the next reset.
    package func setAddress(
        _ address: IPv4Address, mask: IPv4Address, of device: String
    ) throws(CFECommandFault) -> String {
        guard Self.isInterface(device) else { throw .unsafeName(device) }
        return "ifconfig \(device) -addr=\(address) -mask=\(mask)"
    }

    /// The name of a file for display.
    package static let example = "FILE"

    /// `save 192.168.1.2:fk… 0xbc000000 0x100000`: sends memory; both numbers are hexadecimal (`ui/ui_loadcmds.c`,
    /// ui_cmd_save).
    ///
    /// - Parameter file: letters and digits.
    package func save(
        from address: UInt64, count: Int, to file: String, at host: IPv4Address
    ) throws(CFECommandFault) -> String {
        try Self.check(address, count)
        guard !file.isEmpty, file.utf8.count <= 40,
            file.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0)
            })
        else { throw .unsafeName(file) }
        return "save \(host):\(file) \(Self.hex(address)) \(Self.hex(UInt64(count)))"
    }

    /// Whether a word is a name of a network interface: `eth0`.
    static func isInterface(_ word: String) -> Bool {
        word.hasPrefix("eth") && (4...6).contains(word.utf8.count)
            && word.utf8.dropFirst(3).allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    private static func check(_ address: UInt64, _ count: Int) throws(CFECommandFault) {
        guard count > 0, let end = address.plus(count), end <= 1 << 32 else { throw .badRange }
    }

    /// Whether a word is a name of a flash device: `flash0`, `flash1.boot`.
    static func isSafe(_ word: String) -> Bool {
        word.hasPrefix("flash") && word.utf8.count <= 32
            && word.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || $0 == 0x2E
                    || $0 == 0x5F
            }
    }
}
