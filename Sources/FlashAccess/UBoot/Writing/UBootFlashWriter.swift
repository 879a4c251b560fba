private import BoardConsoles
import FlashModel

/// Writes the flash of a board that waits at U-Boot's prompt, block by block: bytes into RAM first, proven there by their
/// CRC-32; then the commands of the chip's method. Nothing that U-Boot says of its success is believed (`Erased 2 sectors`
/// may mean that none was): who calls reads the flash back.
final class UBootFlashWriter: FlashWriting {
    private let session: UBootSession
    private let recovery: UBootRecovery
    private let survey: Survey
    private let facts: UBootFacts
    private let staging: UBootStaging
    private let lines: UBootCommands
    private let examples: UBootExamples
    private let loader: UBootMemoryLoader
    /// What stands in RAM, where, and since which start of the board.
    private var staged: (bytes: [UInt8], address: UInt64, start: Int)?

    init(
        _ session: UBootSession, _ recovery: UBootRecovery, _ survey: Survey, _ facts: UBootFacts,
        _ staging: UBootStaging, lines: UBootCommands, examples: UBootExamples
    ) {
        self.session = session
        self.recovery = recovery
        self.survey = survey
        self.facts = facts
        self.staging = staging
        self.lines = lines
        self.examples = examples
        loader = UBootMemoryLoader(session, facts, lines: lines, examples: examples)
    }

    /// How often bytes had to be sent again.
    var repeats: Int { loader.repeats }

    func method(for partition: Partition) throws(WriteRefusal) -> WriteMethod {
        guard let chip = survey.chip(partition.chip) else {
            throw WriteRefusal(why: "its chip is not known", next: "run the same command again")
        }
        let method = try UBootWriteMethods.choose(for: chip, facts, lines)
        if let refusal = loader.refusal { throw refusal }
        let load = loader.firstCommand ?? "mw"
        return WriteMethod(
            name: "\(method.name), bytes by \(load)",
            commands: ["\(load) RAM", "crc32 RAM SIZE"] + method.commands)
    }

    func stage(_ bytes: [UInt8]) async throws {
        if let staged, staged.bytes == bytes, staged.start == session.returns { return }
        staged = nil
        // Not where flash is brought to be read.
        let area = try survey.chips.first { UBootWindow($0, facts)?.isStaged ?? false }.map(staging.area)
        let address = try await recovery.surviving { try await self.loader.put(bytes, outside: area) }
        staged = (bytes, address, session.returns)
    }

    func erase(_ block: Range<Int>, of partition: Partition) async throws {
        let (chip, method, onChip) = try place(block, of: partition)
        // Also after a reset in its midst: to erase once more does no harm.
        try await recovery.surviving {
            try await self.staging.prepare(chip)
            for command in try method.erase(onChip) { try await self.say(command) }
        }
    }

    func program(_ bytes: [UInt8], at offset: Int, of partition: Partition) async throws {
        let (chip, method, block) = try place(offset..<offset + bytes.count, of: partition)
        guard let staged, staged.bytes == bytes else {
            throw failed(partition, offset, "The bytes are not in the board's RAM.")
        }
        try await recovery.surviving {
            // A reset took the RAM, and left the block half written.
            guard staged.start == self.session.returns else {
                throw self.failed(partition, offset, "The board was reset while it was written.")
            }
            try await self.staging.prepare(chip)
            let sum = try await self.session.checksum(
                at: staged.address, count: bytes.count, self.lines, self.examples)
            guard sum == CRC32.sum(of: bytes) else {
                self.staged = nil
                throw self.failed(partition, offset, "The bytes in the board's RAM are others than a moment ago.")
            }
            for run in FlashEraseMethod.runs(bytes, method.unit) {
                let part = run.lowerBound * method.unit..<run.upperBound * method.unit
                guard let memory = staged.address.plus(part.lowerBound) else { throw UBootCommandFault.badRange }
                for command in try method.program(part.shifted(by: block.lowerBound), of: block, from: memory) {
                    try await self.say(command)
                }
            }
        }
    }

    private func say(_ command: String) async throws {
        examples.note(command)
        // A large sector may take 16 s.
        _ = try await session.ask(command, silence: .seconds(60), pause: .seconds(60))
    }

    /// The chip of a partition, how it is written, and where on it a block lies.
    private func place(
        _ block: Range<Int>, of partition: Partition
    ) throws -> (Chip, any UBootWriteMethod, Range<Int>) {
        guard let chip = survey.chip(partition.chip), let base = partition.chipRange,
            let end = base.lowerBound.plus(block.upperBound), end <= base.upperBound, block.lowerBound >= 0
        else { throw failed(partition, block.lowerBound, "Its place is not known.") }
        do {
            let method = try UBootWriteMethods.choose(for: chip, facts, lines)
            let onChip = block.shifted(by: base.lowerBound)
            _ = try method.erase(onChip)
            return (chip, method, onChip)
        } catch let refusal as WriteRefusal {
            throw failed(partition, block.lowerBound, refusal.why)
        } catch {
            throw failed(partition, block.lowerBound, "The block does not begin and end with a sector.")
        }
    }

    private func failed(_ partition: Partition, _ offset: Int, _ why: String) -> FlashkeepError {
        FlashkeepError(
            .writeFailed,
            what: "\(PrintableText.partition(partition.index, partition.name)) was not written at "
                + "\(ByteCount.hex(offset)).",
            why: why, next: "Run the same command again: it goes on where it was.")
    }
}
