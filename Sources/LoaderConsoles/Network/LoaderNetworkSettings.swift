package import FlashAccess

/// The network between a board in its bootloader and this computer, with the user's settings.
package struct LoaderNetworkSettings: Sendable {
    package var network: BoardNetworkSettings
    /// The only method that may be used; nil tries all in their order.
    package var via: LoaderReadMethod?
    /// The methods that proved not to work, for all connections to the board.
    package var givenUp: GivenUp<LoaderReadMethod>
    /// What happened on all connections to the board.
    package var history: LoaderNetworkHistory
    /// Called with messages for the user, one line each.
    package var notify: @Sendable (String) -> Void

    package init(
        _ network: BoardNetworkSettings, via: LoaderReadMethod? = nil,
        givenUp: GivenUp<LoaderReadMethod> = GivenUp<LoaderReadMethod>(),
        history: LoaderNetworkHistory = LoaderNetworkHistory(),
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.network = network
        self.via = via
        self.givenUp = givenUp
        self.history = history
        self.notify = notify
    }
}
