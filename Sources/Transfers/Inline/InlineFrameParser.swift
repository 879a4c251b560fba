/// Extracts frames from a board's output. Pure: bytes in, frames out, however the bytes are split.
///
/// Anything between frames is skipped, so a kernel message does no harm there; within a frame it makes the checksum of
/// that frame fail, and only that one.
package struct InlineFrameParser: Sendable {
    /// An event in the stream.
    package enum Event: Sendable, Equatable {
        case frame(InlineFrame)
        /// A frame that began, but whose end was damaged or never came.
        case damaged(first: Int, count: Int)
        /// The board has sent all frames.
        case done
    }

    /// More bytes than our longest line has.
    private static let lineLimit = 1_024

    private let opening: [UInt8]
    private let closing: [UInt8]
    private let isDoubled: Bool
    private let payloadLimit: Int
    private let expected: @Sendable (_ count: Int) -> Int?

    private var buffer: [UInt8] = []
    /// Where to continue the search for the next marker.
    private var searched = 0
    /// Whether the end of the current frame was looked for at its expected position.
    private var isLengthTried = false
    /// Where to continue the search for a premature end.
    private var searchedForShort = 0
    /// The current frame; its payload starts at the front of the buffer.
    private var begun: (first: Int, count: Int)?
    /// The first copy of a closing line, until the second arrives.
    private var closed: (fields: [String], payload: [UInt8])?

    /// - Parameters:
    ///   - word: the session's word.
    ///   - isDoubled: whether each closing line is sent twice, for lines that damage bytes.
    ///   - payloadLimit: the maximum payload size of a frame in bytes.
    ///   - expected: the payload size for a number of blocks, if it is known in advance; saves searching.
    package init(
        word: String, isDoubled: Bool, payloadLimit: Int, expected: @escaping @Sendable (Int) -> Int? = { _ in nil }
    ) {
        opening = Array("@\(word) ".utf8)
        closing = Array("\n@\(word) e ".utf8)
        self.isDoubled = isDoubled
        self.payloadLimit = payloadLimit
        self.expected = expected
    }

    /// Removes and returns the bytes after ``Event/done``, which do not belong to the parser; another run of frames may
    /// follow.
    package mutating func takeRest() -> [UInt8] {
        defer {
            buffer = []
            searched = 0
        }
        return buffer
    }

    /// Adds bytes and returns the events that they complete.
    package mutating func feed(_ bytes: [UInt8]) -> [Event] {
        buffer += bytes
        var events: [Event] = []
        while let event = next() {
            events += event
            if event.last == .done { break }
        }
        return events
    }

    /// Performs one step; nil if more bytes are needed.
    private mutating func next() -> [Event]? {
        if closed != nil { return secondClosing() }
        return begun == nil ? control() : payload()
    }

    /// Between frames: handles the next line of ours.
    private mutating func control() -> [Event]? {
        guard let marker = find(opening, from: searched) else {
            // Only a possible beginning of a marker must be kept.
            let keep = min(buffer.count, opening.count - 1)
            buffer.removeFirst(buffer.count - keep)
            searched = 0
            return nil
        }
        guard let (fields, end) = line(from: marker.upperBound) else {
            return giveUpOnLongLine(from: marker.lowerBound)
        }
        buffer.removeSubrange(..<end)
        searched = 0
        switch fields.first {
        case "b":
            guard fields.count == 3, let first = number(fields[1]), let count = number(fields[2]), count > 0 else {
                return []
            }
            begun = (first, count)
            isLengthTried = false
            searchedForShort = 0
            return []
        case "d":
            return [.done]
        default:
            return []
        }
    }

    /// Within a frame: looks for its end.
    private mutating func payload() -> [Event]? {
        guard let begun else { return nil }
        if !isLengthTried, let length = expected(begun.count) {
            // A reader that failed sends less, and after the last frame no further bytes would reach the expected
            // length.
            let isShort = find(closing, from: max(searchedForShort, buffer.count - 2 * Self.lineLimit)) != nil
            searchedForShort = max(0, buffer.count - closing.count + 1)
            guard isShort || buffer.count >= length + closing.count else { return nil }
            // If the frame ends at its expected position, the bytes before need not be searched.
            isLengthTried = true
            searched = matches(closing, at: length) ? length : 0
        }
        return search(begun)
    }

    private mutating func search(_ begun: (first: Int, count: Int)) -> [Event]? {
        guard let marker = find(closing, from: searched) else {
            searched = max(0, buffer.count - closing.count + 1)
            guard buffer.count > payloadLimit else { return nil }
            return abandon(begun)
        }
        guard let (fields, end) = line(from: marker.upperBound) else {
            searched = marker.lowerBound
            guard buffer.count - marker.upperBound > Self.lineLimit else { return nil }
            return abandon(begun)
        }
        var payload = Array(buffer[..<marker.lowerBound])
        // The line end before the closing line belongs to the frame; a terminal may have turned it into CR LF.
        if lineEndsAreMapped(upTo: end), payload.last == 0x0D { payload.removeLast() }
        buffer.removeSubrange(..<end)
        searched = 0
        self.begun = nil
        if isDoubled {
            closed = (fields, payload)
            return []
        }
        return [event(fields, payload, begun)]
    }

    /// The second copy of a closing line must follow immediately and be equal.
    private mutating func secondClosing() -> [Event]? {
        guard let closed else { return nil }
        let marker = Array(closing.dropFirst())
        guard buffer.count >= marker.count else { return nil }
        let claimed = (
            first: closed.fields.first.flatMap(number) ?? 0, count: closed.fields.dropFirst().first.flatMap(number) ?? 1
        )
        guard matches(marker, at: 0) else {
            self.closed = nil
            return [.damaged(first: claimed.first, count: max(1, claimed.count))]
        }
        guard let (fields, end) = line(from: marker.count) else {
            guard buffer.count > Self.lineLimit else { return nil }
            self.closed = nil
            return [.damaged(first: claimed.first, count: max(1, claimed.count))]
        }
        buffer.removeSubrange(..<end)
        self.closed = nil
        guard fields == closed.fields else { return [.damaged(first: claimed.first, count: max(1, claimed.count))] }
        return [event(fields, closed.payload, claimed)]
    }

    private func event(_ fields: [String], _ payload: [UInt8], _ begun: (first: Int, count: Int)) -> Event {
        let numbers = fields.prefix(7).map(number)
        let rest = fields.dropFirst(7).joined(separator: " ").split(
            separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
        guard rest.count == 2, let first = numbers[0], let count = numbers[1], let status = numbers[2],
            first == begun.first, count == begun.count
        else { return .damaged(first: begun.first, count: begun.count) }
        let before = numbers[3].flatMap { failures in
            numbers[4].map { InlineFrame.Counters(failures: failures, corrected: $0) }
        }
        let after = numbers[5].flatMap { failures in
            numbers[6].map { InlineFrame.Counters(failures: failures, corrected: $0) }
        }
        return .frame(
            InlineFrame(
                first: first, count: count, status: status, before: before, after: after, origin: String(rest[1]),
                checksum: String(rest[0]), payload: payload))
    }

    private mutating func abandon(_ frame: (first: Int, count: Int)) -> [Event] {
        begun = nil
        searched = 0
        buffer.removeFirst(max(0, buffer.count - opening.count + 1))
        return [.damaged(first: frame.first, count: frame.count)]
    }

    private mutating func giveUpOnLongLine(from start: Int) -> [Event]? {
        guard buffer.count - start > Self.lineLimit else {
            buffer.removeSubrange(..<start)
            searched = 0
            return nil
        }
        buffer.removeSubrange(...start)
        searched = 0
        return []
    }

    /// The fields of the line at `start`, and the start of the next line; nil if its end has not arrived.
    private func line(from start: Int) -> (fields: [String], end: Int)? {
        guard let end = buffer[start...].prefix(Self.lineLimit).firstIndex(of: 0x0A) else { return nil }
        let text = String(decoding: buffer[start..<end].filter { $0 != 0x0D }, as: UTF8.self)
        return (text.split(separator: " ").map(String.init), end + 1)
    }

    private func lineEndsAreMapped(upTo end: Int) -> Bool {
        end >= 2 && buffer[end - 2] == 0x0D
    }

    private func number(_ text: String) -> Int? {
        guard text.utf8.count <= 15, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    private func matches(_ pattern: [UInt8], at start: Int) -> Bool {
        start + pattern.count <= buffer.count && buffer[start..<(start + pattern.count)].elementsEqual(pattern)
    }

    private func find(_ pattern: [UInt8], from start: Int) -> Range<Int>? {
        guard let first = pattern.first else { return nil }
        var position = start
        let last = buffer.count - pattern.count
        while position <= last {
            guard let hit = buffer[position...].firstIndex(of: first), hit <= last else { return nil }
            if matches(pattern, at: hit) { return hit..<(hit + pattern.count) }
            position = hit + 1
        }
        return nil
    }
}
