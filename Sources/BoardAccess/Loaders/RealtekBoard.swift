import BoardChannels
import FlashAccess
import FlashModel
import RealtekFlash

extension ReadOnlyLoader {
    /// Realtek's loader on a console.
    static func realtek(
        _ settings: ConsoleSettings, environment: OperationEnvironment, notify: @escaping ProgressHandler
    ) -> ReadOnlyLoader {
        ReadOnlyLoader(RealtekLoader(), settings, environment: environment, notify: notify) {
            [store = settings.store, given = settings.given] session, transfers in
            RealtekFlashAccess(session, store: store, given: given, transfers: transfers)
        }
    }
}

extension RealtekFlashAccess: FlashBoard {
    package var accessMethod: String {
        "Realtek's loader \(channelTraits.connectionText)\(usesNetwork ? ", flash over the network" : "")"
    }
}
