import FlashModel

/// Where a verb's work stands, as its events tell it. Pure: told the time.
struct ProgressState: Sendable {
    var stage: Stage?
    /// What is worked on.
    var item: String?
    var done = 0
    var total: Int?
    var meter = RateMeter()
    /// When the stage began.
    var beganAt: Duration = .zero
    /// When something last came.
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

    /// Done of the total, 0 to 1; nil where the total is not known.
    var fraction: Double? {
        guard let total, total > 0 else { return nil }
        return min(1, Double(done) / Double(total))
    }
}

extension Stage {
    /// In words, for a person: what is being done.
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
