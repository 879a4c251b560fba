/// How long one side waits for the other, and how often it asks again.
package struct TFTPPatience: Sendable, Equatable {
    /// Of the first wait; each that follows takes twice as long.
    package var first: Duration
    /// The longest wait, but never less than ``first``.
    package var longest: Duration
    /// Repetitions after which the other side is taken for gone.
    package var repetitions: Int

    package init(first: Duration = .seconds(1), longest: Duration = .seconds(8), repetitions: Int = 8) {
        self.first = first
        self.longest = longest
        self.repetitions = repetitions
    }

    /// With the first wait that was agreed on (RFC 2349), and fewer repetitions where it is long: nobody is to keep a
    /// transfer open for an hour by asking for 255 seconds.
    package func agreed(_ terms: TFTPTerms) -> TFTPPatience {
        guard let seconds = terms.timeoutSeconds else { return self }
        var patience = self
        patience.first = .seconds(seconds)
        patience.repetitions = min(repetitions, max(2, 60 / max(1, seconds)))
        return patience
    }

    /// The wait after so many repetitions.
    package func wait(after repetitions: Int) -> Duration {
        min(first * (1 << min(max(0, repetitions), 10)), max(first, longest))
    }
}

/// How a transfer ended.
package enum TFTPOutcome: Sendable, Equatable {
    /// All bytes have arrived at the other side, or from there.
    case done
    /// The other side no longer answers.
    case silent
    /// This side ended it, and told the other.
    case failed(TFTPError)
    /// The other side ended it.
    case refused(TFTPError)
}
