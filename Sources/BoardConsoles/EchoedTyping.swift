import BoardChannels

/// Types lines at a bootloader's prompt a few characters ahead of their echo, because its receiver holds only a few.
package struct EchoedTyping: Sendable {
    /// What came of a line.
    package enum Outcome: Sendable {
        /// Every character was echoed, and nothing else came.
        case echoed
        /// The echo stopped.
        case silent
        /// Something else came: the bell, a lost or wrong character, or output of the board itself. With all bytes from
        /// there on.
        case differs(ArraySlice<UInt8>)
    }

    private let timing: ConsoleTiming
    private var window: Int
    /// The longest wait for an echo so far.
    private var slowestEcho: Duration = .zero

    package init(_ timing: ConsoleTiming) {
        self.timing = timing
        window = timing.window
    }

    /// Types bytes, and compares their echo.
    ///
    /// - Parameter heard: called with everything that arrives, before it is compared.
    package mutating func type(
        _ bytes: [UInt8], on console: Console, heard: ([UInt8]) throws -> Void = { _ in }
    ) async throws -> Outcome {
        var sent = 0
        var echoed = 0
        while echoed < bytes.count {
            let end = min(bytes.count, echoed + window)
            if sent < end {
                try await console.channel.write(Array(bytes[sent..<end]))
                sent = end
            }
            let asked = console.time
            guard let got = try await console.bytes(within: wait) else { return .silent }
            try heard(got)
            slowestEcho = max(slowestEcho, console.time - asked)
            for (index, byte) in got.enumerated() {
                guard echoed < sent, byte == bytes[echoed] else { return .differs(got[index...]) }
                echoed += 1
            }
        }
        return .echoed
    }

    /// How long to wait for an echo, based on previous ones, because a lost character never arrives.
    private var wait: Duration {
        slowestEcho == .zero ? timing.echo : min(timing.echo, max(.milliseconds(100), slowestEcho * 4))
    }

    /// Types fewer characters ahead from now on.
    package mutating func narrow() { window = max(1, window / 2) }

    /// Types more characters ahead: a line that has recovered becomes fast again.
    package mutating func widen() { window = min(timing.window, window + 1) }

    /// Types as many characters ahead as at first.
    package mutating func widenFully() { window = timing.window }
}
