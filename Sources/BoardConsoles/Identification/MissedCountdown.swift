package import FlashModel

/// A countdown that was seen and not stopped, in words for a person.
package enum MissedCountdown {
    /// - Parameter text: the board's own words.
    static func sentence(_ text: String) -> String {
        "The bootloader counted down (\"\(PrintableText.escaped(text, limit: 120))\") and was not stopped: if it takes a key, "
            + "give that with --stop-key."
    }

    /// An error of what was found in place of the bootloader, with the countdown added.
    package static func adding(_ text: String, to error: FlashkeepError) -> FlashkeepError {
        var error = error
        error.next = "\(sentence(text)) \(error.next)"
        return error
    }
}
