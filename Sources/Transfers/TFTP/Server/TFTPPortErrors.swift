package import FlashModel
private import Glibc
private import NIOCore

/// Explains why a TFTP server could not open its port. Pure.
package enum TFTPPortErrors {
    static let inUse = "Another program already uses this port."

    /// - Parameters:
    ///   - address: nil for all addresses.
    ///   - program: this program's path, quoted for a shell.
    package static func error(_ error: any Error, address: String?, port: Int, program: String) -> FlashkeepError {
        let name = address.map { PrintableText.escaped($0) }
        let what = "The TFTP server cannot listen on UDP port \(port)\(name.map { " of \($0)" } ?? "")."
        switch (error as? IOError)?.errnoCode {
        case EACCES, EPERM:
            return FlashkeepError(
                .portUnavailable, what: what, why: "Ports below 1024 need a privilege that this program does not have.",
                next: "Grant it with: sudo setcap cap_net_bind_service=+ep \(program) - or use --port 6969, and "
                    + "redirect with: sudo iptables -t nat -A PREROUTING -p udp --dport \(port) -j REDIRECT --to-ports "
                    + "6969")
        case EADDRINUSE:
            return FlashkeepError(
                .portUnavailable, what: what, why: inUse,
                next: "Find it with: sudo ss -lunp 'sport = :\(port)' - and stop it, or choose another --port.")
        case EADDRNOTAVAIL:
            return FlashkeepError(
                .portUnavailable, what: what, why: "This computer has no such address.",
                next: "Give one of the addresses that ip -brief address lists.")
        case let number?:
            let text = unsafe String(cString: strerror(number))
            return FlashkeepError(
                .portUnavailable, what: what, why: text, next: "Choose another --address or --port.")
        case nil:
            return FlashkeepError(
                .addressNotUnderstood, what: what, why: "\"\(name ?? "")\" is not an IP address.",
                next: "Give an address of this computer, such as 192.168.1.10, or omit --address")
        }
    }
}
