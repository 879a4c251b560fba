package import FlashModel
private import Glibc
private import NIOCore
private import NIOPosix
private import SystemPackage

/// Texts for errors of the operating system and of SwiftNIO, all in one place for this module.
package enum SystemErrorText {
    /// One line: the system's own message if there is one.
    package static func words(for error: any Error) -> String {
        switch error {
        case let error as IOError:
            return words(forErrno: error.errnoCode)
        case let error as ChannelError where error == .eof || error == .ioOnClosedChannel:
            return "The other side closed the connection."
        case let error as FlashkeepError:
            return error.why
        default:
            return "\(error)"
        }
    }

    /// The system's message for an `errno` value.
    package static func words(forErrno code: CInt) -> String {
        Errno(rawValue: code).description
    }

    /// The error for a connection that could not be established.
    package static func connecting(to address: String, host: String, port: Int, _ error: any Error) -> FlashkeepError {
        if let error = error as? NIOConnectionError {
            if error.connectionErrors.isEmpty {
                return FlashkeepError(
                    .hostNotFound, what: "No host named \(host) was found.",
                    why: "Neither an IPv4 nor an IPv6 address is known for this name.",
                    next: "Check the spelling, or give the board's IP address, such as 192.168.1.1.")
            }
            return connecting(to: address, host: host, port: port, error.connectionErrors[0].error)
        }
        if let error = error as? IOError, error.errnoCode == ECONNREFUSED {
            return FlashkeepError(
                .connectionRefused, what: "\(host) refused the connection to port \(port).",
                why: "The host is there, but nothing listens on this port.",
                next: "Check the port, enable the service in the board's settings, or try another connection: ssh, "
                    + "telnet:// or serial:")
        }
        if case ChannelError.connectTimeout = error {
            return FlashkeepError(
                .hostUnreachable, what: "\(host) did not answer on port \(port).",
                why: "No reply came in time: the board is off, the cable is loose, or a firewall drops the packets.",
                next: "Check that the board has power and that this computer has an address in its network.")
        }
        return FlashkeepError(
            .hostUnreachable, what: "\(address) could not be reached.", why: words(for: error),
            next: "Check that the board has power and that this computer has an address in its network.")
    }
}
