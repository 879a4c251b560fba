/// The ways by which bytes that stand in a board's address space leave U-Boot, the cheapest first: the order in which
/// they are tried. What a user calls them is their raw value.
///
/// A way is added here, and in ``UBootTransfers``, which makes it.
package enum UBootWay: String, Sendable, Hashable, CaseIterable {
    /// `tftpput` (CONFIG_CMD_TFTPPUT, since 2011.12): the board sends memory to a TFTP server.
    case tftpput
    /// `tftp ADDRESS FILE SIZE`: the same with HiSilicon's U-Boots of 2010 and their kin, which have no `tftpput`.
    case tftp
    /// `md` printed over the network (`drivers/net/netconsole.c`), and typed over the serial line.
    case netconsole
    /// All over the serial line.
    case line

    /// Whether it needs a network between the board and this computer.
    package var needsNetwork: Bool { self != .line }

    /// How bulk data crosses, for people; nil where the format of the dump says so.
    var transferName: String? {
        switch self {
        case .tftpput, .tftp: rawValue
        case .netconsole: "md over netconsole"
        case .line: nil
        }
    }
}
