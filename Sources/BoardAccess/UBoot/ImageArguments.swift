import FlashModel
import SystemPackage
import Transfers

/// The start of an image on a board, from the user's options.
enum ImageArguments {
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage`, `fileUnavailable`, `imageUnsuitable`.
    static func boot(_ options: ImageOptions?) throws -> NetworkBoot? {
        guard let options else { return nil }
        let memory = try options.loadAddress.map(memory)
        return NetworkBoot(
            file: try BootFile(FilePath(options.file), address: memory), memory: memory,
            variables: try options.variables.map(variable),
            board: try AddressArgument.address(options.network.boardIP, "--board-ip"),
            host: try AddressArgument.address(options.network.hostIP, "--host-ip"),
            interfaces: { try HostNetwork.interfaces() }, program: OwnProgram.quoted)
    }

    private static func memory(_ text: String) throws -> UInt64 {
        let digits = text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : text[...]
        guard let address = UInt64(digits, radix: 16) else {
            throw FlashkeepError(
                .usage, what: "--load-address \(PrintableText.escaped(text)) is invalid.",
                why: "It is not a hexadecimal number.", next: "Give a number such as 0x82000000.")
        }
        return address
    }

    private static func variable(_ text: String) throws -> NetworkBoot.Variable {
        guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
            throw FlashkeepError(
                .usage, what: "--set \(PrintableText.escaped(text)) is invalid.",
                why: "It does not have the form NAME=VALUE.", next: "Give it as in --set bootargs=console=ttyS0,115200")
        }
        return NetworkBoot.Variable(name: String(text[..<sign]), value: String(text[text.index(after: sign)...]))
    }
}
