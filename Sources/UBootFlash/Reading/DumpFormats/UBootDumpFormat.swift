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

/// The formats that there are.
enum UBootDumpFormats {
    /// Those that are taken where a board has them, the cheapest first.
    static var all: [any UBootDumpFormat] {
        let formats: [any UBootDumpFormat] = [
            UBootRecordFormat(), UBootDisplayFormat(.long), UBootDisplayFormat(.word), UBootDisplayFormat(.byte),
        ]
        return formats.sorted { $0.cost < $1.cost }
    }

    /// Those of a name, `md.b`, or of a command, `md`. `md.q` is taken by its name alone: `help` does not tell which
    /// boards have it, and it spares three characters in a hundred.
    static func named(_ name: String) -> [any UBootDumpFormat] {
        let quad = UBootDisplayFormat(.quad)
        return name == quad.name ? [quad] : all.filter { $0.name == name || $0.name.hasPrefix(name + ".") }
    }

    /// What every U-Boot has, and is used where nothing cheaper was seen to work.
    static var usual: any UBootDumpFormat { UBootDisplayFormat(.long) }
    /// What needs no order of bytes and no alignment.
    static var plain: any UBootDumpFormat { UBootDisplayFormat(.byte) }
}
