import ArgumentParser
import FlashModel

/// A command of the program. The parser fills it in, then ``VerbRun`` does what all have in common.
protocol Verb: ParsableCommand, Sendable {
    var common: CommonOptions { get }
    /// What is left behind when the work is interrupted, and how to go on: one line, for an error's `next`.
    var afterInterruption: String { get }

    /// Does the work, and prints its result.
    func work(at desk: Desk) async throws -> ExitStatus
}

extension Verb {
    var afterInterruption: String { "Nothing was changed; run the same command again when you like." }
}
