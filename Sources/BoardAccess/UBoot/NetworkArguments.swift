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
            via: options.via?.uboot, board: try AddressArgument.address(options.boardIP, "--board-ip"),
            host: try AddressArgument.address(options.hostIP, "--host-ip"),
            computer: { LocalNetworkHost($0, interfaces: { try HostNetwork.interfaces() }, program: program) })
    }

    /// - Throws: ``FlashModel/FlashkeepError`` with `usage` if an address is invalid.
    static func check(_ options: NetworkOptions) throws {
        _ = try AddressArgument.address(options.boardIP, "--board-ip")
        _ = try AddressArgument.address(options.hostIP, "--host-ip")
    }
}
