/// Texts for durations. Pure.
enum DurationText {
    /// With the precision that people need: `8 s`, `3 min 20 s`, `2 h 5 min`.
    static func text(_ duration: Duration) -> String { text(seconds: Int(duration.components.seconds)) }

    static func text(seconds: Int) -> String {
        switch max(0, seconds) {
        case 0: return "less than 1 s"
        case let seconds where seconds < 60: return "\(seconds) s"
        case let seconds where seconds < 600:
            return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s"
        case let seconds where seconds < 3_600: return "\((seconds + 30) / 60) min"
        case let seconds where seconds < 86_400:
            let minutes = seconds / 60 % 60
            return minutes == 0 ? "\(seconds / 3_600) h" : "\(seconds / 3_600) h \(minutes) min"
        case let seconds:
            let hours = seconds / 3_600 % 24
            return "\(seconds / 86_400) d" + (hours == 0 ? "" : " \(hours) h")
        }
    }

    /// For estimates: `about 40 s`, `about 5 min`.
    static func about(seconds: Int) -> String {
        let rounded =
            switch seconds {
            case ..<10: max(1, seconds)
            case ..<60: (seconds + 4) / 5 * 5
            case ..<600: (seconds + 29) / 30 * 30
            default: (seconds + 59) / 60 * 60
            }
        return "about \(text(seconds: rounded))"
    }
}
