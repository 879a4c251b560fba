import BareboxFlash
import BoardChannels
import FlashAccess
import FlashModel

extension ReadOnlyLoader {
    /// barebox on a console.
    static func barebox(
        _ settings: ConsoleSettings, environment: OperationEnvironment, notify: @escaping ProgressHandler
    ) -> ReadOnlyLoader {
        ReadOnlyLoader(BareboxLoader(), settings, environment: environment, notify: notify) {
            [store = settings.store] session, transfers in
            BareboxFlashAccess(session, store: store, transfers: transfers)
        }
    }
}

extension BareboxFlashAccess: FlashBoard {
    package var accessMethod: String {
        "barebox \(channelTraits.connectionText)\(usesNetwork ? ", flash over the network" : "")"
    }
}
