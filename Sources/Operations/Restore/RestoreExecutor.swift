import BackupBags
import FlashAccess
import FlashModel
import ImageFormats

/// Does what a plan says, block by block, and believes only what is read back.
final class RestoreExecutor {
    private let bag: VerifiedBackup
    private let flash: SurveyedFlash
    private let writer: any FlashWriting
    private let journal: RestoreJournal
    private let timestamp: @Sendable () -> String
    private let progress: ProgressHandler

    /// How often a block is erased and written before it counts as failing.
    private static let attempts = 2

    /// What was done, through all connections.
    final class Counts {
        fileprivate(set) var blocks = 0
        /// Different ones.
        fileprivate(set) var places: Set<RestoreEntry.Block> = []
        fileprivate(set) var erases = 0
        fileprivate(set) var bytes = 0
        /// Names of methods by which a block was written and read back.
        fileprivate(set) var methods: Set<String> = []
    }

    /// What a writer throws where a command fails and the board is still there: what is on the flash then decides.
    private static let failures: [FlashkeepError.Code] = [.writeFailed, .commandFailed]

    /// An erase block that does not take its bytes, of a partition in which they may as well lie in another one.
    struct FailingBlock {
        var partition: Partition
        /// Bytes from the start of the partition.
        var range: Range<Int>
        /// For where there is no other one.
        var error: FlashkeepError
    }

    private let counts: Counts
    /// What the command said that erased a whole partition, where it said that it failed.
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

    /// - Returns: where it stopped for a block that does not take its bytes, though others may have them; nil where all is
    ///   written.
    /// - Throws: `writeFailed` where a block does not take its bytes, `commandFailed` where nothing tells that the block is
    ///   the reason: nothing after it was touched. What the board throws; `CancellationError`, never between the erase of a block and its write.
    func run(_ plan: RestorePlan) async throws -> FailingBlock? {
        let total = plan.parts.flatMap(\.blocks).map(\.size).saturatingSum()
        progress(.began(.writing, bytes: total))
        let counter = ProgressCounter(total: total, handler: progress)
        for part in plan.parts {
            let title = PlainText.partition(part.partition.label, part.partition.name)
            counter.tell(.item(title, bytes: part.blocks.map(\.size).saturatingSum()))
            try await checkLayout()
            if part.method.erasesPartition { try await eraseAll(part, title) }
            for block in try await writeTogether(part, title, counter) {
                try Task.checkCancellation()
                let bytes = try bytes(of: block)
                // In a task of its own: a block that was erased is also written where the user cancels meanwhile.
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
            }
        }
        progress(.ended(.writing))
        return nil
    }

    /// Writes as many blocks in one step as the method takes.
    ///
    /// - Returns: the blocks that are still to be written one by one: those that do not hold their bytes, and all of them
    ///   if the method takes no more.
    private func writeTogether(
        _ part: RestorePlan.Part, _ title: String, _ counter: ProgressCounter
    ) async throws -> [RestorePlan.Block] {
        guard part.method.blocksAtOnce > 1 else { return part.blocks }
        var left: [RestorePlan.Block] = []
        var rest = part.blocks[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            let step = Array(rest.prefix(part.method.blocksAtOnce))
            rest = rest.dropFirst(step.count)
            let contents = try step.map { BlockContent(offset: $0.offset, bytes: try bytes(of: $0)) }
            for block in step {
                try journal.append(RestoreEntry(.began, at: timestamp(), partition: title, block: Self.entry(block)))
            }
            counts.erases += step.count
            // In a task of its own: what was begun is also ended if the user cancels meanwhile.
            nonisolated(unsafe) let executor = self
            do {
                try await Task { try await unsafe executor.writer.write(contents, of: part.partition) }.value
                counts.bytes += contents.map(\.bytes.count).saturatingSum()
            } catch let error as FlashkeepError where Self.failures.contains(error.code) {
                // What is on the flash now decides, block by block.
            }
            for (block, content) in zip(step, contents) {
                guard try await holds(content.bytes, block.range, of: part.partition) else {
                    left.append(block)
                    continue
                }
                try noteWritten(block, part, title)
                counter.add(block.size)
            }
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

    /// Sees that the numbers of the board's partitions still stand for what the plan was made for.
    private func checkLayout() async throws {
        let changes = try await flash.layoutChanges().filter { change in
            // What is new has no part in the plan.
            if case .appeared = change { false } else { true }
        }
        guard let change = changes.first else { return }
        throw FlashkeepError(
            .layoutChanged, what: "The board's flash was repartitioned since it was compared.",
            why: "Since then, \(change.text).",
            next: "Nothing was written after that. Run the same command again and look at the new plan.")
    }

    /// Erases a block that does not take its bytes, and tells whether UBI will leave it alone: with headers of what was
    /// half written, or of what it held before, it would be taken for another copy of a block that lies elsewhere.
    private func isOut(_ range: Range<Int>, of partition: Partition) async throws -> Bool {
        do {
            try await writer.erase(range, of: partition)
        } catch let error as FlashkeepError where Self.failures.contains(error.code) {
            // What is there now decides.
        }
        let head = range.lowerBound..<range.lowerBound + min(range.count, max(partition.pageSize, 2_048))
        let start = try await flash.reader.chunk(head, of: partition).bytes[...]
        return !ImageFormats.relocatable.contains { $0.claims(start) }
    }

    /// Erases a whole partition: from then on none of its blocks holds what it did.
    private func eraseAll(_ part: RestorePlan.Part, _ title: String) async throws {
        guard let first = part.blocks.first(where: { !$0.isBlank }) ?? part.blocks.first else { return }
        // Whether bytes reach the board is known before anything is erased.
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
            // What is blank now must be written, whatever it says.
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
            // What does not reach the board says nothing of its flash, and nothing is erased for it.
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
            if try await holds(bytes, block.range, of: part.partition) {
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

    /// Warns of a command that reported a failure, though the block holds its bytes: each time where the flash is said to
    /// fail, once for a tool.
    private func warn(_ error: FlashkeepError, _ title: String, _ block: RestorePlan.Block) {
        guard error.code == .writeFailed || !hasWarned else { return }
        hasWarned = hasWarned || error.code == .commandFailed
        progress(
            .warning(
                "\(title) has the right bytes at \(ByteCount.hex(block.offset)), although a command reported a "
                    + "failure. \(error.why)"
            ))
    }

    /// What is to be said of a block that does not hold its bytes in the end. Only what was seen: it is not the block's
    /// fault where nothing was ever written by the same tools, and no tool spoke of an error of the flash.
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
        try await holds([UInt8](repeating: 0xFF, count: block.size), block.range, of: part.partition)
    }

    /// - Returns: what a command said of a failure, where the block is blank all the same.
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
                    // A block that is blank must be written, whatever the tool says of its success. Not where the flash is
                    // said to fail: in place of a block that it takes for bad, some tools write the next one.
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

    /// Whether the flash holds just these bytes, and the ECC had nothing against them: by the board's own checksum where it
    /// has one, and else byte by byte.
    private func holds(_ bytes: [UInt8], _ range: Range<Int>, of partition: Partition) async throws -> Bool {
        guard let algorithm = flash.reader.checksumAlgorithms.first else {
            let chunk = try await flash.reader.chunk(range, of: partition)
            return chunk.bytes == bytes && !chunk.findings.contains(where: \.state.isDamage)
        }
        do {
            return try await flash.reader.checksum(algorithm, of: partition, ranges: [range])
                == StreamingChecksum.digest(of: bytes, algorithm)
        } catch let error as FlashkeepError where error.code == .unreadable {
            return false
        }
    }
}
