import BackupBags
import FlashAccess
import FlashModel
import ImageInspection

/// Does what a plan says, block by block, and believes only what is read back.
final class RestoreExecutor {
    private let bag: IntactBag
    private let board: any FlashBoard
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
    }

    /// An erase block that does not take its bytes, of a partition in which they may as well lie in another one.
    struct FailingBlock {
        var partition: Partition
        /// Bytes from the start of the partition.
        var range: Range<Int>
        /// For where there is no other one.
        var error: FlashkeepError
    }

    private let counts: Counts

    init(
        _ bag: IntactBag, _ board: any FlashBoard, _ writer: any FlashWriting, _ journal: RestoreJournal,
        counts: Counts, timestamp: @escaping @Sendable () -> String, progress: @escaping ProgressHandler
    ) {
        self.bag = bag
        self.board = board
        self.writer = writer
        self.journal = journal
        self.counts = counts
        self.timestamp = timestamp
        self.progress = progress
    }

    /// - Returns: where it stopped for a block that does not take its bytes, though others may have them; nil where all is
    ///   written.
    /// - Throws: `writeFailed` where a block does not take its bytes: nothing after it was touched. What the board
    ///   throws; `CancellationError`, never between the erase of a block and its write.
    func run(_ plan: RestorePlan) async throws -> FailingBlock? {
        let total = plan.parts.flatMap(\.blocks).map(\.size).saturatingSum()
        progress(.began(.writing, bytes: total))
        let counter = ProgressCounter(total: total, handler: progress)
        for part in plan.parts {
            let title = PlainText.partition(part.partition.index, part.partition.name)
            counter.tell(.item(title, bytes: part.blocks.map(\.size).saturatingSum()))
            try await checkLayout()
            if part.method.erasesPartition { try await eraseAll(part, title) }
            for block in part.blocks {
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

    /// Sees that the numbers of the board's partitions still stand for what the plan was made for.
    private func checkLayout() async throws {
        let changes = try await board.layoutChanges().filter { change in
            // What is new has no part in the plan.
            if case .appeared = change { false } else { true }
        }
        guard let change = changes.first else { return }
        throw FlashkeepError(
            .layoutChanged, what: "The board's flash was partitioned anew since it was compared.",
            why: "Since then, \(change.text).",
            next: "Nothing was written after that. Run the same command again and look at the new plan.")
    }

    /// Erases a block that does not take its bytes, and tells whether UBI will leave it alone: with headers of what was
    /// half written, or of what it held before, it would be taken for another copy of a block that lies elsewhere.
    private func isOut(_ range: Range<Int>, of partition: Partition) async throws -> Bool {
        do {
            try await writer.erase(range, of: partition)
        } catch let error as FlashkeepError where error.code == .writeFailed {
            // What is there now decides.
        }
        let head = range.lowerBound..<range.lowerBound + min(range.count, max(partition.pageSize, 2_048))
        return UBIEraseCounterHeader(try await board.chunk(head, of: partition).bytes[...]) == nil
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
        nonisolated(unsafe) let executor = self
        try await Task { try await unsafe executor.writer.eraseAll(part.partition) }.value
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
        var failure = ""
        for attempt in 0..<(isErasedAlready ? 1 : Self.attempts) {
            // What does not reach the board says nothing of its flash, and nothing is erased for it.
            if isStaged { try await writer.stage(bytes) }
            if attempt == 0, !isErasedAlready {
                try journal.append(RestoreEntry(.began, at: timestamp(), partition: title, block: entry))
            }
            do {
                try await put(bytes, block, part, isBlank: isBlank, mustErase: block.isErased || attempt > 0)
            } catch let error as FlashkeepError where error.code == .writeFailed {
                failure = "\(error.what) \(error.why)"
            }
            if try await holds(bytes, block.range, of: part.partition) {
                try journal.append(RestoreEntry(.done, at: timestamp(), partition: title, block: entry))
                counts.blocks += 1
                counts.places.insert(entry)
                return
            }
        }
        throw FlashkeepError(
            .writeFailed, what: "\(title) does not take its bytes at \(ByteCount.hex(block.offset)).",
            why: failure.isEmpty ? "What was read back, twice, is not what was written." : failure,
            next: (isErasedAlready
                ? "All before this block is written and proven, all after it in this partition is erased. "
                : "All before this block is written and proven, nothing after it was touched. ")
                + "The block may be failing: run the same command once more; if it stays so, leave the board on and get help."
        )
    }

    private func put(
        _ bytes: [UInt8], _ block: RestorePlan.Block, _ part: RestorePlan.Part, isBlank: Bool, mustErase: Bool
    ) async throws {
        let isWritten = !isBlank || part.method.erasesItself
        if part.method.erasesItself {
            counts.erases += 1
        } else if mustErase {
            if !part.method.erasesPartition {
                counts.erases += 1
                try await writer.erase(block.range, of: part.partition)
            }
            guard try await holds([UInt8](repeating: 0xFF, count: block.size), block.range, of: part.partition) else {
                throw FlashkeepError(
                    .writeFailed, what: "The block is not blank after it was erased.",
                    why: "Nothing was written into it.",
                    next: "It may be failing.")
            }
        }
        guard isWritten else { return }
        try await writer.program(bytes, at: block.offset, of: part.partition)
        counts.bytes += bytes.count
    }

    /// Whether the flash holds just these bytes, and the ECC had nothing against them: by the board's own checksum where it
    /// has one, and else byte by byte.
    private func holds(_ bytes: [UInt8], _ range: Range<Int>, of partition: Partition) async throws -> Bool {
        guard let algorithm = board.checksumAlgorithms.first else {
            let chunk = try await board.chunk(range, of: partition)
            return chunk.bytes == bytes && !chunk.findings.contains(where: \.state.isDamage)
        }
        do {
            return try await board.checksum(algorithm, of: partition, ranges: [range])
                == StreamingChecksum.digest(of: bytes, algorithm)
        } catch let error as FlashkeepError where error.code == .unreadable {
            return false
        }
    }
}
