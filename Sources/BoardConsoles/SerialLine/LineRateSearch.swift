private import BoardChannels
private import FlashModel

/// Searches for the rate at which a serial line gives readable text.
///
/// At each rate it listens; if nothing arrives it sends one ^C, which brings the prompt of a bootloader or a shell. A
/// ^C sent at a rate other than the board's is never read as Enter, nor as a visible character: so it repeats no
/// command, and types no digit into a menu.
package struct LineRateSearch: Sendable {
    /// The result of a search.
    package enum Outcome: Sendable, Hashable {
        /// The line is now at this rate, which gave readable text.
        case found(Int)
        /// No rate gave readable text; the line is back at its original rate. The rates tried, and whether anything
        /// arrived.
        case none(tried: [Int], hasHeard: Bool)
    }

    /// The pause that ends listening.
    private let quiet: Duration
    /// Whether ^C may be sent.
    private let mayAsk: Bool

    package init(quiet: Duration, mayAsk: Bool = true) {
        self.quiet = quiet
        self.mayAsk = mayAsk
    }

    /// Tries the line's own rate first, then the common ones. Readable text remains in the console to be read.
    ///
    /// - Throws: what the channel throws. A rate that the port does not support is skipped.
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
            // Bytes received before belong to another rate.
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
