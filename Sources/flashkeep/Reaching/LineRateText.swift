import BoardChannels
import FlashModel
import UBootFlash

/// The rate of `--baud`, as typed.
enum LineRateText {
    /// Reads it.
    ///
    /// - Throws: `usage` where it is no rate, or the way to the board has none that could be changed.
    static func wish(_ text: String, for address: BoardAddress, typed: String) throws -> UBootLineRate.Wish {
        guard case .serial = address else {
            let why =
                if case .tcp = address {
                    "The port's rate is set where it is, on the terminal server or in ser2net's configuration."
                } else {
                    "It is of a serial line, where U-Boot answers."
                }
            throw FlashkeepError(
                .usage, what: "--baud cannot be used with \(PrintableText.escaped(typed)).", why: why,
                next: "Leave --baud out, or give the port of this computer: serial:/dev/ttyUSB0.")
        }
        if text == "auto" { return .highest }
        guard let rate = Int(text), (300...4_000_000).contains(rate) else {
            throw FlashkeepError(
                .usage, what: "--baud \(PrintableText.escaped(text)) is not understood.",
                why: "It is a number of bits a second from 300 to 4000000, or auto.",
                next: "Use one that the board has, such as --baud 921600.")
        }
        return .rate(rate)
    }
}
