/// Names for the files of a connection's transfers: letters and digits, each used once. Nobody else can guess them.
package struct TransferNames: Sendable {
    private let word: String
    private var count = 0

    /// - Parameter nonce: unpredictable letters and digits, at least 8.
    package init(nonce: String) {
        word = String(nonce.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(8))
    }

    /// A name that has not been used before.
    package mutating func next() -> String {
        count += 1
        return "fk\(word)n\(count)"
    }
}
