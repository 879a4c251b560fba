import FlashModel
import Synchronization

/// What the user is told.
final class Notices: Sendable {
    private let events = Mutex<[ProgressEvent]>([])

    var handler: ProgressHandler {
        { event in self.events.withLock { $0.append(event) } }
    }

    var requests: [String] {
        events.withLock { $0 }.compactMap { event in
            guard case .request(let text) = event else { return nil }
            return text
        }
    }
}
