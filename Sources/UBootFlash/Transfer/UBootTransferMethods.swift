/// The methods by which U-Boot sends memory, in the order in which they are tried, cheapest first. The raw value is the
/// user's name for it (`--via`).
///
/// A method is added here, and ``UBootTransfers`` creates it.
package enum UBootReadMethod: String, Sendable, Hashable, CaseIterable {
    /// `tftpput` (CONFIG_CMD_TFTPPUT, since 2011.12): the board sends memory to a TFTP server.
    case tftpput
    /// `tftp ADDRESS FILE SIZE`: the same in HiSilicon's U-Boots of 2010 and their derivatives, which have no
    /// `tftpput`.
    case tftp
    /// `md` printed over the network (`drivers/net/netconsole.c`), and typed over the serial line.
    case netconsole
    /// `md` or `saves` over the serial line alone.
    case line

    /// Whether it needs a network between the board and this computer.
    package var needsNetwork: Bool { self != .line }

    /// The name of the transfer in a backup's record; nil if it depends on the format of the dump.
    var transferName: String? {
        switch self {
        case .tftpput, .tftp: rawValue
        case .netconsole: "md over netconsole"
        case .line: nil
        }
    }
}

/// The methods that load bytes into a board's RAM from U-Boot's prompt, cheapest first.
///
/// A method is added here, and ``UBootMemoryLoader`` creates it.
package enum UBootLoadMethod: Sendable, Hashable, CaseIterable {
    /// `tftpboot`, or `tftp`: from a TFTP server on this computer.
    case tftp
    /// `loady`: YMODEM over the serial line.
    case ymodem
    /// `mw`: word by word over the serial line.
    case memoryFill
}
