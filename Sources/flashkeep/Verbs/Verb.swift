import ArgumentParser
import FlashModel

/// A command of the program. The parser fills it in, then ``VerbRun`` handles what all verbs have in common.
protocol Verb: ParsableCommand, Sendable {
    var common: CommonOptions { get }
    /// What remains after an interruption, and how to resume: one line, for an error's `next`.
    var afterInterruption: String { get }

    /// Performs the work, and prints its result.
    func work(in context: VerbContext) async throws -> ExitStatus
}

extension Verb {
    var afterInterruption: String { "Nothing was changed; run the same command again when you are ready." }
}
