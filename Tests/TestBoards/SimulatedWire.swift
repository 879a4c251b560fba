/// Characters in transit from the board, each with its arrival time in microseconds.
struct SimulatedWire {
    private var output: [(at: Int, byte: UInt8)] = []
    private var start = 0

    /// The arrival time of the next character.
    var first: Int? { start < output.count ? output[start].at : nil }

    mutating func add(_ byte: UInt8, at time: Int) { output.append((time, byte)) }

    /// Removes and returns the characters that have arrived by a time.
    mutating func take(until time: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while start < output.count, output[start].at <= time {
            bytes.append(output[start].byte)
            start += 1
        }
        if start > 65_536 {
            output.removeFirst(start)
            start = 0
        }
        return bytes
    }

    /// Discards the characters that have not arrived by a time.
    mutating func cut(after time: Int) {
        while output.count > start, let last = output.last, last.at > time { output.removeLast() }
    }
}
