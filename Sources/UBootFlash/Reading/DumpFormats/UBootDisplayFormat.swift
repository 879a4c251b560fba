import FlashAccess

/// `md`: words, and the same bytes as characters (`lib/display_options.c`, print_buffer).
struct UBootDisplayFormat: UBootDumpFormat {
    let width: UBootMemoryDump.Width
    /// The processor's byte order; nil until a dump has shown it.
    private var order: UBootMemoryDump.ByteOrder?

    init(_ width: UBootMemoryDump.Width) {
        self.width = width
        if width == .byte { order = .little }
    }

    var name: String { "md" + width.suffix }

    /// The cost of a line with two blanks before the characters and CR LF: address, colon, words with a blank each,
    /// characters.
    var cost: Int { (8 + 1 + 32 + 16 / width.rawValue + 2 + 16 + 2) * 100 / 16 }

    var question: UBootQuestion? { nil }

    func isListed(_ help: UBootHelp?) -> Bool { help?.has("md") ?? true }

    /// Many processors crash on unaligned words.
    func fits(_ address: UInt64, count: Int) -> Bool {
        count > 0 && count % width.rawValue == 0 && Int(address % 8) % width.rawValue == 0
    }

    func command(at address: UInt64, count: Int, _ commands: UBootCommands) throws -> String {
        guard let words = UInt64(exactly: count / width.rawValue) else { throw UBootCommandFault.badRange }
        return try commands.memoryDisplay(width, at: address, count: words)
    }

    func lastLine(at address: UInt64) -> String {
        let digits = UBootCommands.hex(address)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits + ":"
    }

    mutating func lines(of reply: UBootReply) -> [UInt64: [UInt8]]? {
        if order == nil { order = UBootMemoryDump.order(of: reply, width: width) }
        return order.map { UBootMemoryDump(reply, width: width, order: $0).lines }
    }
}
