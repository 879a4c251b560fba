/// Methods by which bytes in a board's address space leave U-Boot, the cheapest first: the order in which they are tried.
/// The raw value is what users call it (`--via`).
///
/// A method is added here, and ``UBootTransfers`` creates it.
package enum UBootReadMethod: String, Sendable, Hashable, CaseIterable {
    /// `tftpput` (CONFIG_CMD_TFTPPUT, since 2011.12): the board sends memory to a TFTP server.
    case tftpput
    /// `tftp ADDRESS FILE SIZE`: the same in HiSilicon's U-Boots of 2010 and those derived from them, which have no
    /// `tftpput`.
    case tftp
    /// `md` printed over the network (`drivers/net/netconsole.c`), and typed over the serial line.
    case netconsole
    /// Everything over the serial line.
    case line

    /// Whether it needs a network between the board and this computer.
    package var needsNetwork: Bool { self != .line }

    /// How bulk data crosses, as a backup records it; nil if the format of the dump says so.
    var transferName: String? {
        switch self {
        case .tftpput, .tftp: rawValue
        case .netconsole: "md over netconsole"
        case .line: nil
        }
    }
}

/// Methods by which bytes reach a board's RAM from U-Boot's prompt, the cheapest first.
///
/// A method is added here, and ``UBootMemoryLoader`` creates it.
package enum UBootLoadMethod: Sendable, Hashable, CaseIterable {
    /// `tftpboot`, or `tftp`: from a TFTP server of this computer.
    case tftp
    /// `loady`: YMODEM over the serial line.
    case ymodem
    /// `mw`: word by word over the serial line.
    case memoryFill
}
