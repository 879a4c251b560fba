import FlashAccess
package import FlashModel

/// Builds a survey from what Realtek's loader said. Pure: the same facts give the same survey.
///
/// There is one chip, without partitions: the loader knows none.
package enum RealtekSurvey {
    /// The chip's name.
    static let chipName: Chip.ID = "flash0"

    /// - Throws: `noPartitions` if the flash cannot be read.
    package static func assemble(_ facts: RealtekFacts) throws(FlashkeepError) -> Survey {
        guard let way = facts.way else { throw unreadable(facts) }
        var doubts: [String] = []
        let given = facts.given.flash.first { $0.kind == .spi || $0.kind == .nor }
        if facts.given.flash.contains(where: { $0.kind == .nand }) || facts.help?.has("NANDR") == true
            || facts.help?.has("NFLR") == true
        {
            doubts.append("this loader has commands for NAND, of which Flashkeep reads nothing")
        }
        let size = size(facts, given, way, &doubts)
        var identification = ["command": way == .copied ? "FLR" : "DB"]
        if case .mapped(let base) = way { identification["address"] = "0x" + String(base, radix: 16) }
        if let name = facts.start?.chip { identification["name"] = PrintableText.escaped(name, limit: 32) }
        if given != nil { identification["given"] = "--flash" }
        let chip = Chip(
            id: chipName, kind: facts.start?.isParallel == true || given?.kind == .nor ? .nor : .spiNOR, size: size,
            eraseBlockSize: blockSize(facts, given), pageSize: 1, oobSize: 0, identification: identification,
            source: given == nil ? "start log" : "--flash")
        return Survey(
            board: identity(facts), chips: [chip], partitions: partitions(chip), tools: tools(facts),
            table: TableKnowledge(doubts: doubts))
    }

    private static func size(
        _ facts: RealtekFacts, _ given: GivenFlash?, _ way: RealtekFacts.Way, _ doubts: inout [String]
    ) -> Chip.Size {
        let told = facts.start?.size
        if let given, let told, given.size != told {
            doubts.append(
                "--flash gives \(ByteCount.text(given.size)), and the start log reports \(ByteCount.text(told))")
            return .atLeast(min(given.size, told))
        }
        guard let size = given?.size ?? told else { return .atLeast(0) }
        guard size % 16 == 0 else {
            doubts.append("--flash must give a multiple of 16 bytes")
            return .atLeast(size / 16 * 16)
        }
        if way == .mapped(base: RealtekFacts.serialWindow), size > RealtekFacts.serialWindowSize {
            doubts.append("only the first 16 MiB of serial NOR are mapped, and this loader has no FLR")
            return .atLeast(RealtekFacts.serialWindowSize)
        }
        return .exact(size)
    }

    /// The bytes of an erase block; 0 if unknown.
    private static func blockSize(_ facts: RealtekFacts, _ given: GivenFlash?) -> Int {
        if let size = given?.eraseBlockSize { return size }
        guard let size = facts.start?.sectorSize else { return 0 }
        return size
    }

    private static func partitions(_ chip: Chip) -> [Partition] {
        guard chip.leastSize > 0 else { return [] }
        return [
            Partition(
                index: 0, numbering: .ordinal, name: chip.id, chip: chip.id, offset: 0, offsetSource: .wholeChip,
                size: chip.leastSize, eraseBlockSize: chip.eraseBlockSize, pageSize: 1, oobSize: 0,
                type: chip.kind.rawValue)
        ]
    }

    private static func unreadable(_ facts: RealtekFacts) -> FlashkeepError {
        FlashkeepError(
            .noPartitions, what: "This loader of Realtek cannot print its flash.",
            why: facts.help == nil
                ? "Its help (?) was not understood."
                : "It has neither FLR with DB or DW, nor a known address of its flash.",
            next:
                "If you know where the flash is mapped, give it, such as --flash nor:0xbe000000+2M. Otherwise read it "
                + "from Linux, or with a programmer.")
    }

    private static func identity(_ facts: RealtekFacts) -> BoardIdentity {
        let version = facts.start?.version.map { " (\(PrintableText.escaped($0, limit: 60)))" }
        return BoardIdentity(
            bootloader: ["Realtek", version].compactMap(\.self).joined(),
            processor: facts.start?.processor.map { PrintableText.escaped($0, limit: 32) })
    }

    /// The commands that a backup uses.
    private static func tools(_ facts: RealtekFacts) -> [String: String] {
        var result: [String: String] = [:]
        for name in ["DB", "DW", "FLR"] {
            if let usage = facts.help?.commands[name] { result[name] = PrintableText.escaped(usage, limit: 80) }
        }
        return result
    }
}
