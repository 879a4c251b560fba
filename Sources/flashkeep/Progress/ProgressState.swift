import FlashModel

/// The state of a verb's work, derived from its events. Pure: the caller provides the time.
struct ProgressState: Sendable {
    var stage: Stage?
    /// The current item.
    var item: String?
    var done = 0
    var total: Int?
    var meter = RateMeter()
    /// When the stage began.
    var beganAt: Duration = .zero
    /// When the last event came.
    var heardAt: Duration = .zero

    mutating func take(_ event: ProgressEvent, at now: Duration) {
        heardAt = now
        switch event {
        case .began(let stage, let bytes):
            self.stage = stage
            item = nil
            done = 0
            total = bytes
            meter = RateMeter()
            beganAt = now
        case .item(let text, _):
            item = text
        case .advanced(let done, let total):
            self.done = done
            self.total = total ?? self.total
            meter.take(done, at: now)
        case .ended(let stage) where stage == self.stage:
            self.stage = nil
        case .ended, .request, .note, .warning:
            break
        }
    }

    /// The completed share of the total, 0 to 1; nil if the total is unknown.
    var fraction: Double? {
        guard let total, total > 0 else { return nil }
        return min(1, Double(done) / Double(total))
    }
}

extension Stage {
    /// The current activity, for people.
    var title: String {
        switch self {
        case .connecting: "Connecting"
        case .surveying: "Looking at the board"
        case .reading: "Reading"
        case .proving: "Proving"
        case .writing: "Writing"
        case .comparing: "Comparing"
        case .checking: "Checking"
        case .extracting: "Extracting"
        case .finishing: "Finishing"
        }
    }
}
