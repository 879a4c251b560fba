import FlashAccess
import FlashModel
import LinuxFlash
import Transfers

/// The network between this computer and a board's Linux, from the user's options.
enum LinuxNetworkArguments {
    /// - Returns: nil if only the console may be used.
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage`, also if Linux does not have the user's method.
    static func network(
        _ options: NetworkOptions?, environment: OperationEnvironment, notify: @escaping ProgressHandler
    ) throws -> LinuxBoardNetwork? {
        guard let options else { return nil }
        if let via = options.via {
            guard let method = via.linux else {
                throw via.refusal(by: "Linux", with: LinuxReadMethod.allCases.map(\.rawValue))
            }
            guard method.needsNetwork else { return nil }
        }
        let settings = LinuxNetworkSettings(
            via: options.via?.linux, board: try AddressArgument.address(options.boardIP, "--board-ip"),
            host: try AddressArgument.address(options.hostIP, "--host-ip"),
            webRoot: try folder(options.webRoot), webURL: try url(options.webURL), nonce: environment.nonce,
            notify: { notify(.note($0)) })
        return LinuxBoardNetwork(
            settings: settings, computer: { LocalStreamHost(interfaces: { try HostNetwork.interfaces() }) })
    }

    private static func folder(_ text: String?) throws -> String? {
        guard let text else { return nil }
        guard text.hasPrefix("/"), text.utf8.count <= 256, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw FlashkeepError(
                .usage, what: "--www \(PrintableText.escaped(text, limit: 80)) is invalid.",
                why: "It is not an absolute path of a folder on the board.", next: "Give one such as /var/wwwroot.")
        }
        return text
    }

    private static func url(_ text: String?) throws -> String? {
        guard let text else { return nil }
        guard text.hasPrefix("http://") || text.hasPrefix("https://"), text.utf8.count <= 512 else {
            throw FlashkeepError(
                .usage, what: "--www-url \(PrintableText.escaped(text, limit: 80)) is invalid.",
                why: "It is not the address of a web page.", next: "Give one such as http://192.168.1.1:8080/.")
        }
        return text
    }
}
