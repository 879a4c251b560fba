/// A question that a command of U-Boot asks, and goes on from when Enter is pressed. Pure.
///
/// Nothing else but that Enter ends it: ^C is read and thrown away. Enter is sent with a blank before it, so that a board
/// that stands at its prompt does not repeat its last command.
struct UBootQuestion: Sendable, Hashable {
    /// How its line begins, and ends: either is enough, since characters are damaged on their way.
    let start: String
    let end: String

    /// `setenv baudrate`, in an environment's callback (`drivers/serial/serial.c`, on_baudrate).
    static let rate = UBootQuestion(start: "## Switch baudrate to ", end: "bps and press ENTER ...")
    /// `saves` (`cmd/load.c`, do_save_serial).
    static let records = UBootQuestion(
        start: "## Ready for S-Record upload, ", end: "press ENTER to proceed ...")

    /// Whether one of the first lines is the question, up to its end.
    func isAsked(in output: [UInt8]) -> Bool {
        let lines = output.prefix(512).split(separator: 0x0A, omittingEmptySubsequences: false).prefix(6)
        return lines.dropLast().contains { line in
            let line = line.drop { $0 == 0x0D }.prefix { $0 != 0x0D }
            return line.starts(with: start.utf8) || line.reversed().starts(with: end.utf8.reversed())
        }
    }
}
