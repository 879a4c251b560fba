import BackupBags
package import FlashModel
import LocalFiles
import Synchronization
package import SystemPackage

/// A partition of a backup, and the file extracted from it.
package struct ExtractedPartition: Sendable, Codable, Hashable, PartitionLabelled {
    /// The number of the partition.
    package var index: Int
    /// What the number counts; nil is ``Partition/Numbering/mtd``.
    package var numbering: Partition.Numbering?
    package var name: String
    /// The name of the file in the folder; nil if there is none.
    package var file: String?
    /// The size of the file in bytes.
    package var size: Int
    /// Why there is no file; nil if there is one.
    package var reason: String?
    /// The blocks that are not simply good, with offsets in bytes from the start of the file.
    package var blocks: [BlockFinding]
    /// Descriptions of the blocks whose bytes may differ from what the flash held; empty if there are none.
    package var damage: [String]
}

/// The result of an extraction.
package struct ExtractReport: Sendable, Codable, Hashable {
    /// The version of this document's format.
    package var formatVersion = 1
    /// The output folder.
    package var folder: String
    /// Whether every partition with bytes in the backup was extracted from an intact image.
    package var ok: Bool
    /// Whether the backup has all that was asked for when it was made: nothing of that is missing or unread.
    package var isWhole: Bool
    package var partitions: [ExtractedPartition]
}

/// Extracts every partition of a backup to a file of its own, including partitions within others.
package enum Extract {
    /// Extracts a backup.
    ///
    /// - Parameters:
    ///   - path: the backup.
    ///   - folder: created if it does not exist; its parent folder must exist.
    /// - Throws: `targetExists` if one of the files exists already, before anything is written; errors of
    ///   ``BagReader/open(_:tolerant:disk:)`` and ``BagReader/manifest()``; `diskFull`; `CancellationError`. If an
    ///   image was changed since the backup, that is in the report, and its partitions have no files.
    package static func run(
        bag path: FilePath, to folder: FilePath, progress: @escaping ProgressHandler = { _ in }
    ) async throws -> ExtractReport {
        let bag = try BagReader.open(path)
        guard !folder.lexicallyNormalized().starts(with: path.lexicallyNormalized()) else {
            throw FlashkeepError(
                .usage, what: "The files cannot be put into the backup itself.",
                why: "Files that are not in its lists would make it a damaged backup.", next: "Use a folder elsewhere.")
        }
        let manifest = try bag.manifest()
        let plan = manifest.images.map { image in
            Job(
                image: image,
                pieces: manifest.partitions.compactMap { partition in
                    guard let view = manifest.view(of: partition), view.image.path == image.path, !view.range.isEmpty
                    else { return nil }
                    let plain = ImageName.file(partition.label, name: partition.name)
                    // A programmer must not mistake pages with OOB for plain data.
                    let name = image.representation == .dataWithOOB ? "oob-" + plain : plain
                    return Piece(index: partition.index, name: name, range: view.range)
                })
        }.filter { !$0.pieces.isEmpty }.sorted { $0.image.size > $1.image.size }

        let output = try OutputFolder(folder)
        try output.refuseExisting(plan.flatMap { $0.pieces.map(\.name) })
        let total = plan.map(\.image.size).saturatingSum()
        progress(.began(.extracting, bytes: total))
        let counter = ProgressCounter(total: total, handler: progress)
        let failures = Failures()
        try await FileWorkers.run(plan) { job, ticket, buffer in
            counter.tell(.item(PlainText.line(job.image.path), bytes: job.image.size))
            if let reason = try extract(job, from: bag, to: output, ticket, counter, &buffer) {
                counter.tell(.warning("\(PlainText.line(job.image.path)): \(reason)"))
                failures.put(reason, for: job.image.path)
            }
        }
        try output.sync()
        progress(.ended(.extracting))
        return report(manifest, plan, failures.all, folder)
    }

    private struct Piece: Sendable {
        var index: Int
        var name: String
        /// In bytes from the start of the image.
        var range: Range<Int>
    }

    private struct Job: Sendable {
        var image: ImageRecord
        var pieces: [Piece]
    }

    /// Extracts the partitions of one image, and verifies the image in the same pass.
    ///
    /// - Returns: why its partitions cannot be extracted, in which case they have no files; nil if they were.
    private static func extract(
        _ job: Job, from bag: BagReader, to output: OutputFolder, _ ticket: FileWorkers.Ticket,
        _ counter: ProgressCounter, _ buffer: inout [UInt8]
    ) throws -> String? {
        let source: OpenFile
        do {
            source = try bag.file(job.image.path)
        } catch let error as FlashkeepError where error.code == .fileUnavailable {
            return "its image cannot be read: \(error.why)"
        }
        guard try source.size() == job.image.size else { return "its image has the wrong size" }
        var outputs: [(piece: Piece, file: OpenFile, isDone: Bool)] = []
        do {
            for piece in job.pieces {
                let file = try output.begin(piece.name)
                // If the file system can share the bytes, they take no additional space.
                let isDone = output.share(source, piece.range, with: file)
                outputs.append((piece, file, isDone))
            }
            var hash = StreamingChecksum(.sha256)
            try source.stream(0..<job.image.size, buffer: &buffer) { offset, bytes in
                try ticket.check()
                hash.update(bytes)
                for entry in outputs where !entry.isDone {
                    let part = entry.piece.range.clamped(to: offset..<(offset + bytes.count))
                    if part.isEmpty { continue }
                    let slice = bytes[(part.lowerBound - offset)..<(part.upperBound - offset)]
                    try entry.file.write(slice, count: slice.count, at: part.lowerBound - entry.piece.range.lowerBound)
                }
                counter.add(bytes.count)
            }
            guard hash.finalize().hex == job.image.sha256 else {
                for piece in job.pieces { try output.giveUp(piece.name) }
                return "its image was changed since the backup was made (its SHA-256 differs)"
            }
            for entry in outputs {
                try entry.file.sync()
                try output.finish(entry.piece.name)
            }
            return nil
        } catch {
            for piece in job.pieces { try? output.giveUp(piece.name) }
            throw error
        }
    }

    private static func report(
        _ manifest: Manifest, _ plan: [Job], _ failures: [String: String], _ folder: FilePath
    ) -> ExtractReport {
        let files = Dictionary(
            plan.flatMap { job in job.pieces.map { ($0.index, (job, $0)) } }, uniquingKeysWith: { first, _ in first })
        let partitions = manifest.partitions.map { partition in
            var item = ExtractedPartition(
                index: partition.index, numbering: partition.numbering, name: partition.name, size: partition.size,
                blocks: [], damage: [])
            guard let (job, piece) = files[partition.index] else {
                item.reason =
                    partition.size == 0
                    ? "it has no bytes" : PlainText.line(partition.reason ?? "the backup has no bytes of it")
                return item
            }
            if let failure = failures[job.image.path] {
                item.reason = failure
                return item
            }
            item.file = piece.name
            item.size = piece.range.count
            item.blocks = manifest.findings(of: partition).coalesced()
            item.damage = item.blocks.filter(\.state.isDamage).map {
                "\(ByteCount.text($0.size)) at \(ByteCount.hex($0.offset)): \($0.state.rawValue)"
            }
            return item
        }
        return ExtractReport(
            folder: folder.string, ok: failures.isEmpty, isWhole: Summary(of: manifest).isComplete,
            partitions: partitions)
    }

    private final class Failures: Sendable {
        private let reasons = Mutex<[String: String]>([:])

        var all: [String: String] { reasons.withLock { $0 } }

        func put(_ reason: String, for path: String) {
            reasons.withLock { $0[path] = reason }
        }
    }
}
