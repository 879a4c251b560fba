import BoardChannels
import BoardConsoles
import FlashAccess
import UBootFlash

extension SerialConnector.Settings {
    /// The settings that a user's options stand for.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage`, `fileUnavailable` or `imageUnsuitable`.
    init(_ context: ConnectionContext) throws {
        let options = context.options.uboot
        let store = ContentStore()
        for source in try options.known() { try store.add(source) }
        self.init(
            store: store, rate: try LineRateArgument.wish(options.lineRate),
            boot: try ImageArguments.boot(options.image),
            network: try NetworkArguments.network(options.network))
        // Nobody reads that the board must be switched on.
        if !context.interaction.mayAsk, options.powerCycle == nil { timing.power = timing.limits.unattendedPower }
        if let key = options.stopKey { stopKey = try StopKeyArgument.bytes(key) }
        if let command = options.powerCycle {
            let longest = timing.limits.powerCommand
            powerCycle = { try await LocalCommand.run(command, longest: longest) }
        }
    }
}
