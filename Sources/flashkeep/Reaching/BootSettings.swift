import BoardAccess
import FlashModel
import SystemPackage

/// How an image is started on a board, made of what was typed.
enum BootSettings {
    /// - Throws: ``FlashkeepError`` with `usage`, `fileUnavailable`, `imageUnsuitable`.
    static func make(image: String, _ options: BootOptions) throws -> NetworkBoot {
        let memory = try options.loadAddress.map(memory)
        return NetworkBoot(
            file: try BootFile(FilePath(image), address: memory), memory: memory,
            variables: try options.set.map(variable),
            board: try NetworkSettings.address(options.boardIp, "--board-ip"),
            host: try NetworkSettings.address(options.hostIp, "--host-ip"),
            interfaces: { try NetworkSettings.interfaces() },
            program: OwnProgram.path.map { ShellWord.pastable($0) } ?? "flashkeep")
    }

    private static func memory(_ text: String) throws -> UInt64 {
        let digits = text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : text[...]
        guard let address = UInt64(digits, radix: 16) else {
            throw FlashkeepError(
                .usage, what: "--load-address \(PrintableText.escaped(text)) is not understood.",
                why: "It is no hexadecimal number.", next: "Give one such as 0x82000000.")
        }
        return address
    }

    private static func variable(_ text: String) throws -> NetworkBoot.Variable {
        guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
            throw FlashkeepError(
                .usage, what: "--set \(PrintableText.escaped(text)) is not understood.",
                why: "It is no name with a value.", next: "Give one such as --set bootargs=console=ttyS0,115200.")
        }
        return NetworkBoot.Variable(name: String(text[..<sign]), value: String(text[text.index(after: sign)...]))
    }
}
