/// A question of a U-Boot command, which continues after Enter. Pure.
///
/// Only Enter ends it: ^C is read and ignored. Enter is sent with a blank before it, so that a board at its prompt does
/// not repeat its last command.
struct UBootQuestion: Sendable, Hashable {
    /// The start and the end of its line. Either is enough, because characters may be damaged in transit.
    let start: String
    let end: String

    /// `setenv baudrate`, in the callback of the variable (`drivers/serial/serial.c`, on_baudrate).
    static let rate = UBootQuestion(start: "## Switch baudrate to ", end: "bps and press ENTER ...")
    /// `saves` (`cmd/load.c`, do_save_serial).
    static let records = UBootQuestion(
        start: "## Ready for S-Record upload, ", end: "press ENTER to proceed ...")

    /// Whether one of the first lines is the complete question.
    func isAsked(in output: [UInt8]) -> Bool {
        let lines = output.prefix(512).split(separator: 0x0A, omittingEmptySubsequences: false).prefix(6)
        return lines.dropLast().contains { line in
            let line = line.drop { $0 == 0x0D }.prefix { $0 != 0x0D }
            return line.starts(with: start.utf8) || line.reversed().starts(with: end.utf8.reversed())
        }
    }
}
