/// How long one side waits for the other, and how often it repeats its packet.
package struct TFTPPatience: Sendable, Equatable {
    /// The first wait; each later one is twice as long.
    package var first: Duration
    /// The longest wait, but never less than ``first``.
    package var longest: Duration
    /// The number of repetitions after which the peer is considered gone.
    package var repetitions: Int

    package init(first: Duration = .seconds(1), longest: Duration = .seconds(8), repetitions: Int = 8) {
        self.first = first
        self.longest = longest
        self.repetitions = repetitions
    }

    /// Applies the negotiated first wait (RFC 2349), with fewer repetitions if it is long: a client must not keep a
    /// transfer open for an hour by asking for 255 seconds.
    package func agreed(_ terms: TFTPTerms) -> TFTPPatience {
        guard let seconds = terms.timeoutSeconds else { return self }
        var patience = self
        patience.first = .seconds(seconds)
        patience.repetitions = min(repetitions, max(2, 60 / max(1, seconds)))
        return patience
    }

    /// The wait after a number of repetitions.
    package func wait(after repetitions: Int) -> Duration {
        min(first * (1 << min(max(0, repetitions), 10)), max(first, longest))
    }
}

/// How a transfer ended.
package enum TFTPOutcome: Sendable, Equatable {
    /// All bytes have reached the peer, or have been received from it.
    case done
    /// The peer no longer answers.
    case silent
    /// This side ended the transfer, and informed the peer.
    case failed(TFTPError)
    /// The peer ended the transfer.
    case refused(TFTPError)
}
