import FlashModel
import Transfers
import UBootFlash

/// The network between this computer and a board in U-Boot, from the user's options.
enum NetworkArguments {
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage`.
    static func network(_ options: NetworkOptions?) throws -> BoardNetwork? {
        guard let options else { return nil }
        let program = OwnProgram.quoted
        return BoardNetwork(
            via: options.via?.uboot, board: try address(options.boardIP, "--board-ip"),
            host: try address(options.hostIP, "--host-ip"),
            computer: { LocalNetworkHost($0, interfaces: { try HostNetwork.interfaces() }, program: program) })
    }

    /// - Throws: ``FlashModel/FlashkeepError`` with `usage` if an address is invalid.
    static func check(_ options: NetworkOptions) throws {
        _ = try address(options.boardIP, "--board-ip")
        _ = try address(options.hostIP, "--host-ip")
    }

    static func address(_ text: String?, _ option: String) throws -> IPv4Address? {
        guard let text else { return nil }
        guard let address = IPv4Address(text) else {
            throw FlashkeepError(
                .usage, what: "\(option) \(PrintableText.escaped(text)) is invalid.",
                why: "It is not an IPv4 address.", next: "Give an address such as 192.168.1.1.")
        }
        return address
    }
}
