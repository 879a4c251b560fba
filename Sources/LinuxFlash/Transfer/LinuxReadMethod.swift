/// The methods by which a board's Linux sends its flash, in the order in which they are tried, quickest first. The raw
/// value is the user's name for it (`--via`).
///
/// A method is added here, and ``NetworkCommand`` has its command line.
package enum LinuxReadMethod: String, Sendable, Hashable, CaseIterable {
    /// `nc` (busybox, OpenBSD's and the traditional one): a TCP connection to this computer.
    case nc
    /// `tftp -p` (busybox): an upload to a TFTP server of this computer.
    case tftp
    /// `ftpput` (busybox): an upload to an FTP server of this computer.
    case ftpput
    /// `wget --post-file` (busybox): a request to this computer, with the flash as text.
    case wget
    /// `httpd` (busybox), started for the length of the session: this computer fetches what a script prints.
    case httpd
    /// The board's own web server: a part of the flash at a time is put into its folder in memory, and fetched.
    case www
    /// The console alone.
    case line

    /// Whether it is used only if the user asks for it: it leaves something in the board's memory for a while.
    var isOnlyOnRequest: Bool { self == .www }

    /// Whether it needs a network between the board and this computer.
    package var needsNetwork: Bool { self != .line }
}
