import FlashModel
import Operations

/// Progress as lines for a pipe or a log: at the start of a stage, and at every tenth of it or every 30 seconds. Pure.
struct PlainLines: Sendable {
    private static let interval: Duration = .seconds(30)

    /// Whether every partition or file is listed.
    var isVerbose: Bool
    private var saidAt: Duration = .zero
    private var saidTenth = 0

    init(isVerbose: Bool = false) {
        self.isVerbose = isVerbose
    }

    /// The lines for an event that `state` has already processed.
    mutating func lines(for event: ProgressEvent, _ state: ProgressState, at now: Duration) -> [String] {
        switch event {
        case .began(let stage, let bytes):
            saidAt = now
            saidTenth = 0
            return ["\(stage.title)" + (bytes.map { ", \(ByteCount.text($0))" } ?? "")]
        case .item(let text, let bytes):
            guard isVerbose, let stage = state.stage else { return [] }
            return ["\(stage.title) \(SafeText.line(text))" + (bytes.map { ", \(ByteCount.text($0))" } ?? "")]
        case .advanced:
            guard let fraction = state.fraction else { return [] }
            let tenth = Int(fraction * 10)
            // The end of a stage is implied by the next one, or by the result.
            guard (tenth > saidTenth && tenth < 10) || now - saidAt >= Self.interval else { return [] }
            saidTenth = tenth
            saidAt = now
            return [line(state, fraction, at: now)]
        case .ended, .request, .note, .warning:
            return []
        }
    }

    private func line(_ state: ProgressState, _ fraction: Double, at now: Duration) -> String {
        var text = "\(state.stage?.title ?? "Working"): \(Int(fraction * 100))%"
        if let total = state.total { text += ", \(ByteCount.text(state.done)) of \(ByteCount.text(total))" }
        if let rate = state.meter.bytesPerSecond(at: now), rate >= 1 { text += ", \(ByteCount.text(Int(rate)))/s" }
        if let total = state.total, let left = state.meter.secondsLeft(total - state.done, at: now) {
            text += ", \(DurationText.text(seconds: left)) left"
        }
        return text
    }
}
