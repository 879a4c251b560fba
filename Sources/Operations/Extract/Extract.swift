import BackupBags
package import FlashModel
package import LocalFiles
import Synchronization
package import SystemPackage

/// Extracts every partition of a backup to a file of its own, including partitions within others.
package enum Extract {
    /// Extracts a backup.
    ///
    /// - Parameters:
    ///   - path: the backup.
    ///   - folder: created if it does not exist; its parent folder must exist. Files of an earlier run are kept if they
    ///     have the backup's bytes.
    /// - Throws: `targetExists` if another file has the name of one of the files, before anything is written; errors
    ///   of ``BagReader/open(_:tolerant:disk:)`` and ``BagReader/manifest()``; `diskFull`; `CancellationError`. If an
    ///   image was changed since the backup, that is in the report, and its partitions have no files.
    package static func run(
        bag path: FilePath, to folder: FilePath, disk: Disk = Disk(),
        progress: @escaping ProgressHandler = { _ in }
    ) async throws -> ExtractReport {
        let bag = try BagReader.open(path)
        guard !folder.isWithin(path) else {
            throw FlashkeepError(
                .usage, what: "The files cannot be put into the backup itself.",
                why: "Files that are not in its lists would make it a damaged backup.", next: "Use a folder elsewhere.")
        }
        let manifest = try bag.manifest()
        let output = try OutputFolder(folder, disk: disk)
        let plan = try await jobs(manifest, of: bag, to: output, progress)
        let total = plan.map { $0.image.size.multipliedReportingOverflow(by: $0.passes.count) }
            .map { $0.overflow ? Int.max : $0.partialValue }.saturatingSum()
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

    private struct Job: Sendable {
        var image: ImageRecord
        var pieces: [ExtractedPiece]
        /// The names of the files that an earlier run made.
        var existing: Set<String>
        /// The pieces to write, in groups for one pass over the image each. There is one pass at least, which checks
        /// the image.
        var passes: [[ExtractedPiece]]
    }

    /// The maximum number of files that are open at once.
    private static let openFiles = 128

    private static func jobs(
        _ manifest: Manifest, of bag: BagReader, to output: OutputFolder, _ progress: @escaping ProgressHandler
    ) async throws -> [Job] {
        let images = manifest.images.map { image in
            let pieces = manifest.partitions.compactMap { partition -> ExtractedPiece? in
                guard let view = manifest.view(of: partition), view.image.path == image.path, !view.range.isEmpty
                else { return nil }
                let plain = ImageName.file(partition.label, name: partition.name)
                // A programmer must not mistake pages with OOB for plain data.
                let name = image.representation == .dataWithOOB ? "oob-" + plain : plain
                return ExtractedPiece(index: partition.index, name: name, range: view.range)
            }
            return (image: image, pieces: pieces)
        }.filter { !$0.pieces.isEmpty }.sorted { $0.image.size > $1.image.size }
        let existing = try await ExistingPieces.find(
            images.map { ($0.image.path, $0.pieces) }, of: bag, in: output, progress)
        let limit = max(2, openFiles / FileWorkers.processors)
        return images.map { image, pieces in
            let groups = pieces.filter { !existing.contains($0.name) }.grouped(openingAtMost: limit)
            return Job(image: image, pieces: pieces, existing: existing, passes: groups.isEmpty ? [[]] : groups)
        }
    }

    /// Extracts the partitions of one image, and verifies the image in each pass.
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
        let pieces = job.passes.flatMap(\.self)
        do {
            for pass in job.passes {
                var hash = StreamingChecksum(.sha256)
                var writer = PieceWriter(pass, of: source, to: output)
                try source.stream(0..<job.image.size, buffer: &buffer) { offset, bytes in
                    try ticket.check()
                    hash.update(bytes)
                    try writer.take(bytes, at: offset)
                    counter.add(bytes.count)
                }
                guard hash.finalize().hex == job.image.sha256 else {
                    for piece in pieces { try output.giveUp(piece.name) }
                    return "its image was changed since the backup was made (its SHA-256 differs)"
                }
            }
            for piece in pieces { try output.finish(piece.name) }
            return nil
        } catch {
            for piece in pieces { try? output.giveUp(piece.name) }
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
            item.wasThere = job.existing.contains(piece.name)
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
