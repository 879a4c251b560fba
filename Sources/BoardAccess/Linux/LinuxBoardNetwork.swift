package import LinuxFlash

/// The network beside the console of a board's Linux, with the user's choices.
package struct LinuxBoardNetwork: Sendable {
    package var settings: LinuxNetworkSettings
    /// Makes this computer's port for one connection.
    package var computer: @Sendable () -> any LinuxNetworkHost

    package init(settings: LinuxNetworkSettings, computer: @escaping @Sendable () -> any LinuxNetworkHost) {
        self.settings = settings
        self.computer = computer
    }
}
