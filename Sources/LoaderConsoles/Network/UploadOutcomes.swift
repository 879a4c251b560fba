package import FlashAccess
package import FlashModel

/// What became of a bootloader's transfers so far, which says whether a failed one is worth another attempt: a network that
/// never worked costs time at each.
package struct UploadOutcomes {
    private var hasWorked = false

    package init() {}

    /// The result of a transfer that succeeded.
    package mutating func succeeded(_ bytes: [UInt8]) -> TransferAttempt<[UInt8]?> {
        hasWorked = true
        return .done(bytes)
    }

    /// The result of a transfer that failed.
    package func failed(_ error: FlashkeepError) -> TransferAttempt<[UInt8]?> {
        hasWorked ? .failed(error) : .hopeless(error)
    }
}

extension LoaderUploading {
    /// The error of a transfer that failed.
    ///
    /// - Parameter why: a sentence.
    package func failure(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .commandFailed, what: "The board's flash did not arrive over the network (\(name)).", why: why,
            next: "Check the cable, and let UDP port 69 in through this computer's firewall.")
    }

    /// The error of a file that did not arrive whole at this computer.
    ///
    /// - Parameters:
    ///   - loader: which sends it.
    ///   - words: the line in which it says why; nil if there is none.
    ///   - host: the address to which it was to be sent.
    package func failure(of loader: String, words: ByteText?, to host: String) -> FlashkeepError {
        if let words { return failure("\(loader) said: \(PrintableText.escaped(words.string(limit: 120)))") }
        return failure("\(loader) sent another number of bytes, or none, to \(host).")
    }
}
