import FlashAccess
import FlashModel

/// The partition table of Qualcomm's boards, which their first stage leaves in shared memory (SMEM), as printed by
/// `smeminfo` (`arch/arm/cpu/armv7/qca/common/smem.c`, do_smeminfo; later `board/qualcomm/…/smem.c`).
package struct UBootSharedMemoryTable: Sendable, Hashable {
    /// Where a partition lies.
    package enum Place: Sendable, Hashable {
        case serialNOR
        case nand
        /// On an eMMC, or on a kind of flash that is not known.
        case other
    }

    package struct Part: Sendable, Hashable {
        package var name: String
        package var place: Place
        /// The offset in bytes from the start of its chip.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
    }

    package var parts: [Part]
    /// Lines between the parts that were not understood.
    package var strayLines: [String]

    /// Parses a reply; nil if it has no table.
    package init?(_ reply: UBootReply) {
        parts = []
        strayLines = []
        var type: Int?
        var isTable = false
        for line in reply.lines.prefix(2_000) {
            let text = line.trimmed
            if let value = text.dropping("flash_type:") {
                type = value.trimmed.hexadecimal
            } else if text.hasPrefix("No.: Name") {
                isTable = true
            } else if isTable, let part = Self.part(text, type: type) {
                if parts.count < BoardLimits.devices { parts.append(part) }
            } else if isTable, Self.isNumbered(text), strayLines.count < 5 {
                strayLines.append(text.string(limit: 80))
            }
        }
        if parts.isEmpty { return nil }
    }

    /// `  0: 0:SBL1           0x0000ffff              0x0          0xc0000`. A name may have any characters, and what
    /// is behind it is three numbers.
    private static func part(_ text: ByteText, type: Int?) -> Part? {
        guard isNumbered(text), let words = text.after(":")?.words, words.count >= 4 else { return nil }
        let numbers = words.suffix(3).map(\.hexadecimal)
        guard let attributes = numbers[0], let offset = numbers[1], let size = numbers[2],
            words[words.count - 3].hasPrefix("0x"), offset.plus(size) != nil
        else { return nil }
        let name = words.dropLast(3).map { $0.string(limit: 64) }.joined(separator: " ")
        return Part(name: name, place: place(attributes, type), offset: offset, size: size)
    }

    /// Whether it begins with a number and a colon.
    private static func isNumbered(_ text: ByteText) -> Bool {
        text.before(":")?.decimal != nil
    }

    /// The highest byte of the attributes is 1 for NAND beside another kind of flash (part_which_flash); otherwise the
    /// partition lies where the board boots from.
    private static func place(_ attributes: Int, _ type: Int?) -> Place {
        switch (attributes >> 24, type) {
        case (1, _): .nand
        // SMEM_BOOT_NAND_FLASH, SMEM_BOOT_QSPI_NAND_FLASH, SMEM_BOOT_SPI_FLASH.
        case (0, 2?), (0, 11?): .nand
        case (0, 6?): .serialNOR
        default: .other
        }
    }
}

extension UBootFacts {
    /// Whether `smeminfo` may be sent. Builds with UBI attach the root file system's first, to print its volumes, and
    /// an attach erases and moves blocks. Without NAND there is nothing to attach.
    static func maySendSMEMInfo(_ help: UBootHelp?, nand reply: UBootReply?) -> Bool {
        guard let help, help.has("smeminfo") else { return false }
        if !help.has("ubi") || !help.has("nand") { return true }
        guard let reply else { return false }
        guard let nand = UBootNANDInfo(reply) else {
            return reply.lines.allSatisfy { $0.trimmed.isEmpty || $0.contains("nand info") }
        }
        return nand.strayLines.isEmpty && nand.devices.allSatisfy(\.isSerialNOR)
    }
}
