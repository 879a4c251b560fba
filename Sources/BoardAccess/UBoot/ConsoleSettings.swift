import BoardChannels
package import BoardConsoles
package import FlashAccess
package import UBootFlash

/// Settings that the user makes for consoles and bootloaders.
package struct ConsoleSettings: Sendable {
    /// What stops the countdown; nil goes by what the board prints.
    package var stopKey: [UInt8]?
    /// Switches the board off and on; nil where a person must.
    package var powerCycle: (@Sendable () async throws -> Void)?
    /// What need not cross the line again.
    package var store: ContentStore
    package var timing: ConsoleTiming
    /// How U-Boot prints memory: `saves`, `md`, `md.b`; nil takes the cheapest that works.
    package var dumpFormat: String?
    /// The faster rate that U-Boot's console and the line are brought to meanwhile; nil leaves them as they are.
    package var rate: UBootLineRate.Wish?
    /// What is started from the bootloader, so that its Linux is the board; nil takes the board as it is.
    package var boot: NetworkBoot?
    /// The network by which bytes may leave the bootloader and come to it; nil is for the line alone.
    package var network: UploadNetwork?

    package init(
        stopKey: [UInt8]? = nil, powerCycle: (@Sendable () async throws -> Void)? = nil,
        store: ContentStore = ContentStore(), timing: ConsoleTiming = ConsoleTiming(),
        dumpFormat: String? = nil, rate: UBootLineRate.Wish? = nil, boot: NetworkBoot? = nil,
        network: UploadNetwork? = nil
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
    /// The settings that a user's options stand for.
    ///
    /// - Parameter mayAsk: whether somebody reads that the board must be switched on.
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage`, `fileUnavailable` or `imageUnsuitable`.
    init(_ options: UBootOptions, mayAsk: Bool) throws {
        let store = ContentStore()
        for source in try options.known() { try store.add(source) }
        self.init(
            store: store, rate: try LineRateArgument.wish(options.lineRate),
            boot: try ImageArguments.boot(options.image), network: try NetworkArguments.network(options.network))
        if !mayAsk, options.powerCycle == nil { timing.power = timing.limits.unattendedPower }
        if let key = options.stopKey { stopKey = try StopKeyArgument.bytes(key) }
        if let command = options.powerCycle {
            let longest = timing.limits.powerCommand
            powerCycle = { try await LocalCommand.run(command, longest: longest) }
        }
    }
}
