import FlashModel
import Operations

/// The progress line on a terminal. Pure.
enum LiveLine {
    private static let silence: Duration = .seconds(10)

    /// - Parameter width: the maximum number of characters; what does not fit is omitted, least important first.
    static func text(_ state: ProgressState, at now: Duration, width: Int, style: TextStyle) -> String {
        guard let stage = state.stage else { return "" }
        let quiet = now - state.heardAt
        let wait = quiet >= silence ? "nothing received for \(DurationText.text(quiet))" : nil
        var parts: [String] = []
        var bar = ""
        if let total = state.total, let fraction = state.fraction {
            let percent = "\(Int(fraction * 100))%"
            parts.append(String(repeating: " ", count: 4 - percent.count) + percent)
            parts.append("\(ByteCount.text(state.done)) of \(ByteCount.text(total))")
            if let wait {
                parts.append(wait)
            } else {
                if let rate = state.meter.bytesPerSecond(at: now), rate >= 1 {
                    parts.append("\(ByteCount.text(Int(rate)))/s")
                }
                if state.done < total, let left = state.meter.secondsLeft(total - state.done, at: now) {
                    parts.append("\(DurationText.text(seconds: left)) left")
                }
            }
            bar = self.bar(fraction, cells: 20, style: style)
        } else {
            let elapsed = now - state.beganAt
            parts.append(wait ?? (elapsed >= .seconds(3) ? DurationText.text(elapsed) : ""))
            parts.removeAll(where: \.isEmpty)
        }
        let item = state.item.map { PrintableText.escaped($0, limit: 60, asciiOnly: true) } ?? ""
        let end = parts.joined(separator: "  ")
        // The item is shortened first, then the bar is dropped, then the words at the end.
        for (itemRoom, bar) in [(item.count, bar), (24, bar), (12, bar), (12, ""), (0, bar), (0, "")] {
            let shown = itemRoom == 0 ? "" : PrintableText.escaped(item.replacing("\\", with: "/"), limit: itemRoom)
            let line = [stage.title + (shown.isEmpty ? "" : " \(shown)"), bar, end].filter { !$0.isEmpty }
                .joined(separator: "  ")
            if line.count <= width { return line }
        }
        let short = [stage.title, parts.first ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        return String(short.prefix(width))
    }

    private static func bar(_ fraction: Double, cells: Int, style: TextStyle) -> String {
        let full = min(cells, Int(fraction * Double(cells)))
        let (done, open) = style.isUnicode ? ("█", "░") : ("#", ".")
        let text = String(repeating: done, count: full) + String(repeating: open, count: cells - full)
        return style.isUnicode ? text : "[\(text)]"
    }
}
