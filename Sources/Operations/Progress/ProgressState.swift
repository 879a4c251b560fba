package import FlashModel

/// The state of a verb's work, derived from its events. Pure: the caller provides the time.
package struct ProgressState: Sendable {
    package var stage: Stage?
    /// The current item.
    package var item: String?
    package var done = 0
    package var total: Int?
    package var meter = RateMeter()
    /// When the stage began.
    package var beganAt: Duration = .zero
    /// When the last event came.
    package var heardAt: Duration = .zero

    package init() {}

    package mutating func take(_ event: ProgressEvent, at now: Duration) {
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
    package var fraction: Double? {
        guard let total, total > 0 else { return nil }
        return min(1, Double(done) / Double(total))
    }
}

extension Stage {
    /// The current activity, for display.
    package var title: String {
        switch self {
        case .connecting: "Connecting"
        case .surveying: "Surveying the board"
        case .reading: "Reading"
        case .proving: "Proving"
        case .writing: "Writing"
        case .comparing: "Comparing"
        case .checking: "Checking"
        case .extracting: "Extracting"
        case .inspecting: "Inspecting"
        case .finishing: "Finishing"
        }
    }
}
