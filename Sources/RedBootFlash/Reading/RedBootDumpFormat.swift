import FlashAccess

/// How `dump` prints memory: lines of 16 bytes, each with its address.
enum RedBootDumpFormat: Sendable, Hashable, CaseIterable {
    /// `dump -s`: S-records, each with a checksum of its own.
    case records
    /// `dump -1`: bytes, and the same as characters. Every RedBoot has it.
    case bytes

    /// The command, for display.
    var name: String {
        switch self {
        case .records: "dump -s"
        case .bytes: "dump"
        }
    }

    /// The characters on the line per byte of memory, in hundredths.
    var cost: Int {
        switch self {
        case .records: (2 + 2 + 8 + 32 + 2 + 2) * 100 / 16
        case .bytes: (78 + 2) * 100 / 16
        }
    }

    /// Whether the board may have it, according to `help`; nil if `help` lists nothing.
    func isListed(_ help: RedBootHelp?) -> Bool {
        switch self {
        case .records: help.map { $0.has("dump", option: "-s") } == true
        case .bytes: true
        }
    }

    /// Whether it prints exactly this many bytes. A last record of fewer than 16 has 16.
    func fits(_ count: Int) -> Bool { self == .bytes || count <= 16 || count % 16 == 0 }

    func command(at address: UInt64, count: Int, _ commands: RedBootCommands) throws -> String {
        switch self {
        case .records: try commands.dumpRecords(at: address, count: UInt64(max(0, count)))
        case .bytes: try commands.dumpBytes(at: address, count: UInt64(max(0, count)))
        }
    }

    /// The start of the line at an address.
    func lineStart(at address: UInt64, count: Int) -> String {
        let padded = RedBootCommands.digits(address).uppercased()
        switch self {
        case .records:
            let length = String(count + 5, radix: 16, uppercase: true)
            return "S3" + (length.utf8.count < 2 ? "0" : "") + length + padded
        case .bytes: return padded + ":"
        }
    }

    /// The bytes of the intact lines, by address.
    func lines(of reply: ConsoleReply) -> [UInt64: [UInt8]] {
        switch self {
        case .records: SRecords(reply).lines
        case .bytes: RedBootByteDump(reply).lines
        }
    }
}
