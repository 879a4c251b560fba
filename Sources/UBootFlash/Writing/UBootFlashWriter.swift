private import BoardConsoles
import FlashAccess
import FlashModel

/// Writes the flash of a board at U-Boot's prompt, one block at a time. The bytes are first loaded into RAM and
/// verified there by their CRC-32; then the commands of the chip's method run. U-Boot's reports of success are not
/// trusted (`Erased 2 sectors` may mean that none was), so the caller must read the flash back.
final class UBootFlashWriter: FlashWriting {
    private let session: UBootSession
    private let recovery: UBootRecovery
    private let transfers: UBootTransfers
    private let survey: Survey
    private let facts: UBootFacts
    private let staging: UBootStaging
    private let loader: UBootMemoryLoader
    private let proof: UBootWriteProof
    /// Why U-Boot's commands must not write a chip, by chip; empty if they may, and absent if they were not tested.
    private var verdicts: [String: String] = [:]
    /// The bytes in RAM, and their address.
    private var staged = PerBoot<(bytes: [UInt8], address: UInt64)>()

    init(
        _ session: UBootSession, _ recovery: UBootRecovery, _ survey: Survey, _ facts: UBootFacts,
        _ staging: UBootStaging, _ transfers: UBootTransfers, _ network: UBootNetwork?
    ) {
        self.session = session
        self.recovery = recovery
        self.transfers = transfers
        self.survey = survey
        self.facts = facts
        self.staging = staging
        loader = UBootMemoryLoader(session, facts, network: network)
        proof = UBootWriteProof(session, facts)
    }

    func method(for partition: Partition) throws(WriteRefusal) -> WriteMethod {
        guard let chip = survey.chip(partition.chip) else {
            throw WriteRefusal(why: "its chip is unknown", next: "run the same command again")
        }
        let method = try UBootWriteMethods.choose(for: chip, facts, session.commands)
        if let refusal = loader.refusal { throw refusal }
        if let why = verdicts[chip.id], !why.isEmpty {
            throw .throughLinux("this U-Boot did not pass the tests for writing it: \(why)")
        }
        guard let load = loader.first else { throw .throughLinux("there is no way to load bytes into its RAM") }
        return WriteMethod(name: "\(method.name), bytes by \(load.command)")
    }

    func manualProcedure(for partition: Partition) -> ManualProcedure {
        let next = UBootManualProcedure.otherwise
        guard let chip = survey.chip(partition.chip), let range = partition.chipRange else {
            return .impossible(why: "its offset on a chip is unknown", next: next)
        }
        do throws(WriteRefusal) {
            return UBootManualProcedure(facts, try UBootWriteMethods.choose(for: chip, facts, session.commands))
                .procedure(for: partition, at: range)
        } catch {
            return .impossible(why: error.why, next: next)
        }
    }

    func prove(_ partition: Partition) async throws {
        guard let chip = survey.chip(partition.chip), verdicts[chip.id] == nil, loader.refusal == nil,
            let method = try? UBootWriteMethods.choose(for: chip, facts, session.commands)
        else { return }
        verdicts[chip.id] =
            try await recovery.surviving {
                try await self.transfers.returnToLine()
                return try await self.proof.complaint(about: method)
            } ?? ""
    }

    func stage(_ bytes: [UInt8]) async throws {
        if let staged = staged[session], staged.bytes == bytes { return }
        staged[session] = nil
        // Avoid the RAM where flash is copied for reading.
        let area = try survey.chips.filter { facts.windows[$0.id]?.isStaged ?? false }.map(\.eraseBlockSize).max()
            .map(staging.area)
        let address = try await recovery.surviving {
            try await self.transfers.returnToLine()
            return try await self.loader.put(bytes, outside: area)
        }
        staged[session] = (bytes, address)
    }

    func erase(_ block: Range<Int>, of partition: Partition) async throws {
        let (chip, method, onChip) = try await target(block, of: partition)
        // This may be repeated after a reset: erasing twice does no harm.
        try await recovery.surviving {
            try await self.staging.prepare(chip)
            try await self.run(try method.erase(onChip), partition, block.lowerBound, attempts: 2)
        }
    }

    func program(_ bytes: [UInt8], at offset: Int, of partition: Partition) async throws {
        let (chip, method, block) = try await target(offset..<offset + bytes.count, of: partition)
        guard let before = staged[session], before.bytes == bytes else {
            throw failed(partition, offset, "The bytes are not in the board's RAM.")
        }
        try await recovery.surviving {
            // A reset erases RAM, and leaves the block half written.
            guard let staged = self.staged[self.session] else {
                throw self.failed(partition, offset, "The board was reset while it was being written.")
            }
            try await self.staging.prepare(chip)
            let sum = try await self.session.checksum(
                at: staged.address, count: bytes.count)
            guard sum == CRC32.sum(of: bytes) else {
                self.staged[self.session] = nil
                throw self.failed(partition, offset, "The bytes in the board's RAM have changed.")
            }
            let parts = NotBlank.units(of: bytes, method.unit).map {
                $0.lowerBound * method.unit..<$0.upperBound * method.unit
            }
            try await self.run(
                try method.program(parts, of: block, from: staged.address), partition, offset, attempts: 1)
        }
    }

    /// Runs all commands, even after one reports an error, because the last restores protection.
    ///
    /// - Throws: as ``say(_:_:_:attempts:)``; `commandFailed` if any other command reported an error.
    private func run(
        _ commands: [UBootWriteCommand], _ partition: Partition, _ offset: Int, attempts: Int
    ) async throws {
        var complaints: [String] = []
        for command in commands {
            if let complaint = try await say(command, partition, offset, attempts: attempts) {
                complaints.append("\(command.line) printed \"\(PrintableText.escaped(complaint, limit: 120))\"")
            }
        }
        guard let first = complaints.first else { return }
        throw failed(partition, offset, "U-Boot's command \(first).")
    }

    /// Runs a command.
    ///
    /// - Parameter attempts: how often it may report an error before that is believed, because its reply may be damaged
    ///   in transit.
    /// - Returns: the reported error of a command whose result only the flash shows; otherwise nil.
    /// - Throws: `writeFailed` if it reports that the flash failed, `commandFailed` if it did something else.
    private func say(
        _ command: UBootWriteCommand, _ partition: Partition, _ offset: Int, attempts: Int
    ) async throws -> String? {
        session.examples.note(command.line)
        // A large sector may take 16 s.
        let silence = Duration.seconds(60)
        guard let work = command.work else {
            let reply = try await session.ask(command.line, silence: silence, pause: silence)
            return UBootNORWriteResult(reply).failure
        }
        var complaint: String?
        var isOfFlash = false
        for _ in 0..<attempts {
            let answer = try await session.say(command.line, silence: silence, pause: silence)
            let result = UBootWriteResult(answer.reply)
            complaint = result.complaint(work)
            isOfFlash = result.isOfFlash
            if complaint == nil { return nil }
        }
        if let complaint {
            throw failed(
                partition, offset,
                "U-Boot's command \(command.line) printed \"\(PrintableText.escaped(complaint, limit: 160))\".",
                isOfFlash ? .writeFailed : .commandFailed)
        }
        return nil
    }

    /// The chip of a partition, its method, and the range of a block on the chip.
    private func target(
        _ block: Range<Int>, of partition: Partition
    ) async throws -> (Chip, any UBootWriteMethod, Range<Int>) {
        try await prove(partition)
        guard let chip = survey.chip(partition.chip), let base = partition.chipRange,
            let end = base.lowerBound.plus(block.upperBound), end <= base.upperBound, block.lowerBound >= 0
        else { throw failed(partition, block.lowerBound, "Its offset is unknown.") }
        do {
            _ = try self.method(for: partition)
            let method = try UBootWriteMethods.choose(for: chip, facts, session.commands)
            let onChip = block.shifted(by: base.lowerBound)
            _ = try method.erase(onChip)
            return (chip, method, onChip)
        } catch let refusal as WriteRefusal {
            throw failed(partition, block.lowerBound, refusal.why)
        } catch UBootCommandFault.refused(let why) {
            throw failed(partition, block.lowerBound, why)
        } catch {
            throw failed(partition, block.lowerBound, "The block does not begin and end at sector boundaries.")
        }
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
