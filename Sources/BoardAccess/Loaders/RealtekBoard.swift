import BoardChannels
import FlashAccess
import FlashModel
import RealtekFlash

extension ReadOnlyLoader {
    /// Realtek's loader on a console.
    static func realtek(_ settings: ConsoleSettings, notify: @escaping ProgressHandler) -> ReadOnlyLoader {
        ReadOnlyLoader(RealtekLoader(), settings, notify: notify) { [store = settings.store, given = settings.given] in
            RealtekFlashAccess($0, store: store, given: given)
        }
    }
}

extension RealtekFlashAccess: FlashBoard {
    package var accessMethod: String { "Realtek's loader \(channelTraits.connectionText)" }
}
