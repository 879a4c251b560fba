import BoardConsoles
import FlashAccess
import FlashModel

/// Writes the flash of a board at RedBoot's prompt, one erase block at a time.
///
/// The bytes are first loaded into RAM and verified there by `cksum`; then `fis write` erases and programs the block, after
/// a question that repeats the numbers. RedBoot has no word for success, so the caller must read the flash back.
final class RedBootFlashWriter: FlashWriting {
    /// The most times that a command asks another question than the expected one, because the line may have damaged it.
    private static let mostQuestions = 4
    /// A large sector may take 16 s.
    private static let silence = Duration.seconds(60)

    private let session: RedBootSession
    private let recovery: RedBootRecovery
    private let survey: Survey
    private let facts: RedBootFacts
    private let loader: RedBootMemoryLoader
    /// The bytes in RAM, and their address.
    private var staged = PerBoot<(bytes: [UInt8], address: UInt64)>()
    /// The addresses of blocks that were unlocked, and must be locked again. A reset in between does not lock them.
    private var unlocked: Set<UInt64> = []

    init(
        _ session: RedBootSession, _ recovery: RedBootRecovery, _ survey: Survey, _ facts: RedBootFacts,
        _ loader: RedBootMemoryLoader
    ) {
        self.session = session
        self.recovery = recovery
        self.survey = survey
        self.facts = facts
        self.loader = loader
    }

    // MARK: Method

    func method(for partition: Partition) throws(WriteRefusal) -> WriteMethod {
        try RedBootWriteCheck.check(partition, survey, facts)
        if let refusal = loader.refusal { throw refusal }
        guard let mode = loader.firstMode else {
            throw .otherwise("there is no way to load bytes into its RAM")
        }
        return WriteMethod(name: "fis write, bytes by load -m \(mode)", erasesItself: true)
    }

    func manualProcedure(for partition: Partition) -> ManualProcedure {
        RedBootManualProcedure(survey, facts).procedure(for: partition)
    }

    /// The commands are the expected ones by their usage (``RedBootWriteCheck``); the question of each `fis write` says
    /// what it is about to do.
    func prove(_ partition: Partition) async throws {}

    // MARK: Writing

    func stage(_ bytes: [UInt8]) async throws {
        if let staged = staged[session], staged.bytes == bytes { return }
        staged[session] = nil
        let address = try await recovery.surviving { try await self.loader.put(bytes) }
        staged[session] = (bytes, address)
    }

    func erase(_ block: Range<Int>, of partition: Partition) async throws {
        let target = try target(block, of: partition)
        // Without an echo, nobody knows what the board is about to erase: this command does not ask.
        guard session.hasEcho == true else {
            throw failed(partition, block.lowerBound, "Its console echoes nothing, and fis erase does not ask.")
        }
        let command = try session.commands.erase(at: target.address, count: UInt64(block.count))
        // This may be repeated after a reset: erasing twice does no harm.
        try await recovery.surviving {
            try await self.unlocking(target.address, block.count) {
                self.session.examples.note(command)
                let answer = try await self.session.say(command, silence: Self.silence, pause: Self.silence)
                return RedBootFlashResult(answer.reply)
            } failed: {
                self.failed(partition, block.lowerBound, $0, $1)
            }
        }
    }

    func program(_ bytes: [UInt8], at offset: Int, of partition: Partition) async throws {
        let target = try target(offset..<offset + bytes.count, of: partition)
        guard let before = staged[session], before.bytes == bytes else {
            throw failed(partition, offset, "The bytes are not in the board's RAM.")
        }
        try await recovery.surviving {
            // A reset may erase RAM, and leaves the block half written.
            guard let staged = self.staged[self.session] else {
                throw self.failed(partition, offset, "The board was reset while it was being written.")
            }
            let sum = try await self.session.checksum(at: staged.address, count: bytes.count)
            guard sum == POSIXChecksum.sum(of: bytes) else {
                self.staged[self.session] = nil
                throw self.failed(partition, offset, "The bytes in the board's RAM have changed.")
            }
            try await self.unlocking(target.address, bytes.count) {
                try await self.write(bytes.count, at: target.address, from: staged.address, partition, offset)
            } failed: {
                self.failed(partition, offset, $0, $1)
            }
        }
    }

    /// Runs `fis write`, and answers its question if it says what is meant.
    ///
    /// - Throws: `commandFailed` if it asks nothing, or something else: nothing was written then, unless it asked again
    ///   after the answer.
    private func write(
        _ count: Int, at flash: UInt64, from memory: UInt64, _ partition: Partition, _ offset: Int
    ) async throws -> RedBootFlashResult {
        let command = try session.commands.write(at: flash, from: memory, count: UInt64(count))
        guard let question = RedBootQuestion.write(at: flash, from: memory, count: UInt64(count)) else {
            throw RedBootCommandFault.badRange
        }
        session.examples.note(command)
        var asked: [ConsoleReply] = []
        for attempt in 0..<Self.mostQuestions {
            if attempt > 0 { session.countRetries(1) }
            let answer = try await session.say(
                command, silence: Self.silence, pause: Self.silence, question: question)
            guard answer.isQuestion else {
                let result = RedBootFlashResult(answer.reply)
                // It writes only after its question, whatever its words are.
                guard answer.isConfirmed || result.failure != nil else {
                    throw failed(
                        partition, offset,
                        "\(command) asked no question, so it wrote nothing. It printed: "
                            + TerminalText.lastLines(answer.reply.output))
                }
                return result
            }
            // What was said twice alike was not damaged on its way.
            if asked.contains(answer.reply), !question.isAsked(in: answer.reply) { break }
            asked.append(answer.reply)
        }
        let words = asked.map { TerminalText.lastLines($0.output) }.suffix(1).joined()
        throw failed(
            partition, offset,
            "\(command) did not ask the expected question, and was answered with no. It printed: \(words)")
    }

    /// Runs a command that changes flash. If the chip refuses, the block may be locked: it is unlocked, and if the chip
    /// said that this was the reason, locked again afterwards.
    private func unlocking(
        _ address: UInt64, _ count: Int, _ body: () async throws -> RedBootFlashResult,
        failed: (String, FlashkeepError.Code) -> FlashkeepError
    ) async throws {
        let first = try await body()
        guard let failure = first.failure else { return try await lockAgain(address, count) }
        func error(_ text: String, _ isOfFlash: Bool) -> FlashkeepError {
            failed(
                "RedBoot printed \"\(PrintableText.escaped(text, limit: 160))\".",
                isOfFlash ? .writeFailed : .commandFailed)
        }
        guard first.isOfFlash else {
            // A word that the line has damaged is a failure of the command: once more.
            let second = try await body()
            guard let failure = second.failure else { return try await lockAgain(address, count) }
            throw error(failure, second.isOfFlash)
        }
        guard facts.help.map({ $0.has("fis unlock") }) == true else { throw error(failure, true) }
        // Another failure may pass by itself; then nothing says that the block was locked before.
        if first.isProtected { unlocked.insert(address) }
        try await lock(false, address, count)
        let second = try await body()
        try await lockAgain(address, count)
        if let failure = second.failure { throw error(failure, second.isOfFlash) }
    }

    /// Locks a block if it was locked before.
    private func lockAgain(_ address: UInt64, _ count: Int) async throws {
        guard unlocked.contains(address) else { return }
        try await recovery.surviving { try await self.lock(true, address, count) }
        unlocked.remove(address)
    }

    private func lock(_ isLocked: Bool, _ address: UInt64, _ count: Int) async throws {
        let command = try session.commands.lock(isLocked, at: address, count: UInt64(count))
        session.examples.note(command)
        _ = try await session.say(command, silence: Self.silence, pause: Self.silence)
    }

    // MARK: Helpers

    /// The address of a block.
    private func target(_ block: Range<Int>, of partition: Partition) throws -> (address: UInt64, chip: Chip) {
        guard let chip = survey.chip(partition.chip), let range = partition.chipRange,
            let end = range.lowerBound.plus(block.upperBound), end <= range.upperBound, block.lowerBound >= 0,
            !block.isEmpty, let base = facts.base(of: chip.id),
            let address = base.plus(range.lowerBound + block.lowerBound)
        else { throw failed(partition, block.lowerBound, "Its offset is unknown.") }
        do {
            _ = try self.method(for: partition)
        } catch {
            throw failed(partition, block.lowerBound, error.why)
        }
        let start = range.lowerBound + block.lowerBound
        guard chip.eraseBlockSize > 0, start % chip.eraseBlockSize == 0, block.count % chip.eraseBlockSize == 0 else {
            throw failed(partition, block.lowerBound, "The block does not begin and end at erase block boundaries.")
        }
        // It may be in the whole chip, too.
        guard !RedBootCode(facts.version, survey).isIn(start..<start + block.count, of: chip.id) else {
            throw failed(partition, block.lowerBound, "RedBoot runs from this block, and would erase itself.")
        }
        return (address, chip)
    }

    private func failed(
        _ partition: Partition, _ offset: Int, _ why: String, _ code: FlashkeepError.Code = .commandFailed
    ) -> FlashkeepError {
        FlashkeepError(
            code,
            what: "\(PrintableText.partition(partition.label, partition.name)) was not written at "
                + "\(ByteCount.hex(offset)).",
            why: why, next: "Run the same command again: it resumes.")
    }
}
