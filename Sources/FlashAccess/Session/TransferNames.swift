package import FlashModel

/// The name of a file of one transfer. Only ``TransferNames`` makes one, so a command line that takes it can have no other.
package struct TransferName: Sendable, Hashable {
    /// `fk`, and letters and digits; at most 40.
    package let text: String

    fileprivate init(word: String, number: Int) {
        text = "fk\(word)n\(number)"
    }
}

/// Names for the files of a connection's transfers, each used once. Nobody else can guess them.
package struct TransferNames: Sendable {
    private let word: String
    private var count = 0

    /// The letters and digits that make a name hard to guess.
    private static let length = 8

    /// - Parameter nonce: unpredictable letters and digits, at least 8.
    package init(nonce: String) {
        word = String(nonce.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(Self.length))
    }

    /// Refuses names that could be guessed, before the first is used.
    ///
    /// - Throws: `internalFault` if the nonce was too short.
    package func check() throws(FlashkeepError) {
        guard word.utf8.count == Self.length else {
            throw FlashkeepError(
                .internalFault, what: "The names of transferred files could be guessed.",
                why: "\(word.utf8.count) random characters were given instead of \(Self.length).",
                next: "Please report this.")
        }
    }

    /// A name that has not been used before.
    package mutating func next() -> TransferName {
        count += 1
        return TransferName(word: word, number: count)
    }
}
