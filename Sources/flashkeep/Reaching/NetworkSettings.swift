import BoardAccess
import FlashModel
import Transfers
import UBootFlash

/// The network between this computer and a board in U-Boot, made of what was typed.
enum NetworkSettings {
    /// - Throws: ``FlashkeepError`` with `usage`.
    static func make(via: UBootWay?, _ options: BootOptions) throws -> UploadNetwork {
        let program = OwnProgram.path.map { ShellWord.pastable($0) } ?? "flashkeep"
        return UploadNetwork(
            via: via, board: try address(options.boardIp, "--board-ip"),
            host: try address(options.hostIp, "--host-ip"),
            computer: { UploadComputer($0, interfaces: { try interfaces() }, program: program) })
    }

    static func address(_ text: String?, _ option: String) throws -> IPv4Address? {
        guard let text else { return nil }
        guard let address = IPv4Address(text) else {
            throw FlashkeepError(
                .usage, what: "\(option) \(PrintableText.escaped(text)) is not understood.",
                why: "It is no IPv4 address.", next: "Give one such as 192.168.1.1.")
        }
        return address
    }

    static func interfaces() throws -> [HostInterface] {
        try HostNetwork.addresses().compactMap { found in
            guard let address = IPv4Address(found.address), let netmask = IPv4Address(found.netmask) else { return nil }
            return HostInterface(name: found.interface, address: address, netmask: netmask)
        }
    }
}
