import FlashAccess
private import FlashModel

/// A command that prints memory as lines of 16 bytes. Each line has its address, and can be checked separately.
protocol UBootDumpFormat: Sendable {
    /// The command, for display: `md.l`, `saves`.
    var name: String { get }
    /// The characters on the line per byte of memory, in hundredths.
    var cost: Int { get }
    /// The question that it asks before it begins.
    var question: UBootQuestion? { get }

    /// Whether the board may have it, according to `help`; nil if `help` lists nothing.
    func isListed(_ help: UBootHelp?) -> Bool
    /// Whether it can print this range.
    func fits(_ address: UInt64, count: Int) -> Bool
    /// The command line.
    func command(at address: UInt64, count: Int, _ commands: UBootCommands) throws -> String
    /// The start of the last line that it prints, if the last line of the range is at this address.
    func lastLine(at address: UInt64) -> String
    /// The bytes of the intact lines, by address; nil if the byte order cannot be determined from the reply.
    mutating func lines(of reply: UBootReply) -> [UInt64: [UInt8]]?
}
