#if canImport(FoundationEssentials)
    private import FoundationEssentials
#else
    private import Foundation
#endif

// What MediaTek's failsafe pages reply, as JSON.

/// `/sysinfo`: what the board is (bl-mt798x-dhcpd `failsafe/modules/misc.c`, sysinfo_handler).
struct FailsafeSystem: Decodable, Sendable {
    struct Board: Decodable, Sendable {
        var model: String?
        var compatible: String?
    }

    /// Present in all of them; which keys it has differs.
    struct Storage: Decodable, Sendable {}

    var board: Board
    var storage: Storage

    /// nil if the bytes are something else.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = value
    }
}

/// `/backup/info`: the flash (`failsafe/modules/backup.c`, backupinfo_handler).
struct FailsafeFlash: Decodable, Sendable {
    struct Part: Decodable, Sendable {
        var name: String
        /// In bytes; a JSON number of any size.
        var size: UInt64
        /// Whether it is a whole chip.
        var master: Bool?
    }

    struct MTD: Decodable, Sendable {
        var present: Bool
        var model: String?
        /// The kind of the first whole chip (`include/mtd/mtd-abi.h`): 3 is NOR, 4 NAND, 8 MLC NAND.
        var type: Int?
        var parts: [Part]
    }

    struct MMC: Decodable, Sendable {
        var present: Bool
        var size: UInt64?
    }

    var mmc: MMC?
    var mtd: MTD

    /// nil if the bytes are something else.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = value
    }
}

/// `/console/poll`: what the console printed (`failsafe/modules/console.c`, webconsole_poll_handler).
struct FailsafeOutput: Decodable, Sendable {
    var data: String
    /// How many more bytes there are.
    var avail: Int?
    /// Whether some were lost.
    var overflow: Bool?

    /// nil if the bytes are something else.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = value
    }
}
