package import BackupBags
import FlashModel
import Synchronization
package import SystemPackage

/// Something that is wrong with a backup on disk.
package struct VerifyProblem: Sendable, Codable, Hashable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// A file is listed and not there.
        case missing
        /// A file is there and not listed.
        case extra
        /// A file has another checksum than listed.
        case changed
        /// A file has another size than the manifest says.
        case size
        /// A file could not be read, or is no plain file.
        case unreadable
        /// A list of files is broken or missing.
        case list
        /// The files together have another size or number than `bag-info.txt` says.
        case total
        /// `flashkeep.json` cannot be used, or contradicts the files.
        case manifest
    }

    package var kind: Kind
    /// Of the file, in the bag.
    package var path: String?
    /// What it should be, where that is one value.
    package var expected: String?
    /// What it is.
    package var actual: String?
    /// In words, one line.
    package var message: String

    package init(kind: Kind, path: String? = nil, expected: String? = nil, actual: String? = nil, message: String) {
        self.kind = kind
        self.path = path
        self.expected = expected
        self.actual = actual
        self.message = message
    }
}

/// What a verification found.
package struct VerifyReport: Sendable, Codable, Hashable {
    /// An image, and what it was checked against when it was made.
    package struct Image: Sendable, Codable, Hashable {
        package var path: String
        /// Bytes.
        package var size: Int
        /// As the manifest has it.
        package var sha256: String
        /// Whether the file still has that size and SHA-256.
        package var isIntact: Bool
        package var proof: Proof
    }

    /// Of this document.
    package var formatVersion = 1
    /// Where the backup lies, as given.
    package var bag: String
    /// Whether every file is as it was when the backup was made.
    package var ok: Bool
    /// What is wrong; empty if ``ok``.
    package var problems: [VerifyProblem]
    /// What is odd and does no harm, one line each.
    package var notes: [String]
    package var images: [Image]
    /// Files whose bytes were checked.
    package var filesChecked: Int
    /// Their bytes.
    package var bytesChecked: Int
    /// Whether the backup is whole and proven; nil where its manifest cannot be used.
    package var summary: Summary?
}

/// Checks that a backup is as it was when it was made, every byte of every file.
package enum Verify {
    /// Verifies a backup.
    ///
    /// - Throws: `notABag`, `bagIncomplete`, `bagUnsafePath`, `fileUnavailable` where it cannot be looked at at all, and
    ///   `CancellationError`. Everything else that is wrong is in the report.
    package static func run(
        bag path: FilePath, progress: @escaping ProgressHandler = { _ in }
    ) async throws -> VerifyReport {
        let bag = try BagReader.open(path, tolerant: true)
        let files = try bag.files()
        var problems = bag.problems.map { VerifyProblem(kind: .list, message: $0) }
        var notes: [String] = []

        let found = Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let listed = bag.payload + bag.tags
        problems += unlisted(bag)
        problems += missing(listed, found)
        problems += extra(files, listed: Set(listed.map(\.path)), notes: &notes)
        problems += total(bag.info, files)

        let jobs = listed.compactMap { entry in found[entry.path].map { Job(entry: entry, file: $0) } }
            .filter { $0.file.kind == .file }
            .sorted { $0.file.size > $1.file.size }
        let digests = try await digests(of: jobs, in: bag, progress: progress)
        for job in jobs {
            switch digests[job.entry.path] {
            case .digest(let actual) where actual != job.entry.sha256:
                problems.append(
                    VerifyProblem(
                        kind: .changed, path: job.entry.path, expected: job.entry.sha256, actual: actual,
                        message: "\(PlainText.line(job.entry.path)) was changed: its SHA-256 is another"))
            case .failed(let error):
                problems.append(
                    VerifyProblem(
                        kind: .unreadable, path: job.entry.path,
                        message: "\(PlainText.line(job.entry.path)) cannot be read: \(error.why)"))
            case .digest, nil: break
            }
        }

        var images: [VerifyReport.Image] = []
        var summary: Summary?
        do {
            let manifest = try Manifest.decode(try bag.manifestBytes())
            summary = Summary(of: manifest)
            images = manifest.images.map { image in
                let isSame: Bool = if case .digest(image.sha256) = digests[image.path] { true } else { false }
                return VerifyReport.Image(
                    path: image.path, size: image.size, sha256: image.sha256,
                    isIntact: isSame && found[image.path]?.size == image.size, proof: image.proof)
            }
            problems += contradictions(manifest, found, digests, told: Set(problems.compactMap(\.path)))
        } catch let error as FlashkeepError where error.code == .manifestInvalid || error.code == .manifestTooNew {
            // That it is not there was said already.
            if !problems.contains(where: { $0.kind == .missing && $0.path == Manifest.path }) {
                problems.append(
                    VerifyProblem(kind: .manifest, path: Manifest.path, message: "\(error.what): \(error.why)"))
            }
        } catch let error as FlashkeepError where error.code == .bagDamaged {
            problems.append(VerifyProblem(kind: .manifest, path: Manifest.path, message: error.why))
        }
        return VerifyReport(
            bag: path.string, ok: problems.isEmpty, problems: problems, notes: notes, images: images,
            filesChecked: jobs.count, bytesChecked: jobs.map(\.file.size).saturatingSum(), summary: summary)
    }

    // MARK: Lists against files

    private static func missing(_ listed: [BagEntry], _ found: [String: BagFile]) -> [VerifyProblem] {
        listed.filter { found[$0.path] == nil }.map { entry in
            VerifyProblem(
                kind: .missing, path: entry.path, expected: entry.sha256,
                message: "\(PlainText.line(entry.path)) is missing")
        }
    }

    /// Without these in its list anybody could change what the backup says of itself, and how it is put back.
    private static func unlisted(_ bag: BagReader) -> [VerifyProblem] {
        let listed = Set(bag.tags.map(\.path))
        return BagLayout.ownTags.filter { !listed.contains($0) }.map { name in
            VerifyProblem(
                kind: .list, path: name,
                message: "\(BagLayout.tagManifest) does not list \(name), which could have been changed")
        }
    }

    private static func extra(_ files: [BagFile], listed: Set<String>, notes: inout [String]) -> [VerifyProblem] {
        var problems: [VerifyProblem] = []
        for file in files {
            let shown = PlainText.line(file.path)
            if file.kind != .file {
                let what = file.kind == .symbolicLink ? "a symbolic link" : "no plain file"
                problems.append(
                    VerifyProblem(kind: .unreadable, path: file.path, message: "\(shown) is \(what), and not read"))
            } else if !listed.contains(file.path), file.path != BagLayout.tagManifest,
                !BagLayout.ownTags.contains(file.path)
            {
                // What is not payload may be added to a bag (RFC 8493 section 2.2.4); the owner's notes, for example.
                if file.path.hasPrefix("data/") {
                    problems.append(
                        VerifyProblem(
                            kind: .extra, path: file.path, message: "\(shown) is there, and in no list of the backup"))
                } else {
                    notes.append("\(shown) is no part of the backup, and was not checked")
                }
            }
        }
        return problems
    }

    /// `Payload-Oxum` (RFC 8493 section 2.2.2): bytes, a dot, files.
    private static func total(_ info: [BagInfoField], _ files: [BagFile]) -> [VerifyProblem] {
        guard let field = info.first(where: { $0.label == "Payload-Oxum" }) else { return [] }
        let payload = files.filter { $0.path.hasPrefix("data/") }
        let actual = "\(payload.map(\.size).saturatingSum()).\(payload.count)"
        guard field.value != actual else { return [] }
        return [
            VerifyProblem(
                kind: .total, path: BagLayout.bagInfo, expected: PlainText.line(field.value), actual: actual,
                message:
                    "\(BagLayout.bagInfo) has a Payload-Oxum of \(PlainText.line(field.value)) (bytes.files below data/), and there are \(actual)"
            )
        ]
    }

    // MARK: Bytes

    private struct Job: Sendable {
        var entry: BagEntry
        var file: BagFile
    }

    private enum Outcome: Sendable {
        case digest(String)
        case failed(FlashkeepError)
    }

    private static func digests(
        of jobs: [Job], in bag: BagReader, progress: @escaping ProgressHandler
    ) async throws -> [String: Outcome] {
        let total = jobs.map(\.file.size).saturatingSum()
        progress(.began(.checking, bytes: total))
        let counter = ProgressCounter(total: total, handler: progress)
        let results = Results()
        try await FileWorkers.run(jobs) { job, ticket, buffer in
            counter.tell(.item(PlainText.line(job.entry.path), bytes: job.file.size))
            do {
                let file = try bag.file(job.entry.path)
                var hash = StreamingChecksum(.sha256)
                // To its end, not to the size that it had: it may be growing.
                var place = 0
                while true {
                    try ticket.check()
                    let got = try file.read(into: &buffer, count: buffer.count, at: place)
                    if got == 0 { break }
                    hash.update(buffer[0..<got])
                    place += got
                    counter.add(got)
                }
                results.put(.digest(hash.finalize().hex), for: job.entry.path)
            } catch let error as FlashkeepError {
                results.put(.failed(error), for: job.entry.path)
            }
        }
        progress(.ended(.checking))
        return results.all
    }

    private final class Results: Sendable {
        private let outcomes = Mutex<[String: Outcome]>([:])

        var all: [String: Outcome] { outcomes.withLock { $0 } }

        func put(_ outcome: Outcome, for path: String) {
            outcomes.withLock { $0[path] = outcome }
        }
    }

    // MARK: Manifest against files

    /// - Parameter told: files of which a problem was told already, as their list has it.
    private static func contradictions(
        _ manifest: Manifest, _ found: [String: BagFile], _ digests: [String: Outcome], told: Set<String>
    ) -> [VerifyProblem] {
        var problems: [VerifyProblem] = []
        for image in manifest.images {
            let isTold = told.contains(image.path)
            let shown = PlainText.line(image.path)
            guard let file = found[image.path] else {
                if isTold { continue }
                problems.append(
                    VerifyProblem(
                        kind: .manifest, path: image.path,
                        message: "\(Manifest.path) names \(shown), which is not there"))
                continue
            }
            if file.size != image.size {
                problems.append(
                    VerifyProblem(
                        kind: .size, path: image.path, expected: "\(image.size)", actual: "\(file.size)",
                        message: "\(shown) has \(file.size) bytes, and should have \(image.size)"))
            }
            if !isTold, case .digest(let actual) = digests[image.path], actual != image.sha256 {
                problems.append(
                    VerifyProblem(
                        kind: .manifest, path: image.path, expected: image.sha256, actual: actual,
                        message: "\(shown) has another SHA-256 than \(Manifest.path) says"))
            }
        }
        let named = Set(manifest.images.map(\.path))
        for path in found.keys.sorted()
        where path.hasPrefix(BagLayout.images + "/") && !named.contains(path) && !told.contains(path) {
            problems.append(
                VerifyProblem(
                    kind: .manifest, path: path,
                    message: "\(PlainText.line(path)) is an image, and \(Manifest.path) does not name it"))
        }
        return problems
    }
}
