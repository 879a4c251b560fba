import BackupBags
import FlashAccess
import FlashModel
import ImageFormats

/// Executes a plan block by block, and trusts only what it reads back.
final class RestoreExecutor {
    private let bag: VerifiedBackup
    private let flash: SurveyedFlash
    private let writer: any FlashWriting
    private let journal: RestoreJournal
    private let timestamp: @Sendable () -> String
    private let progress: ProgressHandler

    /// How often a block is erased and written before it counts as failing.
    private static let attempts = 2

    /// What was done, over all connections.
    final class Counts {
        fileprivate(set) var blocks = 0
        /// The distinct blocks.
        fileprivate(set) var places: Set<RestoreEntry.Block> = []
        fileprivate(set) var erases = 0
        fileprivate(set) var bytes = 0
        /// The names of the methods with which a block was written and verified.
        fileprivate(set) var methods: Set<String> = []
    }

    /// The errors of a writer whose command failed while the board is still connected. The content of the flash decides
    /// then.
    private static let failures: [FlashkeepError.Code] = [.writeFailed, .commandFailed]

    /// An erase block that failed to store its bytes, in a partition where another block may hold them.
    struct FailingBlock {
        var partition: Partition
        /// In bytes from the start of the partition.
        var range: Range<Int>
        /// The error to throw if there is no other block.
        var error: FlashkeepError
    }

    private let counts: Counts
    /// The error of the command that erased a whole partition, if it reported a failure.
    private var complaint: FlashkeepError?
    private var hasWarned = false

    init(
        _ bag: VerifiedBackup, _ flash: SurveyedFlash, _ writer: any FlashWriting, _ journal: RestoreJournal,
        counts: Counts, timestamp: @escaping @Sendable () -> String, progress: @escaping ProgressHandler
    ) {
        self.bag = bag
        self.flash = flash
        self.writer = writer
        self.journal = journal
        self.counts = counts
        self.timestamp = timestamp
        self.progress = progress
    }

    /// Executes a plan.
    ///
    /// - Returns: the block at which it stopped because it failed to store its bytes, though another block may hold
    ///   them; nil if everything was written.
    /// - Throws: `writeFailed` if a block fails to store its bytes, `commandFailed` if that may not be the block's
    ///   fault; no later block was touched then. Errors of the board; `CancellationError`, but never between the erase
    ///   of a block and its write.
    func run(_ plan: RestorePlan) async throws -> FailingBlock? {
        let total = plan.parts.flatMap(\.blocks).map(\.size).saturatingSum()
        progress(.began(.writing, bytes: total))
        let counter = ProgressCounter(total: total, handler: progress)
        for part in plan.parts {
            let title = PlainText.partition(part.partition.label, part.partition.name)
            counter.tell(.item(title, bytes: part.blocks.map(\.size).saturatingSum()))
            try await checkLayout()
            if part.method.erasesPartition { try await eraseAll(part, title) }
            var rest = part.blocks[...]
            while !rest.isEmpty {
                let step = rest.prefix(isUntried(part) ? 1 : part.method.blocksAtOnce)
                rest = rest.dropFirst(step.count)
                for block in try await writeTogether(Array(step), part, title, counter) {
                    if let failing = try await writeAlone(block, part, title, counter) { return failing }
                }
            }
        }
        progress(.ended(.writing))
        return nil
    }

    /// Whether a method that could write several blocks at once has not written any yet. It must show with single ones
    /// that what it erases is blank: otherwise several blocks would be spoiled at once.
    private func isUntried(_ part: RestorePlan.Part) -> Bool {
        part.method.blocksAtOnce > 1 && !part.method.erasesItself && !counts.methods.contains(part.method.name)
    }

    /// - Returns: the block, if it failed to store its bytes, though another block may hold them.
    private func writeAlone(
        _ block: RestorePlan.Block, _ part: RestorePlan.Part, _ title: String, _ counter: ProgressCounter
    ) async throws -> FailingBlock? {
        try Task.checkCancellation()
        let bytes = try bytes(of: block)
        // A separate task, so that an erased block is written even if the user cancels in between.
        nonisolated(unsafe) let executor = self
        do {
            try await Task { try await unsafe executor.write(bytes, block, part, title) }.value
        } catch let error as FlashkeepError
            where error.code == .writeFailed && part.policy == .ubi && !part.method.erasesPartition
        {
            guard try await isOut(block.range, of: part.partition) else { throw error }
            progress(.ended(.writing))
            return FailingBlock(partition: part.partition, range: block.range, error: error)
        }
        counter.add(block.size)
        return nil
    }

    /// Writes several blocks in one step.
    ///
    /// - Returns: the blocks that are still to be written one by one: those that do not hold their bytes, and a single
    ///   one.
    private func writeTogether(
        _ step: [RestorePlan.Block], _ part: RestorePlan.Part, _ title: String, _ counter: ProgressCounter
    ) async throws -> [RestorePlan.Block] {
        guard step.count > 1 || part.method.erasesItself && part.method.blocksAtOnce > 1 else { return step }
        try Task.checkCancellation()
        let contents = try step.map {
            BlockContent(offset: $0.offset, bytes: try bytes(of: $0), mustErase: $0.isErased)
        }
        for block in step {
            try journal.append(RestoreEntry(.began, at: timestamp(), partition: title, block: Self.entry(block)))
        }
        counts.erases += part.method.erasesItself ? step.count : step.count(where: \.isErased)
        // In a task of its own: what was begun is also ended if the user cancels meanwhile.
        nonisolated(unsafe) let executor = self
        do {
            try await Task { try await unsafe executor.writer.write(contents, of: part.partition) }.value
            counts.bytes += step.filter { part.method.erasesItself || !$0.isBlank }.map(\.size).saturatingSum()
        } catch let error as FlashkeepError where Self.failures.contains(error.code) {
            // What is on the flash now decides, block by block.
        }
        // One checksum for all of them, and only if it is wrong one for each.
        let isWhole = try await holds(contents.flatMap(\.bytes), step.map(\.range), of: part.partition)
        var left: [RestorePlan.Block] = []
        for (block, content) in zip(step, contents) {
            guard try await isWhole ? true : holds(content.bytes, [block.range], of: part.partition) else {
                left.append(block)
                continue
            }
            try noteWritten(block, part, title)
            counter.add(block.size)
        }
        return left
    }

    private func noteWritten(_ block: RestorePlan.Block, _ part: RestorePlan.Part, _ title: String) throws {
        let entry = Self.entry(block)
        try journal.append(RestoreEntry(.done, at: timestamp(), partition: title, block: entry))
        counts.blocks += 1
        counts.places.insert(entry)
        counts.methods.insert(part.method.name)
    }

    /// Checks that the board's partition numbers still refer to the partitions of the plan.
    private func checkLayout() async throws {
        let changes = try await flash.layoutChanges().filter { change in
            // A new partition is not in the plan.
            if case .appeared = change { false } else { true }
        }
        guard let change = changes.first else { return }
        throw FlashkeepError(
            .layoutChanged, what: "The board's flash was repartitioned since it was compared.",
            why: "Since then, \(change.text).",
            next: "Nothing was written after that. Run the same command again and look at the new plan.")
    }

    /// Erases a block that failed to store its bytes, and checks that UBI will ignore it. If it still had headers, half
    /// written or old, UBI would take it for another copy of a block that is stored elsewhere.
    private func isOut(_ range: Range<Int>, of partition: Partition) async throws -> Bool {
        do {
            try await writer.erase(range, of: partition)
        } catch let error as FlashkeepError where Self.failures.contains(error.code) {
            // The present content decides.
        }
        let head = range.lowerBound..<range.lowerBound + min(range.count, max(partition.pageSize, 2_048))
        let start = try await flash.reader.chunk(head, of: partition).bytes[...]
        return !ImageFormats.relocatable.contains { $0.claims(start) }
    }

    /// Erases a whole partition, after which all of its blocks must be written.
    private func eraseAll(_ part: RestorePlan.Part, _ title: String) async throws {
        guard let first = part.blocks.first(where: { !$0.isBlank }) ?? part.blocks.first else { return }
        // Prove that bytes reach the board before anything is erased.
        try await writer.stage(try bytes(of: first))
        for block in part.blocks {
            try journal.append(RestoreEntry(.began, at: timestamp(), partition: title, block: Self.entry(block)))
        }
        counts.erases += part.blocks.count
        complaint = nil
        nonisolated(unsafe) let executor = self
        do {
            try await Task { try await unsafe executor.writer.eraseAll(part.partition) }.value
        } catch let error as FlashkeepError where Self.failures.contains(error.code) {
            // What is blank now must be written, whatever the command reported.
            complaint = error
        }
    }

    private func bytes(of block: RestorePlan.Block) throws -> [UInt8] {
        try bag.image(block.image).bytes(block.imageOffset..<block.imageOffset + block.size)
    }

    private static func entry(_ block: RestorePlan.Block) -> RestoreEntry.Block {
        RestoreEntry.Block(image: block.image, offset: block.imageOffset, size: block.size)
    }

    private func write(
        _ bytes: [UInt8], _ block: RestorePlan.Block, _ part: RestorePlan.Part, _ title: String
    ) async throws {
        let entry = Self.entry(block)
        let isErasedAlready = part.method.erasesPartition
        let isBlank = block.isBlank || isErasedAlready && bytes.allSatisfy { $0 == 0xFF }
        let isStaged = !isBlank || part.method.erasesItself
        var failure: FlashkeepError?
        for attempt in 0..<(isErasedAlready ? 1 : Self.attempts) {
            // A failed upload says nothing about the flash, and is no reason to erase.
            if isStaged { try await writer.stage(bytes) }
            if attempt == 0, !isErasedAlready {
                try journal.append(RestoreEntry(.began, at: timestamp(), partition: title, block: entry))
            }
            var overruled: FlashkeepError?
            do {
                overruled = try await put(
                    bytes, block, part, isBlank: isBlank, mustErase: block.isErased || attempt > 0)
            } catch let error as FlashkeepError where Self.failures.contains(error.code) {
                (failure, overruled) = (error, error)
            }
            if try await holds(bytes, [block.range], of: part.partition) {
                if let overruled { warn(overruled, title, block) }
                try journal.append(RestoreEntry(.done, at: timestamp(), partition: title, block: entry))
                counts.blocks += 1
                counts.places.insert(entry)
                if isStaged { counts.methods.insert(part.method.name) }
                return
            }
        }
        throw try await unwritten(block, part, title, failure)
    }

    /// Warns of a command that reported a failure although the block has the right bytes: each time for a flash
    /// failure, but only once for a failing tool.
    private func warn(_ error: FlashkeepError, _ title: String, _ block: RestorePlan.Block) {
        guard error.code == .writeFailed || !hasWarned else { return }
        hasWarned = hasWarned || error.code == .commandFailed
        progress(
            .warning(
                "\(title) has the right bytes at \(ByteCount.hex(block.offset)), although a command reported a "
                    + "failure. \(error.why)"
            ))
    }

    /// The error for a block that still lacks its bytes. It states only what was observed: the block is not to blame if
    /// the same tools never wrote anything successfully, and none reported a flash failure.
    private func unwritten(
        _ block: RestorePlan.Block, _ part: RestorePlan.Part, _ title: String, _ failure: FlashkeepError?
    ) async throws -> FlashkeepError {
        let isBlank = try await readsBlank(block, part)
        let isOfFlash = failure?.code == .writeFailed || counts.methods.contains(part.method.name)
        let reason =
            failure.map { "\($0.what) \($0.why)" }
            ?? "The board's tools (\(part.method.name)) reported success, but the bytes read back differ from those "
            + "written."
        let others =
            part.method.erasesPartition
            ? "Everything before this block is written and proven, everything after it in this partition is erased."
            : counts.places.isEmpty
                ? "Nothing else was touched."
                : part.method.blocksAtOnce > 1
                    ? "Everything before this block is written and proven, and of the next ones some may be, too."
                    : "Everything before this block is written and proven, nothing after it was touched."
        let advice =
            isOfFlash
            ? "The block may be failing: run the same command once more. If it fails again, leave the board on and get help."
            : "The tools may be at fault, not the block. Leave the board on if it cannot start without this block. "
                + "Otherwise \(flash.hints.betterTools): the restore begins with this block."
        return FlashkeepError(
            isOfFlash ? .writeFailed : .commandFailed,
            what: "\(title) was not written at \(ByteCount.hex(block.offset)).",
            why:
                "\(reason) The erase block \(isBlank ? "is blank now" : "is not blank, and has the wrong content").",
            next: "\(others) \(advice)")
    }

    private func readsBlank(_ block: RestorePlan.Block, _ part: RestorePlan.Part) async throws -> Bool {
        try await holds([UInt8](repeating: 0xFF, count: block.size), [block.range], of: part.partition)
    }

    /// - Returns: the error of a command that reported a failure although the block is blank.
    private func put(
        _ bytes: [UInt8], _ block: RestorePlan.Block, _ part: RestorePlan.Part, isBlank: Bool, mustErase: Bool
    ) async throws -> FlashkeepError? {
        let isWritten = !isBlank || part.method.erasesItself
        var complaint = part.method.erasesPartition ? complaint : nil
        if part.method.erasesItself {
            counts.erases += 1
        } else if mustErase {
            if !part.method.erasesPartition {
                counts.erases += 1
                do {
                    try await writer.erase(block.range, of: part.partition)
                } catch let error as FlashkeepError where error.code == .commandFailed {
                    // A blank block must be written, whatever the tool reported. Not if it reported a flash failure:
                    // some tools take the block for bad then, and write the next one.
                    complaint = error
                }
            }
            guard try await readsBlank(block, part) else {
                throw complaint
                    ?? FlashkeepError(
                        .commandFailed, what: "The block is not blank after it was erased.",
                        why:
                            "The erase command (\(part.method.name)) reported success. Nothing was written to the "
                            + "block.",
                        next: "")
            }
        }
        guard isWritten else { return complaint }
        try await writer.program(bytes, at: block.offset, of: part.partition)
        counts.bytes += bytes.count
        return complaint
    }

    /// Whether the flash has exactly these bytes, without ECC errors: by the board's own checksum if available,
    /// otherwise byte by byte.
    ///
    /// - Parameter ranges: of the bytes, in their order.
    private func holds(_ bytes: [UInt8], _ ranges: [Range<Int>], of partition: Partition) async throws -> Bool {
        guard let algorithm = flash.reader.checksumAlgorithms.first else {
            var position = 0
            for range in ranges {
                let chunk = try await flash.reader.chunk(range, of: partition)
                let wanted = bytes[position..<position + range.count]
                position += range.count
                guard wanted.elementsEqual(chunk.bytes), !chunk.findings.contains(where: \.state.isDamage) else {
                    return false
                }
            }
            return true
        }
        do {
            return try await flash.reader.checksum(algorithm, of: partition, ranges: ranges)
                == StreamingChecksum.digest(of: bytes, algorithm)
        } catch let error as FlashkeepError where error.code == .unreadable {
            return false
        }
    }
}
