import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel

/// The rate of the line.
extension UBootSession {
    /// Detects from output at a raised rate that the board was reset and is at its own rate again. This must be fast,
    /// because the board counts down.
    func watchRate(_ bytes: [UInt8], heard: [UInt8] = []) throws {
        guard let ownRate, console.channel.lineRate != ownRate else { return }
        recent = Array((recent + bytes).suffix(256))
        guard recent.count >= 48, LineSense(recent) == .garbage else { return }
        recent = []
        throw Interruption(
            why: "the board's rate has changed", heard: UBootReply(output: heard))
    }

    /// The result of a change of rate.
    enum RateChange: Sendable, Hashable {
        /// The board and the line are at the new rate, and the prompt was received.
        case done
        /// Both are at the old rate: the board's output, or why the line did not change.
        case refused(String)
    }

    /// Changes the rate of U-Boot's console and of the line, in RAM only.
    ///
    /// `setenv baudrate N` sets the UART 50 ms after its question, and waits for Enter at the new rate
    /// (`drivers/serial/serial-uclass.c`, `drivers/serial/serial.c`, on_baudrate).
    ///
    /// - Throws: ``Interruption`` if the board is no longer at either rate; errors of the channel.
    func changeRate(to rate: Int) async throws -> RateChange {
        guard let old = console.channel.lineRate else { return .refused("the channel has no rate") }
        guard let command = try? commands.setBaudRate(rate) else {
            return .refused(
                "no board supports this rate")
        }
        if isUntidy { try await clear() }
        try await type(command)
        mayWaitForEnter = true
        try await console.send("\r")
        isUntidy = true
        text = UBootConsoleText(prompt: prompt)
        var output: [UInt8] = []
        let limit = console.time + timing.limits.prompt
        while console.time < limit, let bytes = try await console.bytes(within: timing.echo) {
            output = Array((output + bytes).suffix(4_096))
            try watch(bytes)
            if UBootQuestion.rate.isAsked(in: output) { break }
            if text.openLine == prompt, try await isSilent() {
                // This also happens if the board was already at this rate.
                isUntidy = false
                mayWaitForEnter = false
                return .refused(TerminalText.lastLines(UBootReply(output: output).without(prompt), count: 2))
            }
        }
        // The question may have been damaged, so look for the prompt at both rates.
        for attempt in 0..<4 {
            let now = attempt == 2 ? old : rate
            do {
                try await console.channel.setLineRate(now)
            } catch let error as FlashkeepError where error.code == .portUnavailable {
                try await console.channel.setLineRate(old)
                throw Interruption(
                    why: "the board waits at \(rate) baud, which the port does not support: \(error.why)")
            }
            _ = try await console.collect(quiet: Self.rateSettles, longest: Self.rateSettles * 2)
            if try await hasAnswered() {
                return now == rate
                    ? .done
                    : .refused(
                        "the board did not switch to \(rate) baud")
            }
        }
        try await console.channel.setLineRate(old)
        throw Interruption(why: "the board does not answer at \(rate) baud")
    }

    /// The time that U-Boot waits before and after it sets the UART (50 ms each), with a margin.
    static let rateSettles = Duration.milliseconds(150)

    /// Whether nothing follows the apparent prompt.
    func isSilent() async throws -> Bool {
        guard let more = try await console.bytes(within: timing.quiet) else { return true }
        console.putBack(more)
        return false
    }

    /// Whether Enter, with a blank before it, brings the prompt. ^C discards what the board received at another rate,
    /// and a question ignores it.
    func hasAnswered() async throws -> Bool {
        try await console.send("\u{3} \r")
        text = UBootConsoleText(prompt: prompt)
        let limit = console.time + timing.limits.prompt
        while console.time < limit, let bytes = try await console.bytes(within: timing.echo) {
            try watch(bytes)
            guard text.openLine == prompt, try await isSilent() else { continue }
            isUntidy = false
            mayWaitForEnter = false
            return true
        }
        return false
    }
}
