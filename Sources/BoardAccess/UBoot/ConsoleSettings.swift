import BoardChannels
package import BoardConsoles
package import FlashAccess
package import UBootFlash

/// The user's settings for consoles and bootloaders.
package struct ConsoleSettings: Sendable {
    /// The keys that stop the countdown; nil means those that the board names.
    package var stopKey: [UInt8]?
    /// Switches the board off and on; nil means that the user does.
    package var powerCycle: (@Sendable () async throws -> Void)?
    /// The content that need not be transferred again.
    package var store: ContentStore
    package var timing: ConsoleTiming
    /// How U-Boot prints memory: `saves`, `md`, `md.b`; nil means the cheapest that works.
    package var dumpFormat: String?
    /// The faster rate for U-Boot's console and the line, while connected; nil keeps the rate.
    package var rate: UBootLineRate.Wish?
    /// An image to start from the bootloader, so that its Linux becomes the board; nil for none.
    package var boot: NetworkBoot?
    /// The network for transfers from and to the bootloader; nil means the serial line only.
    package var network: BoardNetwork?
    /// The network for transfers from a Linux that answers; nil means the console only.
    package var linuxNetwork: NetworkOptions?
    /// The only transfer method allowed, whatever answers; nil means the best that works.
    package var via: TransferMethodName?
    /// What the user knows of the board's memory and U-Boot does not report.
    package var given = GivenMemory()

    package init(
        stopKey: [UInt8]? = nil, powerCycle: (@Sendable () async throws -> Void)? = nil,
        store: ContentStore = ContentStore(), timing: ConsoleTiming = ConsoleTiming(),
        dumpFormat: String? = nil, rate: UBootLineRate.Wish? = nil, boot: NetworkBoot? = nil,
        network: BoardNetwork? = nil
    ) {
        self.dumpFormat = dumpFormat
        self.rate = rate
        self.boot = boot
        self.network = network
        self.stopKey = stopKey
        self.powerCycle = powerCycle
        self.store = store
        self.timing = timing
    }
}

extension ConsoleSettings {
    /// Makes the settings from a user's options.
    ///
    /// - Parameter mayAsk: whether anybody sees the request to switch the board on.
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage`, `fileUnavailable` or `imageUnsuitable`.
    init(_ options: UBootOptions, network: NetworkOptions?, mayAsk: Bool) throws {
        let store = ContentStore()
        for source in try options.known() { try store.add(source) }
        self.init(
            store: store, rate: try LineRateArgument.wish(options.lineRate),
            boot: try ImageArguments.boot(options.image), network: try NetworkArguments.network(network))
        (linuxNetwork, via) = (network, network?.via)
        given = GivenMemory(
            flash: try options.flash.map(FlashArgument.flash), freeRAM: try options.ram.map(FlashArgument.memory))
        if !mayAsk, options.powerCycle == nil { timing.power = timing.limits.unattendedPower }
        if let key = options.stopKey { stopKey = try StopKeyArgument.bytes(key) }
        if let command = options.powerCycle {
            let longest = timing.limits.powerCommand
            powerCycle = { try await LocalCommand.run(command, longest: longest) }
        }
    }
}
