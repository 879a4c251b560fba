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
            host: try AddressArgument.address(options.hostIP, "--host-ip"), nonce: environment.nonce,
            notify: { notify(.note($0)) })
        return LinuxBoardNetwork(
            settings: settings, computer: { LocalStreamHost(interfaces: { try HostNetwork.interfaces() }) })
    }
}
