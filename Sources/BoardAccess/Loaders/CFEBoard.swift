import BoardChannels
import CFEFlash
import FlashAccess
import FlashModel

extension ReadOnlyLoader {
    /// CFE on a console.
    static func cfe(_ settings: ConsoleSettings, notify: @escaping ProgressHandler) -> ReadOnlyLoader {
        ReadOnlyLoader(CFELoader(), settings, notify: notify) { [store = settings.store, given = settings.given] in
            CFEFlashAccess($0, store: store, given: given)
        }
    }
}

extension CFEFlashAccess: FlashBoard {
    package var accessMethod: String { "CFE \(channelTraits.connectionText)" }
}
