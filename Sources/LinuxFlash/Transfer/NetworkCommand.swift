import Transfers

/// The command lines with which a board sends another command's output over the network. Pure.
enum NetworkCommand {
    /// - Parameters:
    ///   - command: prints what is to be sent.
    ///   - word: the first line of the stream.
    /// - Returns: nil if the method needs no network, or the board lacks its tool.
    static func line(
        _ method: LinuxReadMethod, sending command: String, word: String, to host: IPv4Address, port: Int,
        _ toolbox: LinuxToolbox
    ) -> String? {
        switch method {
        case .nc:
            guard toolbox.has("nc") else { return nil }
            return "{ echo \(word);\(command);}|\(toolbox.invocation("nc")) \(host) \(port)"
        case .line: return nil
        }
    }
}
