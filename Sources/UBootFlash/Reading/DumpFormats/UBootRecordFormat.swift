import FlashAccess
import FlashModel

/// `saves`: S-records, the cheapest text format (`cmd/load.c`, do_save_serial). It waits for Enter before it begins.
struct UBootRecordFormat: UBootDumpFormat {
    let name = "saves"
    /// S3, count, address, 16 bytes, sum, CR LF.
    let cost = (2 + 2 + 8 + 32 + 2 + 2) * 100 / 16
    let question: UBootQuestion? = .records

    func isListed(_ help: UBootHelp?) -> Bool { help?.has("saves") ?? false }

    /// Records have 32-bit addresses.
    func fits(_ address: UInt64, count: Int) -> Bool {
        guard count > 0, let end = address.plus(count) else { return false }
        return end <= 1 << 32
    }

    func command(at address: UInt64, count: Int, _ commands: UBootCommands) throws -> String {
        guard let count = UInt64(exactly: count) else { throw UBootCommandFault.badRange }
        return try commands.saveRecords(at: address, count: count)
    }

    func lastLine(at address: UInt64) -> String { "## S-Record upload" }

    mutating func lines(of reply: UBootReply) -> [UInt64: [UInt8]]? { SRecords(reply).lines }
}
