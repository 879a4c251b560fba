import FlashModel
import UBootFlash

/// The rate that a user wants for a serial line, as typed. Pure.
enum LineRateArgument {
    /// Parses the rate.
    ///
    /// - Returns: nil if there is no wish.
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage` if the text is neither a rate nor `auto`.
    static func wish(_ text: String?) throws -> UBootLineRate.Wish? {
        guard let text else { return nil }
        if text == "auto" { return .highest }
        guard let rate = Int(text), (300...4_000_000).contains(rate) else {
            throw FlashkeepError(
                .usage, what: "--baud \(PrintableText.escaped(text)) is invalid.",
                why: "It must be a number of bits per second from 300 to 4000000, or auto.",
                next: "Use a rate that the board supports, such as --baud 921600.")
        }
        return .rate(rate)
    }
}
