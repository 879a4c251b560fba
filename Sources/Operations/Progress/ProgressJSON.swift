import BackupBags
package import FlashModel

/// Progress for programs: one JSON object per line. Pure.
package enum ProgressJSON {
    private struct Line: Encodable {
        var event: String
        var seconds: Double?
        var stage: String?
        var item: String?
        var bytes: Int?
        var done: Int?
        var total: Int?
        var text: String?
        var code: String?
        var what: String?
        var why: String?
        var next: String?
    }

    /// An event; `seconds` is the time since the start, rounded to milliseconds.
    package static func line(_ event: ProgressEvent, at now: Duration) -> String {
        var line = Line(event: "", seconds: (now.seconds * 1_000).rounded() / 1_000)
        switch event {
        case .began(let stage, let bytes): (line.event, line.stage, line.bytes) = ("began", stage.rawValue, bytes)
        case .item(let text, let bytes): (line.event, line.item, line.bytes) = ("item", text, bytes)
        case .advanced(let done, let total): (line.event, line.done, line.total) = ("advanced", done, total)
        case .ended(let stage): (line.event, line.stage) = ("ended", stage.rawValue)
        case .request(let text): (line.event, line.text) = ("request", text)
        case .note(let text): (line.event, line.text) = ("note", text)
        case .warning(let text): (line.event, line.text) = ("warning", text)
        }
        return encoded(line)
    }

    /// An error, as the last line.
    package static func line(_ error: FlashkeepError) -> String {
        encoded(
            Line(event: "error", code: error.code.rawValue, what: error.what, why: error.why, next: error.next))
    }

    private static func encoded(_ line: Line) -> String {
        (try? JSONText.bytes(of: line, pretty: false)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
