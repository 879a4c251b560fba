private import BoardChannels
private import FlashModel

/// Looks for the rate at which a serial line makes sense.
///
/// At each rate it listens; where nothing comes it sends one ^C, which brings the prompt of a bootloader or a shell. A
/// ^C that is sent at another rate than the board's is never read as Enter, nor as anything that can be seen: so no
/// command is repeated by it, and no menu gets a digit.
package struct LineRateSearch: Sendable {
    /// What came of it.
    package enum Outcome: Sendable, Hashable {
        /// The line is at this rate now, at which sense came.
        case found(Int)
        /// No rate made sense; the line has its rate again. Those that were tried, and whether anything came.
        case none(tried: [Int], hasHeard: Bool)
    }

    /// How long nothing must come before more is not waited for.
    private let quiet: Duration
    /// Whether ^C may be sent.
    private let mayAsk: Bool

    package init(quiet: Duration, mayAsk: Bool = true) {
        self.quiet = quiet
        self.mayAsk = mayAsk
    }

    /// Tries the line's own rate first, then the common ones. What made sense waits in the console to be read.
    ///
    /// - Throws: what the channel throws. A rate that the port cannot make is left out.
    package func run(_ console: Console) async throws -> Outcome {
        guard let own = console.channel.lineRate else { return .none(tried: [], hasHeard: false) }
        var tried: [Int] = []
        var hasHeard = false
        for rate in [own] + LineRates.common.filter({ $0 != own }) {
            do {
                try await console.channel.setLineRate(rate)
            } catch let error as FlashkeepError where error.code == .portUnavailable {
                continue
            }
            tried.append(rate)
            // What was received before is of another rate.
            _ = try await console.collect(quiet: .milliseconds(10), longest: .milliseconds(50))
            var heard = try await console.collect(quiet: quiet, longest: quiet * 4)
            if LineSense(heard) != .text, mayAsk {
                try await console.channel.write([0x03])
                let answer = try await console.collect(quiet: quiet, longest: quiet * 4)
                hasHeard = hasHeard || !heard.isEmpty
                heard = answer.isEmpty || LineSense(answer) != .text ? heard + answer : answer
            }
            hasHeard = hasHeard || !heard.isEmpty
            if LineSense(heard) == .text {
                console.putBack(heard)
                return .found(rate)
            }
        }
        try await console.channel.setLineRate(own)
        _ = try await console.collect(quiet: .milliseconds(10), longest: .milliseconds(50))
        return .none(tried: tried, hasHeard: hasHeard)
    }
}
