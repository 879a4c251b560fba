import BareboxFlash
import BoardChannels
import FlashAccess
import FlashModel

extension ReadOnlyLoader {
    /// barebox on a console.
    static func barebox(_ settings: ConsoleSettings, notify: @escaping ProgressHandler) -> ReadOnlyLoader {
        ReadOnlyLoader(BareboxLoader(), settings, notify: notify) { [store = settings.store] in
            BareboxFlashAccess($0, store: store)
        }
    }
}

extension BareboxFlashAccess: FlashBoard {
    package var accessMethod: String { "barebox \(channelTraits.connectionText)" }
}
