private import FlashModel

/// A command by which U-Boot prints memory as lines of 16 bytes, each of which tells its address and can be checked by
/// itself.
protocol UBootDumpFormat: Sendable {
    /// The command, for people: `md.l`, `saves`.
    var name: String { get }
    /// Characters on the line for a byte of memory, in hundredths.
    var cost: Int { get }
    /// What it asks before it begins.
    var question: UBootQuestion? { get }

    /// Whether the board may have it, by what `help` lists; nil is a board that lists nothing.
    func isListed(_ help: UBootHelp?) -> Bool
    /// Whether it can print this range.
    func fits(_ address: UInt64, count: Int) -> Bool
    /// The command line.
    func command(at address: UInt64, count: Int, _ commands: UBootCommands) throws -> String
    /// How the last line that it prints begins, where the range's last line is at an address.
    func lastLine(at address: UInt64) -> String
    /// Address → bytes, of the lines that came well; nil where the reply does not tell how to read it.
    mutating func lines(of reply: UBootReply) -> [UInt64: [UInt8]]?
}
