import FlashAccess
import FlashModel

/// Whether RedBoot can write a partition safely. Pure.
enum RedBootWriteCheck {
    /// The options that the usage of `fis write` must name (`redboot/current/src/flash.c`): a vendor's command of the
    /// same name may take others.
    private static let options = ["-f", "-b", "-l"]

    /// - Throws: ``WriteRefusal`` if it cannot.
    static func check(_ partition: Partition, _ survey: Survey, _ facts: RedBootFacts) throws(WriteRefusal) {
        guard let chip = survey.chip(partition.chip), facts.base(of: chip.id) != nil else {
            throw WriteRefusal(why: "its chip is unknown", next: "run the same command again")
        }
        // What is compared must be what is written.
        if let doubt = facts.doubts.first { throw .otherwise(doubt) }
        guard let help = facts.help, help.has("fis write") else {
            throw .otherwise("this RedBoot has no fis write")
        }
        guard options.allSatisfy({ help.has("fis write", option: $0) }) else {
            throw .otherwise("its fis write is not the expected one: \(shown(help.commands["fis write"]))")
        }
        guard !RedBootCode(facts.version, survey).isIn(partition) else { throw .runsFromFlash }
        guard chip.kind == .nor else {
            throw .otherwise("from RedBoot only flash without bad blocks can be written, and this may be NAND")
        }
        guard let printed = facts.version?.chips.first(where: { $0.start == facts.base(of: chip.id) }),
            printed.blockSize != nil
        else { throw .otherwise("the chip has erase blocks of different sizes") }
        do {
            _ = try facts.freeMemory(chip.eraseBlockSize)
        } catch {
            throw .otherwise(error.why)
        }
    }

    private static func shown(_ text: String?) -> String {
        text.map { "\"\(PrintableText.escaped($0, limit: 100))\"" } ?? "nothing"
    }
}

extension WriteRefusal {
    /// The refusal of a write that would erase RedBoot under itself.
    static let runsFromFlash = WriteRefusal(
        why: "RedBoot runs from it, as its banner does not say [ROMRAM] or [RAM]: it would erase itself",
        next: "write it with a programmer, from its Linux, or from a RedBoot that runs in RAM")
}
