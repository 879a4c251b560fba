package import FlashAccess
import FlashModel
package import Transfers

/// Why a command line is not sent.
package enum BareboxCommandFault: Error, Sendable, Hashable {
    /// The numbers are invalid: a range that ends beyond 32 bits, or a count of zero.
    case badRange
}

/// The name of a flash device in barebox: `nor0`, `m25p0`, `nand0`.
package struct BareboxDeviceName: Sendable, Hashable {
    package let text: String

    /// nil if it is no single word for barebox's shell, or not the raw device of a whole chip. `nand0.bb` skips bad blocks,
    /// so that all positions behind one are shifted; other names with a dot are partitions.
    package init?(_ text: ByteText) {
        let isPlain = text.bytes.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
            default: false
            }
        }
        guard isPlain, (1...32).contains(text.bytes.count), !text.hasPrefix("-") else { return nil }
        self.text = text.string()
    }
}

/// Builds command lines for barebox. It can build none that writes flash or saved settings: files only as `/fk…`, in RAM.
///
/// Numbers are decimal unless they begin with `0x`, and ranges are `START+SIZE` (`lib/misc.c`, parse_area_spec).
package struct BareboxCommands: Sendable, Hashable {
    package init() {}

    package func help() -> String { "help" }
    /// `2026.06.0` (`common/globalvar.c`, globalvars_init). The reply to `version` would look like a restart.
    package func version() -> String { "echo $global.version" }
    /// The name of the board (`common/misc.c`, barebox_set_model).
    package func model() -> String { "echo $global.model" }
    /// All devices, with the files in `/dev` that belong to them (`commands/devinfo.c`, do_devinfo_subtree).
    package func devices() -> String { "devinfo" }
    /// The parameters of a device; for flash its sizes and partitions (`drivers/mtd/core.c`, add_mtd_device).
    package func parameters(of device: BareboxDeviceName) -> String { "devinfo \(device.text)" }
    /// The bad blocks of NAND (`commands/nand.c`, do_nand). Other options of this command mark blocks.
    package func badBlocks(of device: BareboxDeviceName) -> String { "nand -i /dev/\(device.text)" }

    /// `md -b -s /dev/nor0 0x1000+0x400`.
    package func dump(
        _ device: BareboxDeviceName, at offset: UInt64, count: Int
    ) throws(BareboxCommandFault) -> String {
        "md -b -s /dev/\(device.text) \(try Self.range(offset, count))"
    }

    /// `crc32 -f /dev/nor0 0x0+0x10000`; without `-f` it would be of memory (`commands/crc.c`, do_crc).
    package func checksum(
        _ device: BareboxDeviceName, at offset: UInt64, count: Int
    ) throws(BareboxCommandFault) -> String {
        "crc32 -f /dev/\(device.text) \(try Self.range(offset, count))"
    }

    // MARK: The network

    /// The parameters of a network interface.
    package func parameters(of interface: BareboxInterfaceName) -> String { "devinfo \(interface.text)" }

    /// Brings an interface up with these addresses: parameters of the device, in RAM only (`net/eth.c`, eth_register).
    package func bringUp(_ interface: BareboxInterfaceName, _ addresses: BoardAddresses) -> [String] {
        let name = interface.text
        // What the start scripts have set counts, unless it is set behind them (`net/ifup.c`, source_env_network).
        return [
            "\(name).mode=static", "ifup \(name)", "\(name).ipaddr=\(addresses.board)",
            "\(name).netmask=\(addresses.interface.netmask)", "\(name).serverip=\(addresses.host)",
        ]
    }

    /// `memcpy -s /dev/nor0 -d /fk… 0x1000 0 0x400`: to a file in RAM, which is made (`commands/memcpy.c`, do_memcpy).
    package func copy(
        _ device: BareboxDeviceName, at offset: UInt64, count: Int, to file: TransferName
    ) throws(BareboxCommandFault) -> String {
        try Self.copy(device, at: offset, count: count, path: Self.path(file))
    }

    /// `tftp -p /fk… fk…` (`commands/tftp.c`, do_tftpb).
    package func send(_ file: TransferName) -> String { "tftp -p \(Self.path(file)) \(file.text)" }

    /// `rm /fk…`: only files that ``copy(_:at:count:to:)`` makes.
    package func remove(_ file: TransferName) -> String { "rm \(Self.path(file))" }

    /// The three commands of a transfer, for display: with `FILE` in place of the name, which no transfer has.
    package func transferExamples(
        _ device: BareboxDeviceName, at offset: UInt64, count: Int
    ) throws(BareboxCommandFault) -> [String] {
        [try Self.copy(device, at: offset, count: count, path: "/FILE"), "tftp -p /FILE FILE", "rm /FILE"]
    }

    private static func copy(
        _ device: BareboxDeviceName, at offset: UInt64, count: Int, path: String
    ) throws(BareboxCommandFault) -> String {
        guard count > 0, let end = offset.plus(count), end <= 1 << 32 else { throw .badRange }
        return "memcpy -s /dev/\(device.text) -d \(path) 0x\(String(offset, radix: 16)) 0 "
            + "0x\(String(count, radix: 16))"
    }

    /// The root folder is in RAM (`fs/fs.c`, mount_root). Nothing in it has such a name: devices are in `/dev`, and a name
    /// of letters and digits cannot lead there.
    private static func path(_ file: TransferName) -> String { "/\(file.text)" }

    /// `crc32` keeps numbers in 32 bits on 32-bit boards.
    private static func range(_ offset: UInt64, _ count: Int) throws(BareboxCommandFault) -> String {
        guard count > 0, let end = offset.plus(count), end <= 1 << 32 else { throw .badRange }
        return "0x\(String(offset, radix: 16))+0x\(String(count, radix: 16))"
    }
}
