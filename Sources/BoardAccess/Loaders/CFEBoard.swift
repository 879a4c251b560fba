import BoardChannels
import CFEFlash
import FlashAccess
import FlashModel

extension ReadOnlyLoader {
    /// CFE on a console.
    static func cfe(
        _ settings: ConsoleSettings, environment: OperationEnvironment, notify: @escaping ProgressHandler
    ) -> ReadOnlyLoader {
        ReadOnlyLoader(CFELoader(), settings, environment: environment, notify: notify) {
            [store = settings.store, given = settings.given] session, transfers in
            CFEFlashAccess(session, store: store, given: given, transfers: transfers)
        }
    }
}

extension CFEFlashAccess: FlashBoard {
    package var accessMethod: String {
        "CFE \(channelTraits.connectionText)\(usesNetwork ? ", flash over the network" : "")"
    }
}
