import BackupBags
package import FlashModel
import ImageFormats
package import LocalFiles
import Synchronization
package import SystemPackage

/// Finds out what is inside the images of a backup, or inside any file.
package enum Inspect {
    /// Inspects a backup or a file.
    ///
    /// - Throws: errors of opening it, and of ``BagReader/open(_:tolerant:disk:)`` and ``BagReader/manifest()``;
    ///   `CancellationError`. An image of a backup that cannot be read is in the report.
    package static func run(
        _ path: FilePath, disk: Disk = Disk(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> InspectReport {
        let named = try disk.openNamed(path)
        guard named.isDirectory else {
            let size = try named.file.size()
            let counter = begin(size, progress)
            var image = InspectReport.Image(name: path.lastComponent?.string ?? path.string, size: size)
            let system = FoundTables.System(partitions: [], chipSize: size, eraseBlockSize: nil)
            try await fill(&image, FileSource(named.file, size: size), system, counter)
            progress(.ended(.inspecting))
            return InspectReport(source: path.string, images: [image], skipped: [])
        }
        let bag = try BagReader.open(path, disk: disk)
        let manifest = try bag.manifest()
        let counter = begin(manifest.images.map(\.size).saturatingSum(), progress)
        var report = InspectReport(source: path.string, images: [], skipped: [])
        for record in manifest.images {
            counter.tell(.item(PlainText.line(record.path), bytes: record.size))
            if let reason = try await add(record, of: manifest, bag, counter, to: &report) {
                report.skipped.append(InspectReport.Skipped(name: record.path, reason: reason))
            }
        }
        progress(.ended(.inspecting))
        return report
    }

    private static func begin(_ bytes: Int, _ progress: @escaping ProgressHandler) -> ProgressCounter {
        progress(.began(.inspecting, bytes: bytes))
        return ProgressCounter(total: bytes, handler: progress)
    }

    /// Adds an image of a backup.
    ///
    /// - Returns: why it cannot be inspected; nil if it was.
    private static func add(
        _ record: ImageRecord, of manifest: Manifest, _ bag: BagReader, _ counter: ProgressCounter,
        to report: inout InspectReport
    ) async throws -> String? {
        guard record.representation == .data else {
            return "its pages are mixed with their OOB bytes, which would break every format that is longer than a page"
        }
        let file: OpenFile
        do {
            file = try bag.file(record.path)
        } catch let error as FlashkeepError where error.code == .fileUnavailable {
            return "it cannot be read: \(error.why)"
        }
        guard try file.size() == record.size else { return "its size is not the one in the manifest" }
        var image = InspectReport.Image(name: record.path, size: record.size)
        image.chip = record.chip
        image.offset = record.offset
        image.partitions = manifest.partitions.compactMap { partition in
            guard let view = manifest.view(of: partition), view.image.path == record.path else { return nil }
            return InspectReport.Partition(
                label: partition.label, name: partition.name, offset: view.range.lowerBound, size: view.range.count,
                role: partition.role)
        }.sorted { ($0.offset, $1.size) < ($1.offset, $0.size) }
        let system = FoundTables.System(manifest, chip: record.chip)
        try await fill(&image, FileSource(file, size: record.size), system, counter)
        report.images.append(image)
        return nil
    }

    // MARK: One image

    /// The most threads that unpack: each keeps what it unpacked in memory.
    private static let unpackingThreads = 2

    private static func fill(
        _ image: inout InspectReport.Image, _ source: FileSource, _ system: FoundTables.System,
        _ counter: ProgressCounter
    ) async throws {
        let inspector = ImageInspector()
        let scans = try await results(Array(0..<ChunkScanner.count(size: source.size))) { index, buffer in
            let scan = try inspector.scan(index, of: source, buffer: &buffer)
            counter.add(min(ChunkScanner.chunkSize, source.size - index * ChunkScanner.chunkSize))
            return scan
        }
        let examined = try await results(inspector.jobs(scans)) { job, _ in try inspector.examine(job, of: source) }
        var map = try inspector.map(scans, examined, of: source)
        let paths = inspector.partOwners(in: &map)
        let whole = map
        let contents = try await results(paths, threads: unpackingThreads) { path, _ in
            try inspector.contents(of: path, in: whole, source: source)
        }
        for (path, content) in zip(paths, contents) { map.setContents(content, at: path) }
        image.fill(map)
        image.tables = FoundTables.tables(in: map.findings, system)
    }

    /// Runs jobs on several threads, and returns their results in the order of the jobs.
    private static func results<Job: Sendable, Result: Sendable>(
        _ jobs: [Job], threads: Int = FileWorkers.processors,
        body: @escaping @Sendable (Job, inout [UInt8]) throws -> Result
    ) async throws -> [Result] {
        let done = Results<Result>(jobs.count)
        try await FileWorkers.run(Array(jobs.enumerated()), threads: threads) { job, ticket, buffer in
            try ticket.check()
            done.put(try body(job.element, &buffer), at: job.offset)
        }
        return done.all
    }

    private final class Results<Result: Sendable>: Sendable {
        private let values: Mutex<[Result?]>

        init(_ count: Int) { values = Mutex([Result?](repeating: nil, count: count)) }

        func put(_ value: Result, at index: Int) { values.withLock { $0[index] = value } }

        var all: [Result] { values.withLock { $0.compactMap(\.self) } }
    }
}
