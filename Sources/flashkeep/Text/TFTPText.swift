import FlashModel
import Transfers

/// The lines that `tftp` prints for each transfer. Pure.
struct TFTPText: Sendable {
    private var tenths: [Int: Int] = [:]
    private var mebibytes: [Int: Int] = [:]

    /// The line for an event; nil if it does not merit one. Progress is reported at every tenth of a transfer, or every
    /// 16 MiB if its size is unknown.
    mutating func line(_ event: TFTPEvent) -> String? {
        let isRead = event.direction == .read
        let head =
            "\(SafeText.line(event.client)) \(isRead ? "reads" : "writes") \"\(SafeText.line(event.name, limit: 120))\""
        switch event.kind {
        case .began(let size):
            return head + (size.map { ", \(ByteCount.text($0))" } ?? "")
        case .advanced(let bytes, let size):
            return isDue(event.number, bytes, size)
                ? head + ": \(ByteCount.text(bytes))"
                    + (size.map { $0 > 0 ? " of \(ByteCount.text($0))" : "" } ?? "") : nil
        case .done(let bytes, let time):
            forget(event.number)
            return head + ": done, \(ByteCount.text(bytes))" + Self.speed(bytes, time)
        case .refused(let error):
            forget(event.number)
            return head + ": refused, \(SafeText.line(error.message, limit: 200)) (\(error.code.rawValue))"
        case .broken(let outcome, let bytes):
            forget(event.number)
            return head + ": stopped after \(ByteCount.text(bytes)), \(Self.words(outcome))"
        }
    }

    private mutating func isDue(_ number: Int, _ bytes: Int, _ size: Int?) -> Bool {
        if let size, size > 0 {
            let tenth = Int(Double(bytes) / Double(size) * 10)
            guard tenth > tenths[number, default: 0], tenth < 10 else { return false }
            tenths[number] = tenth
        } else {
            let step = bytes >> 24
            guard step > mebibytes[number, default: 0] else { return false }
            mebibytes[number] = step
        }
        return true
    }

    private mutating func forget(_ number: Int) {
        tenths[number] = nil
        mebibytes[number] = nil
    }

    private static func speed(_ bytes: Int, _ time: Duration) -> String {
        let seconds = time / .seconds(1)
        guard seconds >= 0.001 else { return "" }
        let rate = Double(bytes) / seconds
        return " in \(DurationText.text(time))" + (rate >= 1 && rate < 1e15 ? ", \(ByteCount.text(Int(rate)))/s" : "")
    }

    private static func words(_ outcome: TFTPOutcome) -> String {
        switch outcome {
        case .done: "done"
        case .silent: "the client no longer answers"
        case .failed(let error): SafeText.line(error.message, limit: 200)
        case .refused(let error):
            "the client aborted it: \(SafeText.line(error.message, limit: 200)) (\(error.code.rawValue))"
        }
    }
}
